"""Eagle Eye's API v3, with OAuth."""

from camkit.cameras.een.v3.client import EagleEyeV3
from camkit.cameras.een.v3.oauth import AUTH_URL, REDIRECT_URI
from camkit.cameras.een.v3.tokens import TokensInMemory

__all__ = ["AUTH_URL", "REDIRECT_URI", "EagleEyeV3", "TokensInMemory"]
