"""Data: ingest, check, split, and the versions of it that DVC keeps."""
