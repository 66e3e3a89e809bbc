"""The Eagle Eye Networks side of the demo: its account of devices and the legacy API v1 over HTTP."""
