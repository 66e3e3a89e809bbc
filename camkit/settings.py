"""Where to connect and with which secrets: from the environment, then from a ``.env`` file."""

from __future__ import annotations

import os
from pathlib import Path

from dotenv import find_dotenv
from dotenv.parser import parse_stream
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from camkit.errors import SettingsError

__all__ = ["Settings", "load_settings"]


class Settings(BaseSettings):
    """What `load_settings` read from the environment variables named below."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    meraki_key: SecretStr | None = Field(None, validation_alias="MERAKI_DASHBOARD_API_KEY")
    meraki_base_url: str | None = Field(None, validation_alias="MERAKI_BASE_URL")
    een_username: str | None = Field(None, validation_alias="EEN_USERNAME")
    een_password: SecretStr | None = Field(None, validation_alias="EEN_PASSWORD")
    een_api_key: SecretStr | None = Field(None, validation_alias="EEN_API_KEY")
    een_base_url: str | None = Field(None, validation_alias="EEN_BASE_URL")
    directory_url: str | None = Field(None, validation_alias="CAMKIT_DIRECTORY_URL")
    doors_file: Path | None = Field(None, validation_alias="CAMKIT_DOORS")
    demo: bool = Field(False, validation_alias="CAMKIT_DEMO")


def load_settings() -> Settings:
    """Read the settings.

    Returns
    -------
    Settings
        From the environment, and from the nearest ``.env`` file in this folder or above it; the
        environment wins. Empty values count as not set.

    Raises
    ------
    SettingsError
        If credentials are incomplete, a value cannot be used, or the file cannot be read.
    """
    found = find_dotenv(usecwd=True)
    in_file = _read_env_file(Path(found)) if found else {}
    try:
        settings = Settings(**{name: text for name, text in in_file.items() if not os.environ.get(name)})  # type: ignore[arg-type]
    except ValidationError as error:
        names = ", ".join(str(problem["loc"][0]) for problem in error.errors())
        raise SettingsError(f"The value of {names} cannot be used. Correct or remove it.") from None
    needed = {"EEN_USERNAME": settings.een_username, "EEN_PASSWORD": settings.een_password}
    given = [name for name, value in {**needed, "EEN_API_KEY": settings.een_api_key}.items() if value]
    missing = [name for name, value in needed.items() if value is None]
    if given and missing and not settings.demo:
        raise SettingsError(
            f"{', '.join(given)} is set, but not {' and '.join(missing)}. Set what is missing in the environment or "
            "in .env, or remove the rest to use the demo site."
        )
    return settings


def _read_env_file(path: Path) -> dict[str, str]:
    """The variables of a ``.env`` file, their values unchanged: a ``$`` may be part of a password."""
    try:
        with path.open(encoding="utf-8-sig") as file:
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
