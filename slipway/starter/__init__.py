"""A first design card, suite and features from a look at a user's own table."""
