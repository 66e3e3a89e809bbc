"""The demo world: who works there, its doors, its badge log and the truth behind it. No input or output."""
