"""What the caller of `store_badges` says about the exports: of all of them, and of those of one site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from os import PathLike
from pathlib import Path
from typing import Any

from camkit.badges.files import Export
from camkit.badges.given import Given
from camkit.badges.stored.places import site_folder
from camkit.errors import InputError, TimestampError
from camkit.support.timezones import as_zone
from camkit.visible import visible

_NAMES = ("timezone", "profile", "columns", "day_first", "granted", "denied", "encoding", "sheet")


class Said:
    """What is said of exports, checked before anything is read.

    Parameters
    ----------
    *of_all
        The arguments of `load_badges`, in its order.
    sites : mapping of str to mapping, optional
        By site, what is to be said instead.

    Raises
    ------
    BadgeFileError, TimestampError
        As `load_badges`.
    InputError
        If something else is said of a site.
    """

    def __init__(self, *of_all: Any, sites: Mapping[str, Mapping[str, Any]] | None) -> None:
        said = dict(zip(_NAMES, of_all, strict=True))
        self._of_all = _given(said)
        self._of_site: dict[str, Given] = {}
        for site, instead in (sites or {}).items():
            if not isinstance(instead, Mapping) or (strange := {*instead} - {*_NAMES}):
                wrong = repr(min(map(str, strange))) if isinstance(instead, Mapping) else f"only {instead!r}"
                raise InputError(
                    f"sites= says {wrong} of {site!r}: write it as {{{site!r}: {{'timezone': 'Europe/Berlin'}}}}, with "
                    f"any of {', '.join(_NAMES)}."
                )
            self._of_site[site] = _given({**said, **instead})

    def of(self, exports: Sequence[Export]) -> list[tuple[Export, Given]]:
        """Return each export with what is said of it.

        Raises
        ------
        InputError
            If none is of a site that is named, or the name of a site is too long.
        """
        sites = {site_of(export) for export in exports}
        for site in sites:
            site_folder(site)  # refused now, not when all has been read
        if strange := self._of_site.keys() - sites:
            raise InputError(
                f"sites= names {min(strange)!r}, but the exports are in these folders: {', '.join(sorted(sites))}."
            )
        return [(export, self._of_site.get(site_of(export), self._of_all)) for export in exports]

    def as_dict(self) -> dict[str, Any]:
        """Return it as values that JSON has."""
        of_site = {site: given.as_dict() for site, given in self._of_site.items()}
        return self._of_all.as_dict() | ({"sites": of_site} if of_site else {})


def site_of(export: Export) -> str:
    """Return the site of an export: the folder that it is in."""
    return visible(export.path.absolute().parent.name)


def with_sites(
    paths: str | PathLike[str] | Iterable[str | PathLike[str]],
) -> list[str | PathLike[str]]:
    """Name the folders in a folder as well: those of its sites."""
    given = [paths] if isinstance(paths, str | PathLike) else [*paths]
    found: list[str | PathLike[str]] = []
    for path in given:
        entries = []
        with suppress(OSError, TypeError):  # what cannot be read is said by who reads it
            entries = sorted(entry for entry in Path(path).iterdir() if not entry.name.startswith("."))
        sites = [entry for entry in entries if entry.is_dir()]
        if len(sites) < len(entries) or not sites:
            found.append(path)
        found += sites
    return found


def _given(said: Mapping[str, Any]) -> Given:
    others = {name: said[name] for name in _NAMES if name not in ("timezone", "granted", "denied")}
    zone = _kept_by_name(as_zone(said["timezone"]))
    given = Given(zone, granted=(*said["granted"],), denied=(*said["denied"],), **others)
    given.candidates()
    return given


def _kept_by_name(zone: tzinfo | None) -> tzinfo | None:
    """Refuse a time zone that its name would not bring back: the log is opened later."""
    if zone is None:
        return None
    moments = [datetime(year, month, 1, tzinfo=UTC) for year in (1990, 2010, 2026) for month in (1, 4, 7, 10)]
    with suppress(TimestampError):
        again = as_zone(str(zone))
        if all(at.astimezone(zone).utcoffset() == at.astimezone(again).utcoffset() for at in moments):
            return again
    raise TimestampError(
        f"The time zone {zone} cannot be kept with the log: give its name, such as 'America/Denver'."
    )
