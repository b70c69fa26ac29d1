"""A registry that others use: MLflow's server on PostgreSQL, artifacts in S3, and who may move what there."""
