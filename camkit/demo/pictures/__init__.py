"""The demo's pictures, drawn with Pillow: portraits, snapshots and previews. Same input, same bytes."""
