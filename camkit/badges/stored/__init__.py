"""Logs that are larger than memory, on Dask: the functions and results of `camkit.badges`, in parts."""

from camkit.badges.stored.log import StoredLog
from camkit.badges.stored.opening import open_log
from camkit.badges.stored.store import store_badges

__all__ = ["StoredLog", "open_log", "store_badges"]
