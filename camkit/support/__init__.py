"""One small thing each: whole files, JPEG checks, time zones, HTML, workers."""
