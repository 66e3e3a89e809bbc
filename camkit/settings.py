"""Where to connect and with which secrets: from the environment, then from a ``.env`` file of the user's own."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Literal, NoReturn

from dotenv.parser import parse_stream
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from camkit.errors import SettingsError
from camkit.support.tracebacks import secrets_stay_inside

__all__ = ["Settings", "load_settings"]

CHECKOUT = Path(__file__).resolve().parents[1]
"""The folder that holds the Makefile, if this is a checkout."""

TOGETHER = (
    ("MERAKI_DASHBOARD_API_KEY", "MERAKI_BASE_URL"),
    (
        *("EEN_USERNAME", "EEN_PASSWORD", "EEN_API_KEY"),
        *("EEN_CLIENT_ID", "EEN_CLIENT_SECRET", "EEN_REDIRECT_URI", "EEN_BASE_URL"),
    ),
)
"""An address and the secrets that are sent to it: they come from one place."""


class Settings(BaseSettings):
    """What `load_settings` read from the environment variables named below."""

    model_config = SettingsConfigDict(
        extra="ignore", env_ignore_empty=True, hide_input_in_errors=True, case_sensitive=True
    )

    meraki_key: SecretStr | None = Field(None, validation_alias="MERAKI_DASHBOARD_API_KEY")
    meraki_base_url: str | None = Field(None, validation_alias="MERAKI_BASE_URL")
    een_username: str | None = Field(None, validation_alias="EEN_USERNAME")
    een_password: SecretStr | None = Field(None, validation_alias="EEN_PASSWORD")
    een_api_key: SecretStr | None = Field(None, validation_alias="EEN_API_KEY")
    een_client_id: str | None = Field(None, validation_alias="EEN_CLIENT_ID")
    een_client_secret: SecretStr | None = Field(None, validation_alias="EEN_CLIENT_SECRET")
    een_redirect_uri: str | None = Field(None, validation_alias="EEN_REDIRECT_URI")
    een_base_url: str | None = Field(None, validation_alias="EEN_BASE_URL")
    directory_url: str | None = Field(None, validation_alias="CAMKIT_DIRECTORY_URL")
    directory_file: Path | None = Field(None, validation_alias="CAMKIT_DIRECTORY")
    doors_file: Path | None = Field(None, validation_alias="CAMKIT_DOORS")
    demo: bool | Literal["v1", "v3"] = Field(False, validation_alias="CAMKIT_DEMO")

    @property
    def has_cameras(self) -> bool:
        """Whether there are credentials of at least one vendor."""
        return any((self.meraki_key, self.een_username, self.een_client_id))

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        """Refuse to be pickled: the keys would be in the file."""
        raise TypeError("Settings hold keys, so they are not copied into a file: read them again instead.")


@secrets_stay_inside
def load_settings() -> Settings:
    """Read the settings.

    Returns
    -------
    Settings
        From the environment, and from a file ``.env`` in this folder or, within a checkout of camkit, in the folder
        that holds the Makefile; the environment wins. Empty values count as not set. No other folder is searched.

    Raises
    ------
    SettingsError
        If credentials are incomplete, a value cannot be used, an address and its key are not in one place,
        or the file cannot be read, belongs to another user or can be written by one.
    """
    found = _env_file()
    in_file = _read_env_file(found) if found else {}
    for group in TOGETHER:
        _require_one_place(group, in_file, found)
    try:
        settings = Settings(**{name: text for name, text in in_file.items() if not os.environ.get(name)})  # type: ignore[arg-type]
    except ValidationError as error:
        names = ", ".join(dict.fromkeys(str(problem["loc"][0]) for problem in error.errors()))
        raise SettingsError(f"The value of {names} cannot be used. Correct or remove it.") from None
    if settings.directory_url and settings.directory_file:
        raise SettingsError("CAMKIT_DIRECTORY and CAMKIT_DIRECTORY_URL are both set: remove one of them.")
    if not settings.demo:
        _require_one_login(settings)
    return settings


def _require_one_login(settings: Settings) -> None:
    """Refuse half a login to Eagle Eye, and two of them."""
    v1: dict[str, object] = {"EEN_USERNAME": settings.een_username, "EEN_PASSWORD": settings.een_password}
    v3: dict[str, object] = {
        "EEN_CLIENT_ID": settings.een_client_id,
        "EEN_CLIENT_SECRET": settings.een_client_secret,
    }
    options: tuple[dict[str, object], ...] = (
        {"EEN_API_KEY": settings.een_api_key},
        {"EEN_REDIRECT_URI": settings.een_redirect_uri},
    )
    given = [
        [name for name, value in {**needed, **more}.items() if value]
        for needed, more in zip((v1, v3), options, strict=True)
    ]
    if all(given):
        raise SettingsError(
            f"{' and '.join(map(', '.join, given))} are both set: the first are for Eagle Eye's older API (v1), the "
            "others for API v3. Remove those of the one that you do not use."
        )
    for needed, names in zip((v1, v3), given, strict=True):
        missing = [name for name, value in needed.items() if not value]
        if names and missing:
            raise SettingsError(
                f"{', '.join(names)} is set, but not {' and '.join(missing)}. Set what is missing in the environment "
                "or in .env, or remove the rest to use the demo site."
            )


def _env_file() -> Path | None:
    """The ``.env`` file that counts: a folder above these may be a stranger's."""
    here = Path.cwd()
    in_checkout = here.is_relative_to(CHECKOUT) and (CHECKOUT / "Makefile").is_file()
    files = [folder / ".env" for folder in ([here, CHECKOUT] if in_checkout else [here])]
    return next((file for file in files if os.path.lexists(file)), None)


def _require_one_place(names: tuple[str, ...], in_file: dict[str, str], file: Path | None) -> None:
    """Refuse an address from one place and a key from the other: one of the two may be a stranger's."""
    from_environment = [name for name in names if os.environ.get(name)]
    from_file = [name for name in names if name in in_file and name not in from_environment]
    if from_environment and from_file:
        raise SettingsError(
            f"{' and '.join(from_environment)} comes from the environment, {' and '.join(from_file)} from {file}. "
            "Put them into one place, so that a key goes only where you want it to go."
        )


def _open_own(path: str, flags: int) -> int:
    """Open a file, which has to be a regular one that nobody else can write."""
    opened = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # else a named pipe would wait for a writer
    try:
        about = os.fstat(opened)
        if not stat.S_ISREG(about.st_mode):
            raise SettingsError(f"{path} is not a regular file. Put a text file in its place.")
        if hasattr(os, "geteuid"):  # Windows has other rights, which are not checked
            if about.st_uid != os.geteuid():
                raise SettingsError(
                    f"{path} belongs to another user, who could send your keys elsewhere. If you trust what is in "
                    "it, make a file of your own from it; otherwise remove it."
                )
            if about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise SettingsError(
                    f"{path} can be changed by other users, who could send your keys elsewhere. Check what is in "
                    f"it, then run: chmod 600 '{path}'"
                )
    except BaseException:
        os.close(opened)
        raise
    return opened


def _read_env_file(path: Path) -> dict[str, str]:
    """The variables of a ``.env`` file, their values unchanged: a ``$`` may be part of a password."""
    try:
        with open(path, encoding="utf-8-sig", opener=_open_own) as file:
            bindings = list(parse_stream(file))
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not UTF-8 text; save it as UTF-8.") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from None
    for binding in bindings:
        if binding.error:
            raise SettingsError(
                f"{path}, line {binding.original.line}, is not NAME=value; check the equals sign and the quotes."
            )
    return {binding.key: binding.value for binding in bindings if binding.key and binding.value}
