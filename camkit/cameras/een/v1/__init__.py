"""Eagle Eye's API v1, with user name and password."""

from camkit.cameras.een.v1.client import EagleEyeV1
from camkit.cameras.een.v1.login import LOGIN_URL

__all__ = ["LOGIN_URL", "EagleEyeV1"]
