"""A task that slipway does not have: this folder is all that it takes."""
