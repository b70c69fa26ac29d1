"""The stages as plain Python: what a Kubeflow component calls, and what a test can call without Kubeflow."""
