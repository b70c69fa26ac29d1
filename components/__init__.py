"""Kubeflow components: one file each, an import and one call."""

IMAGE = "slipway-python"
"""Stands for the project's image in compiled pipelines; holds the package, the systems and kfp."""
