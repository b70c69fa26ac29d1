"""What every other room stands on: errors, whole files or none, documents, provenance."""
