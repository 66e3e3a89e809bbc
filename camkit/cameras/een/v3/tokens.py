"""The tokens of a login to API v3, and where they are kept between notebooks.

A refresh token is good for one renewal, and the pair before it stops working at once. So what is kept is read, renewed
and written by one at a time, whether greenlet, thread or process, and a new pair is on the disk before it is used.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import gevent
import keyring
import platformdirs
from keyring.backends.fail import Keyring as NoKeyring
from keyring.backends.null import Keyring as NullKeyring
from keyring.errors import PasswordDeleteError
from pydantic import SecretStr

from camkit.errors import LoginRefused, OutputError
from camkit.http import NotPickled
from camkit.support.files import make_folder, open_regular, remove_leftovers, sync, write_whole
from camkit.support.greenlet_lock import GreenletLock
from camkit.support.locks import CAN_LOCK, take

T = TypeVar("T")

SERVICE = "camkit"
LONGEST_TOKEN = 16 * 1024
LONGEST_BYTES = 8 * LONGEST_TOKEN
"""More than two tokens take as JSON, whatever is in them."""

LOCK_S = 60.0
"""How long to wait for another process that is renewing the login, seconds."""

KEYRING_S, SAVING_S = 30.0, 5.0
"""How long a keyring may take, which may ask a person to unlock it; less when saving, since Ctrl-C waits for that."""


@dataclass(frozen=True)
class Tokens(NotPickled):
    """What a login gave.

    Attributes
    ----------
    access, refresh : pydantic.SecretStr
        `refresh` is None for a public client, whose login cannot be renewed.
    expires_at : float
        When `access` is to be renewed, shortly before it ends by this machine's clock, seconds since 1970.
    api_url : str
        Scheme and host of the account's API.

    Raises
    ------
    ValueError
        If one could not be sent or read again: what is accepted is what can be kept.
    """

    access: SecretStr
    refresh: SecretStr | None
    expires_at: float
    api_url: str

    def __post_init__(self) -> None:
        refresh = "-" if self.refresh is None else self.refresh.get_secret_value()
        for text, characters in (
            (self.access.get_secret_value(), "[!-~]"),
            (refresh, "[ -~]"),  # RFC 6749, A.17
            (self.api_url, "[!-~]"),
        ):
            if not isinstance(text, str) or not re.fullmatch(f"{characters}{{1,{LONGEST_TOKEN}}}", text):
                raise ValueError("a token that cannot be sent or kept")

    def is_fresh(self) -> bool:
        """Whether the access token holds for a while."""
        return time.time() < self.expires_at

    def written(self) -> str:
        """Write them down as text, secrets revealed."""
        refresh = self.refresh.get_secret_value() if self.refresh else None
        return json.dumps([self.access.get_secret_value(), refresh, self.expires_at, self.api_url])

    @classmethod
    def from_text(cls, text: str) -> Tokens | None:
        """Read what `written` wrote; None if it is something else."""
        try:
            access, refresh, expires_at, api_url = json.loads(text)
            expires_at = float(expires_at)
            urlsplit(api_url).port  # noqa: B018 - it is read for its error
            return cls(
                SecretStr(access), None if refresh is None else SecretStr(refresh), expires_at, api_url
            )
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
            return None


class TokenStore(Protocol):
    """Where the tokens of one login are kept; whoever reads, renews and writes them holds `lock`."""

    def load(self) -> Tokens | None:
        """Read what is kept; None if there is nothing."""
        ...

    def save(self, tokens: Tokens) -> None:
        """Keep them, durably, instead of the ones before."""
        ...

    def forget(self) -> None:
        """Remove them."""
        ...

    def lock(self) -> AbstractContextManager[object]:
        """Wait until nobody else holds it, and hold it while the block runs."""
        ...


class TokensInMemory(NotPickled):
    """Tokens that end with the process, such as those of the demo site; a copy does not have any."""

    def __init__(self) -> None:
        self._tokens: Tokens | None = None
        self._lock = GreenletLock()

    def __reduce_ex__(self, _protocol: object) -> Any:
        return TokensInMemory, ()

    def load(self) -> Tokens | None:
        """Return what is kept."""
        return self._tokens

    def save(self, tokens: Tokens) -> None:
        """Keep them."""
        self._tokens = tokens

    def forget(self) -> None:
        """Remove them."""
        self._tokens = None

    def lock(self) -> AbstractContextManager[object]:
        """Hold it while the block runs."""
        return self._lock


class TokensKept(NotPickled):
    """Tokens in the system's keyring or, where there is none, in a file that only its owner can read.

    Where there is a file, it is the place for every process until it is removed: one that runs over ssh may have no
    keyring, and would lose the login to one that has.

    Parameters
    ----------
    login : str
        Which login they are of, such as the host and the application.
    folder : pathlib.Path, optional
        By default the user's folder for the state of programs.
    """

    def __init__(self, login: str, folder: Path | None = None) -> None:
        name = hashlib.sha256(login.encode()).hexdigest()[:16]
        self._folder = folder or Path(platformdirs.user_state_path(SERVICE))
        self._entry = f"een-{name}"
        self._file = self._folder / f"{self._entry}.json"
        self._lock_file = self._folder / f"{self._entry}.lock"

    def load(self) -> Tokens | None:
        """Read what is kept; None if there is nothing, or not what camkit wrote.

        Raises
        ------
        LoginRefused
            If the file can be read or written by others, is not a file, or the keyring is locked.
        """
        text = self._read_file()
        if text is None:
            try:
                text = _aside(self._read_keyring, KEYRING_S)
            except Exception as error:  # noqa: BLE001 - each system's keyring has its own
                raise LoginRefused(
                    f"The login that is kept in the keyring cannot be read ({type(error).__name__}). Unlock the "
                    "keyring and run the cell again; or run site.een.login(again=True), which keeps it in a file "
                    "instead.",
                    transient=True,
                ) from None
        return Tokens.from_text(text) if text else None

    def save(self, tokens: Tokens) -> None:
        """Keep them: in the file where there is one, else in the keyring, else in a file; whole and on the disk.

        Raises
        ------
        OutputError
            If neither takes them.
        """
        if not os.path.lexists(self._file):
            try:
                if _aside(lambda: self._write_keyring(tokens), SAVING_S):
                    return
            except Exception:  # noqa: BLE001, S110 - locked, or the tokens are too long; Windows' says it its own way
                pass
        self._make_folder()
        write_whole(self._file, tokens.written().encode())
        sync([self._file], [self._folder])
        remove_leftovers(self._folder, self._file.name)  # of a process that was killed; they hold tokens

    def forget(self) -> None:
        """Remove them from wherever they are."""
        self._file.unlink(missing_ok=True)
        remove_leftovers(self._folder, self._file.name)
        try:
            _aside(self._clear_keyring, KEYRING_S)
        except PasswordDeleteError:
            pass  # there were none
        except Exception:  # noqa: BLE001 - as in `load`
            raise OutputError(
                "The keyring does not let the login be removed. Unlock it and run the cell again."
            ) from None

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the lock of this login while the block runs; the system releases it when the process ends.

        Raises
        ------
        OutputError
            If another process holds it for longer than `LOCK_S`, or its file cannot be written.
        """
        if not CAN_LOCK:
            yield
            return
        self._make_folder()
        try:
            handle = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise OutputError(f"{self._lock_file} cannot be written: {error.strerror}.") from None
        try:
            self._await(handle)
            yield
        finally:
            os.close(handle)

    def _await(self, handle: int) -> None:
        until = time.monotonic() + LOCK_S
        while True:
            try:
                take(handle)
                return
            except BlockingIOError:
                pass
            except OSError as error:
                raise OutputError(f"{self._lock_file} cannot be locked: {error.strerror}.") from None
            if time.monotonic() > until:
                raise OutputError(
                    f"Another notebook or program has been renewing the login to Eagle Eye for {LOCK_S:.0f} s. Wait "
                    "for it or end it, and run the cell again."
                )
            gevent.sleep(0.02)

    def _read_keyring(self) -> str | None:
        return keyring.get_password(SERVICE, self._entry) if has_keyring() else None

    def _write_keyring(self, tokens: Tokens) -> bool:
        """Whether there is a keyring, which keeps them then."""
        if not has_keyring():
            return False
        keyring.set_password(SERVICE, self._entry, tokens.written())
        return True

    def _clear_keyring(self) -> None:
        if has_keyring():
            keyring.delete_password(SERVICE, self._entry)

    def _make_folder(self) -> None:
        make_folder(self._folder)
        about = self._folder.lstat()
        if not hasattr(os, "geteuid"):
            return
        if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid():
            raise LoginRefused(
                f"{self._folder}, where the login is kept, is a link or belongs to somebody else. Remove it, then log "
                "in again.",
                transient=True,
            )
        if about.st_mode & 0o077:
            raise LoginRefused(
                f"Others can look into {self._folder}, where the login is kept. Run: chmod 700 '{self._folder}'",
                transient=True,
            )

    def _read_file(self) -> str | None:
        """What is in the file; None if there is none."""
        if not os.path.lexists(self._file):
            return None
        try:
            with open_regular(self._file) as file:
                about = os.fstat(file.fileno())
                content = file.read(LONGEST_BYTES)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is not a plain file"
            raise LoginRefused(
                f"The login that is kept in {self._file} cannot be read: {why}. Remove the file, then log in again.",
                transient=True,
            ) from None
        if hasattr(os, "geteuid") and (about.st_uid != os.geteuid() or about.st_mode & 0o077):
            raise LoginRefused(
                f"The login in {self._file} is not yours alone: others could have put it there. Remove the file, then "
                "log in again.",
                transient=True,
            )
        return content.decode("utf-8", "replace")


def _aside(call: Callable[[], T], longest_s: float) -> T:
    """What a call returns that may block, such as a keyring that asks a person: in a thread, so that the rest goes on.

    Raises
    ------
    TimeoutError
        If it takes longer; it may end later.
    """
    results: list[T] = []
    errors: list[Exception] = []

    def work() -> None:
        try:
            results.append(call())
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    until = time.monotonic() + longest_s
    while thread.is_alive():
        if time.monotonic() > until:
            raise TimeoutError
        gevent.sleep(0.005)
    if errors:
        raise errors.pop()
    return results.pop()


def has_keyring() -> bool:
    """Whether the system has a keyring that keeps something."""
    backend = keyring.get_keyring()
    return backend.priority > 0 and not isinstance(backend, NoKeyring | NullKeyring)
