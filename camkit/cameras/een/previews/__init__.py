"""The download of different preview frames."""
