"""What can go wrong, as a tree.

::

    CamkitError
    ├── SettingsError            credentials or addresses are missing, half set or malformed
    ├── InputError               a file or value the investigator brought cannot be used
    │   ├── BadgeFileError       … a badge export
    │   └── DoorsFileError       … the reader-to-camera map
    ├── TimestampError           a time without a zone where an aware one is needed
    ├── CaseError                a case folder cannot be used, or does not hold what is asked for
    ├── OutputError              something cannot be written (no space, no permission)
    ├── DemoSiteError            the built-in demo site did not start
    └── ServiceError             a vendor's service refused, failed or was not there
        ├── ServiceUnreachable   no connection: name, refused, TLS, proxy
        ├── DeadlineExceeded     it did not answer in time
        ├── LoginRefused         the credentials or the account were turned down
        ├── AccessDenied         signed in, but without the privilege for this
        ├── NotFound             there is no such camera, device or page
        ├── NoPicture            the camera is known and gave no picture for that moment
        ├── RateLimited          too many requests, even after waiting
        └── BadResponse          an answer that is not what the contract says

A missing picture among many is an outcome in a result, never an exception.
"""

from __future__ import annotations

from pathlib import Path


class CamkitError(Exception):
    """Base of everything camkit raises on purpose; in Jupyter it shows its sentence, not the code it came through."""

    def _render_traceback_(self) -> list[str]:
        """Tell IPython what to show (its hook for exceptions that know better)."""
        return [f"{type(self).__name__}: {self}"]


class SettingsError(CamkitError):
    """Credentials or addresses are missing, half set or malformed."""


class InputError(CamkitError):
    """A file or value the investigator brought cannot be used.

    Attributes
    ----------
    path : pathlib.Path or None
        The file concerned.
    line : int or None
        The line in it, counted from 1.
    """

    def __init__(self, message: str, *, path: str | Path | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.path = None if path is None else Path(path)
        self.line = line


class BadgeFileError(InputError):
    """A badge export cannot be used."""


class DoorsFileError(InputError):
    """The reader-to-camera map cannot be used."""


class TimestampError(CamkitError, ValueError):
    """A time without a zone was given where an aware one is needed."""


class CaseError(CamkitError):
    """A case folder cannot be used, or does not hold what is asked for."""


class OutputError(CamkitError):
    """Something cannot be written: no space, no permission, or something is in the way."""


class DemoSiteError(CamkitError):
    """The built-in demo site did not start."""


class ServiceError(CamkitError):
    """A vendor's service refused, failed or was not there.

    Attributes
    ----------
    url : str or None
        The address, without its query secrets.
    status : int or None
        The HTTP status; None when there was no answer.
    transient : bool
        Whether the same call may well succeed later.
    said : str
        The service's own words, shortened; empty when it said nothing readable.
    retry_after_s : float or None
        Seconds that the service asked to wait before the next call; None when it did not.
    """

    transient = False

    def __init__(
        self,
        message: str,
        *,
        url: str | None = None,
        status: int | None = None,
        transient: bool | None = None,
        said: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.url = url
        self.said = said
        self.status = status
        self.retry_after_s = retry_after_s
        if transient is not None:
            self.transient = transient


class ServiceUnreachable(ServiceError):
    """No connection came about: name, refusal, TLS or proxy."""

    transient = True


class DeadlineExceeded(ServiceError):
    """The service did not answer in time."""

    transient = True


class LoginRefused(ServiceError):
    """The credentials or the account were turned down."""


class AccessDenied(ServiceError):
    """Signed in, but without the privilege for this."""


class NotFound(ServiceError):
    """There is no such camera, picture or page."""


class NoPicture(ServiceError):
    """The camera is known and gave no picture for that moment: off, too recent, no longer kept."""


class RateLimited(ServiceError):
    """Too many requests, even after waiting as told."""

    transient = True


class BadResponse(ServiceError):
    """An answer that is not what the contract says."""

    transient = True
