"""The messages are for an investigator who is not a programmer."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.conftest import ROOT

PROGRAMMERS = re.compile(
    r"\b([Pp]ass(es|ed)?|index|indices|dtype|DataFrame|Series|tuple|iterable|kwargs?|callable|instance|aware|naive|"
    r"exception|traceback|keyword|reset_index|load_badges|tz_localize)\b"
)
CALL = re.compile(r"(?:camkit\.|\w+_)\w+\(")

ELSEWHERE = ("camkit/demo/",)
"""Not read here: the demo site is for developers."""


def messages(source: str) -> Iterator[str]:
    """Yield the text of each exception that is raised, with a gap where a value is put in."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            kind = ast.unparse(node.exc.func)
            if kind not in ("AttributeError", "ValueError", "UnicodeDecodeError", "RuntimeError"):
                texts = (part.value for part in ast.walk(node.exc.args[0]) if isinstance(part, ast.Constant))
                yield "".join(text for text in texts if isinstance(text, str))


def test_no_message_is_in_a_programmers_words() -> None:
    "Nothing is passed, indexed or iterated, and no call is named that the notebooks do not show"
    files = (
        path
        for path in (ROOT / "camkit").rglob("*.py")
        if not str(path.relative_to(ROOT)).startswith(ELSEWHERE)
    )
    said = [(path.name, message) for path in files for message in messages(path.read_text())]
    assert len(said) >= 60
    shown = "\n".join(path.read_text() for path in (ROOT / "notebooks").glob("*.ipynb"))
    assert [(name, text) for name, text in said if PROGRAMMERS.search(text)] == []
    unknown = [(name, call) for name, text in said for call in CALL.findall(text) if call not in shown]
    assert unknown == []


@pytest.mark.parametrize(
    "text", ["pass timezone=", "use reset_index()", "a naive time", "pick events of load_badges"]
)
def test_such_a_message_is_found(text: str) -> None:
    "The check can fail"
    (message,) = messages(f"raise InputError(f'{{x}}: {text}.')")
    assert PROGRAMMERS.search(message)
