"""Kubeflow pipelines: a table of contents, no logic."""
