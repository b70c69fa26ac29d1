"""Kubeflow components: one file each, an import and one call.

kfp compiles the source of the function alone, so imports stand inside of it. The image has every package, so
nothing is installed when a task starts.
"""

IMAGE = "slipway-python"
"""Stands for the project's image in compiled pipelines; holds the package, the systems and kfp."""
