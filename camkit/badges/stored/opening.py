"""Open a stored log, whatever somebody did to its folder."""

from __future__ import annotations

import os
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote_to_bytes

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from camkit.badges.files import SourceFile
from camkit.badges.stored.log import StoredLog
from camkit.badges.stored.places import (
    EMPTY,
    FORMAT,
    KINDS,
    LABEL,
    LOG,
    REASONS,
    damaged,
    read_part,
    require_plain,
)
from camkit.errors import InputError
from camkit.support.timezones import as_zone

_Count = Annotated[int, Field(ge=0, lt=2**53, strict=True)]
_Moment = Annotated[int, Field(ge=-(2**62), lt=2**62, strict=True)]


class _Source(BaseModel):
    path: str  # with what is not ASCII as in an address: a name of a file need not be text
    name: str
    sha256: str


class _File(BaseModel):
    model_config = ConfigDict(extra="allow")

    file: str
    profile: str
    encoding: str
    not_utf8: list[int]
    delimiter: str | None
    titles: int
    rows: _Count
    dates: str
    times: str
    doubts: list[str]
    unknown_outcomes: dict[str, int]
    events: _Count
    timezone: str | None


class _Told(BaseModel):
    """What `LOG` says in every format."""

    format: int


class _Said(_Told):
    """What `LOG` says of a log."""

    counts: dict[Literal[*KINDS], _Count]  # type: ignore[valid-type]
    files: list[_File]
    timezone: str | None
    people: _Count
    readers: _Count
    parts: _Count
    span: tuple[_Moment, _Moment] | None
    sources: list[_Source]
    given: dict[str, Any]
    left_out: list[tuple[str, str]]


def open_log(folder: str | PathLike[str]) -> StoredLog:
    """Open a log that `store_badges` made.

    Parameters
    ----------
    folder : path-like
        The ``into`` of `store_badges`.

    Raises
    ------
    InputError
        If the folder does not have a log, one that is complete, or one of a later camkit.
    """
    folder = Path(folder).absolute()
    require_plain(folder)
    if not (folder / LOG).exists():
        raise InputError(
            f"The folder {folder} does not have a complete log: give the folder into which one was stored. If that was "
            "stopped, run its cell again.",
            path=folder,
        )
    told = read_part(folder / LOG, lambda path: _Told.model_validate_json(path.read_bytes()))
    if told.format > FORMAT:
        raise InputError(f"The log in {folder} was made by a later camkit: update camkit.", path=folder)
    said = read_part(folder / LOG, lambda path: _Said.model_validate_json(path.read_bytes()))
    parts = sum(path.is_file() for path in (folder / "events").glob("*/*/*.parquet"))
    events = sum(file.events for file in said.files)
    others = [sum(path.is_file() for path in (folder / kind).glob("*.parquet")) for kind in KINDS[1:]]
    if (
        len(said.counts) < len(KINDS)
        or parts != said.parts
        or others != [len(said.files)] * len(others)
        or events != said.counts["events"]
        or (said.span is None) != (events == 0)
    ):
        raise damaged(folder, "not all of its parts are there")
    return StoredLog(
        folder,
        {kind: said.counts[kind] for kind in KINDS},
        pd.DataFrame([file.model_dump() for file in said.files]),
        as_zone(said.timezone),
        tuple(
            SourceFile(Path(os.fsdecode(unquote_to_bytes(one.path))), one.name, one.sha256)
            for one in said.sources
        ),
        said.given,
        pd.DataFrame(said.left_out, columns=["file", "reason"], dtype="str"),
        (said.people, said.readers),
        said.span,
        read_part(folder / EMPTY, pd.read_parquet).set_index(LABEL),
        read_part(folder / REASONS, pd.read_parquet),
    )
