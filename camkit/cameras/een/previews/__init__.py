"""The download of different preview frames, of one camera or of many."""

from camkit.cameras.een.previews.download import download_previews
from camkit.cameras.een.previews.fleet import FleetRun, download_fleet
from camkit.cameras.een.previews.run import DownloadRun

__all__ = ["DownloadRun", "FleetRun", "download_fleet", "download_previews"]
