"""What lies on this disk: what nothing needs any more, and where the rows of one unit are."""
