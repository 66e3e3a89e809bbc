"""Who attacks a case, with what, and what the kit says: one table."""
