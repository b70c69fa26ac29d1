"""MLflow: runs, versions, aliases, decision records."""
