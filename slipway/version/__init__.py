"""A model version: model, features, card and code as one folder that needs nobody."""
