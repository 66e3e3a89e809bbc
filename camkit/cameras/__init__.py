"""What the cameras saw."""
