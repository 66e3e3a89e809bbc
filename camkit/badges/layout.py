"""Tell how a file is laid out: its delimiter, its header, and the profile of the system that wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from camkit.badges.files import Export
from camkit.badges.profiles import Profile, plain, positions, profiles
from camkit.badges.rows import records
from camkit.badges.text import open_text
from camkit.errors import BadgeFileError

DELIMITERS = (",", ";", "\t", "|")

LOOKED_AT = 60
"""How many rows at the file's start are looked at."""

Record = tuple[int, list[str]]


@dataclass(frozen=True)
class Layout:
    """How one file is to be read.

    Attributes
    ----------
    names : tuple of str
        A name for each column: the header's own, made unique.
    titles : int
        Rows above the header.
    first_line : int
        The first line below the header.
    sources : dict of str to tuple of int
        For each role the positions of its columns.
    """

    profile: Profile
    delimiter: str
    names: tuple[str, ...]
    titles: int
    first_line: int
    sources: dict[str, tuple[int, ...]]


def read_layout(export: Export, encoding: str, wanted: Profile | None) -> Layout:
    """Tell the layout from the file's first rows, by the wanted profile or by whichever fits best."""
    with open_text(export, encoding) as stream:
        lines = list(islice(stream.lines(), LOOKED_AT))
    starts = {delimiter: list(records(lines, delimiter)) for delimiter in DELIMITERS}
    candidates = [wanted] if wanted else list(profiles().values())
    layouts = [
        layout
        for delimiter, start in starts.items()
        for profile in candidates
        for layout in _fitting(profile, delimiter, start)
    ]
    if not layouts:
        raise BadgeFileError(_nothing_fits(export, starts, wanted), path=export.path)
    best = max(len(_used(layout)) for layout in layouts)
    first, *others = [layout for layout in layouts if len(_used(layout)) == best]
    if others and others[0].profile is not first.profile:
        raise BadgeFileError(
            f"{export.name} fits the profiles {first.profile.name!r} and {others[0].profile.name!r} equally well: "
            f"say which with profile={first.profile.name!r} or profile={others[0].profile.name!r}.",
            path=export.path,
        )
    return first


def _fitting(profile: Profile, delimiter: str, start: list[Record]) -> Iterator[Layout]:
    """Give the layout that the profile sees in these rows, if it fits."""
    for above, (line, cells) in enumerate(start):
        if profile.fits_header(cells):
            first_line = line + 1 + sum(cell.count("\n") for cell in cells)
            names = unique(cell.strip() for cell in cells)
            yield Layout(profile, delimiter, names, above, first_line, profile.sources(cells))
            return
    if profile.fits_rows([cells for _, cells in start]):
        yield Layout(profile, delimiter, profile.names, 0, 1, profile.sources(profile.names))


def _used(layout: Layout) -> set[int]:
    return {position for source in layout.sources.values() for position in source}


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Name nameless columns, and number those that have a name taken by an earlier one."""
    taken: list[str] = []
    for position, name in enumerate(names, start=1):
        candidate = base = name or f"column {position}"
        number = 2
        while candidate in taken:
            candidate = f"{base} {number}"
            number += 1
        taken.append(candidate)
    return tuple(taken)


def _nothing_fits(export: Export, starts: dict[str, list[Record]], wanted: Profile | None) -> str:
    """Say which columns were found and what to pass."""
    start = max(starts.values(), key=lambda rows: max((len(cells) for _, cells in rows), default=0))
    if not start:
        return f"{export.name} has no rows: export it again."
    width = max(len(cells) for _, cells in start)
    line, cells = next((line, cells) for line, cells in start if len(cells) == width)
    found = ", ".join(repr(cell.strip()[:40]) for cell in cells[:20])
    if wanted and wanted.recognise:
        there = positions(cells)
        lacking = ", ".join(repr(name) for name in wanted.recognise if plain(name) not in there)
        return f"{export.name} has no column {lacking}; line {line} has: {found}."
    if wanted:
        return f"{export.name} does not look like {wanted.title}; line {line} has: {found}."
    return (
        f"{export.name} fits no profile; line {line} has: {found}. Say which columns hold what, as in "
        'columns={"event_time": "When", "cardholder_id": "Badge"}, or pass profile=.'
    )
