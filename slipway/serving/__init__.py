"""The service: a version behind a typed API and the Open Inference Protocol."""
