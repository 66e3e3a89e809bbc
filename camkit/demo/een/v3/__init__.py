"""Eagle Eye's API v3: OAuth pages, cameras and bridges, images, status events."""
