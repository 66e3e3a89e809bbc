"""What runs from the command line in a checkout; not part of the package."""
