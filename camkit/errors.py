"""The exceptions of camkit, as a tree.

::

    CamkitError
    ├── SettingsError            credentials or addresses are missing, half set or malformed
    ├── InputError               a file or value that the investigator gave cannot be used
    │   ├── BadgeFileError       … a badge export
    │   └── DoorsFileError       … the reader-to-camera map
    ├── TimestampError           a time does not have a zone and needs one, or the zone is not known
    ├── CaseError                a case folder cannot be used, or does not have what was asked for
    ├── OutputError              something cannot be written (no space, no permission)
    ├── DemoSiteError            the built-in demo site did not start
    └── ServiceError             a vendor's service refused, failed or could not be reached
        ├── ServiceUnreachable   no connection: name, refusal, TLS or proxy
        ├── DeadlineExceeded     it did not answer in time
        ├── LoginRefused         the credentials or the account were rejected
        ├── AccessDenied         logged in, but without permission for this
        ├── NotFound             the camera, device or page does not exist
        ├── NoPicture            the camera is known but gave no picture for that moment
        ├── RateLimited          too many requests, even after waiting
        └── BadResponse          an answer that does not follow the service's documentation

A missing picture among many is recorded in the result and is never an exception. `Interrupted` is not an error, and a
KeyboardInterrupt: who catches errors goes on being interrupted.
"""

from __future__ import annotations

from pathlib import Path

from camkit.visible import visible


class CamkitError(Exception):
    """Base of everything camkit raises on purpose. Jupyter shows its message without a traceback."""

    def __str__(self) -> str:
        # Names of files, doors and people are in it, and a terminal obeys what is in them.
        return visible(super().__str__())

    def _render_traceback_(self) -> list[str]:
        """Give IPython the lines to show instead of a traceback (its own hook)."""
        return [f"{type(self).__name__}: {self}"]


class Interrupted(KeyboardInterrupt):
    """Somebody stopped the call. The message says what had come by then; Jupyter shows it without a traceback."""

    def __str__(self) -> str:
        return visible(super().__str__())

    def _render_traceback_(self) -> list[str]:
        return [f"Interrupted: {self}"]


class SettingsError(CamkitError):
    """Credentials or addresses are missing, half set or malformed."""


class InputError(CamkitError):
    """A file or value that the investigator gave cannot be used.

    Attributes
    ----------
    path : pathlib.Path or None
        The file.
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
    """A time does not have a zone and needs one, or the zone is not known."""


class CaseError(CamkitError):
    """A case folder cannot be used, or does not have what was asked for."""


class OutputError(CamkitError):
    """Something cannot be written: no space, no permission, or something is in the way."""


class InUse(OutputError):
    """Somebody else is writing there just now."""


class ClusterError(CamkitError):
    """A Dask cluster went away, or its workers ended, before the work was done."""


class DemoSiteError(CamkitError):
    """The built-in demo site did not start."""


class ServiceError(CamkitError):
    """A vendor's service refused, failed or could not be reached.

    Attributes
    ----------
    url : str or None
        The address, without secrets.
    status : int or None
        The HTTP status; None if there was no answer.
    transient : bool
        Whether the same call may succeed later.
    said : str
        The service's own words, shortened; empty if it sent nothing readable.
    retry_after_s : float or None
        Seconds that the service asked to wait before the next call; None if it did not.
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
    """There was no connection: name, refusal, TLS or proxy."""

    transient = True


class DeadlineExceeded(ServiceError):
    """The service did not answer in time."""

    transient = True


class LoginRefused(ServiceError):
    """The credentials or the account were rejected."""


class AccessDenied(ServiceError):
    """Logged in, but without permission for this."""


class NotFound(ServiceError):
    """The camera, device or page does not exist."""


class NoPicture(ServiceError):
    """The camera is known but gave no picture for that moment: off, too recent, no longer kept."""


class RateLimited(ServiceError):
    """Too many requests, even after waiting as asked."""

    transient = True


class BadResponse(ServiceError):
    """An answer that does not follow the service's documentation."""

    transient = True
