"""What every other package builds on: errors, atomic files and folders, JSON documents, provenance."""
