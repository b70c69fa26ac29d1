"""Measuring models on the holdout, and the gate."""
