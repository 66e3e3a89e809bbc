"""The Meraki side of the demo: its organization and the Dashboard API v1 over HTTP."""
