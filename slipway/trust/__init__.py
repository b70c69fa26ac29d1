"""Who vouches for bytes, and what a process that runs somebody's code may know."""
