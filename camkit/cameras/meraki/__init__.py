"""Cisco Meraki, Dashboard API v1."""

from camkit.cameras.meraki.client import API_URL, Meraki

__all__ = ["API_URL", "Meraki"]
