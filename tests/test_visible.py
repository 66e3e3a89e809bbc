"""No character of a text from outside is obeyed by a terminal: in what results say of themselves, and in errors."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from camkit import check, errors
from camkit.badges import load_badges, load_doors, resolve
from camkit.cameras import snapshots_for
from camkit.cameras.een.previews import DownloadRun
from camkit.case import Case, estimate_clock_offset
from camkit.directory import Cardholder
from camkit.errors import CamkitError, Interrupted
from camkit.review import EventPicker
from camkit.visible import visible
from tests.support.hostile import CONTROLS, EVIL, write_export

ERRORS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, BaseException)]


def is_harmless(text: str) -> bool:
    "Whether it can be written to a terminal: printable characters and line feeds"
    text.encode()
    return text.replace("\n", "").isprintable()


@pytest.mark.parametrize("text", CONTROLS, ids=ascii)
def test_each_character_that_is_obeyed_is_named(text: str) -> None:
    "Nothing else is changed, and a second time changes nothing"
    assert not is_harmless_or_cannot_be_written(text)
    shown = visible(text)
    assert is_harmless(shown)
    assert "Anna" in shown
    assert visible(shown) == shown


def is_harmless_or_cannot_be_written(text: str) -> bool:
    try:
        return is_harmless(text)
    except UnicodeEncodeError:
        return False


def test_letters_of_any_script_stay_as_they_are() -> None:
    "Accents, letters that a joiner joins or keeps apart, and emoji, a tab and a line feed"
    text = "Weidmüller, 李, \u0639\u0645, \u06cc\u200c\u0634, \U0001f469\u200d\U0001f692\tx\ny"
    assert visible(text) == text


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("text", CONTROLS, ids=ascii)
def test_no_error_writes_to_a_terminal_what_it_would_obey(
    kind: type[CamkitError] | type[Interrupted], text: str
) -> None:
    "Its text, what Jupyter shows, and Python's own traceback"
    error = kind(f"The file {text} is empty: export it again.")
    assert is_harmless(f"{error}")
    assert is_harmless(repr(error))
    assert all(map(is_harmless, error._render_traceback_()))
    assert all(map(is_harmless, traceback.format_exception_only(error)))


def said_by_results(folder: Path) -> Iterator[object]:
    """Results of every kind whose every text is hostile."""
    write_export(folder)
    log = load_badges(folder / "log.csv", timezone="America/Denver")
    yield log
    events = resolve(log.events, load_doors(folder / "doors.csv"))
    yield from (events, events[0], events[0].door, events[0].cameras[0], EventPicker(log.events))
    snapshots = snapshots_for(events, {})
    yield from (snapshots, snapshots[0], Cardholder(EVIL, EVIL, note=EVIL))
    yield DownloadRun(EVIL, Path(EVIL), 1, (), (), 0, 0, 0, 0.0, EVIL)
    with Case(folder / EVIL.replace("/", "")) as case:
        case.add_events(events)
        case.add_snapshots(snapshots)
        stray = case.folder / "images" / EVIL.replace("/", "")
        stray.parent.mkdir(exist_ok=True)
        stray.write_bytes(b"")
        yield from (case, case.verify(), estimate_clock_offset(case))
    yield repr(case)


@pytest.mark.not_quick
def test_no_result_writes_to_a_terminal_what_it_would_obey(tmp_path: Path) -> None:
    "What each says of itself when it is printed, and what the check of its problems prints"
    said = [
        f"{result}\n{result!r}\n{result.summary() if hasattr(result, 'summary') else ''}"
        for result in said_by_results(tmp_path)
    ]
    assert [text for text in said if not is_harmless(text)] == []
    assert sum("Anna" in text for text in said) >= 9


@pytest.mark.not_quick
def test_the_check_prints_nothing_that_is_obeyed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    "Problems of a log and of snapshots, with names from outside in them"
    for result in said_by_results(tmp_path):
        if hasattr(result, "problems"):
            check(result)
    printed = capsys.readouterr().out
    assert is_harmless(printed)
    assert "[U+001B]" in printed
