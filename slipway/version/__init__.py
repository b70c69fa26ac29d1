"""A model version: model, features, card and code in one folder, which runs without the project."""
