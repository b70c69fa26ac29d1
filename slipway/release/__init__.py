"""A version as a Bento, an image, and server processes of this machine."""
