"""A webhook is told of decisions: what is said, what waits, and how it is sent."""
