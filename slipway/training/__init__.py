"""Baseline and candidates; the best on validation goes on."""
