"""The decisions between DVC, Great Expectations, Kubeflow, MLflow, BentoML and KServe."""

__version__ = "0.1.0"
