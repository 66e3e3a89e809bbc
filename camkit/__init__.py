"""camkit: see who really came through the door."""

__version__ = "0.1.0"
