"""The download of different preview frames."""

from camkit.cameras.een.previews.download import download_previews
from camkit.cameras.een.previews.run import DownloadRun

__all__ = ["DownloadRun", "download_previews"]
