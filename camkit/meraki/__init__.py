"""Cisco Meraki, Dashboard API v1."""

from camkit.meraki.client import API_URL, Meraki

__all__ = ["API_URL", "Meraki"]
