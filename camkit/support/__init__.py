"""One small task per module: whole files, JPEG checks, time zones, HTML, workers."""
