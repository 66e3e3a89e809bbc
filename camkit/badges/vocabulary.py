"""What the words in exports mean: outcomes, alarms, nobody, errors; the data is in `vocabulary.toml`."""

from __future__ import annotations

import fnmatch
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

KINDS = ("swipe", "forced", "held", "rex", "operator")
"""What an event can be: a swipe, a door forced or held open, a request to exit, a door that an operator opened."""

NEGATING = "不未非無无否失拒禁被"
"""Letters that undo what follows, in languages that write words together."""

LETTERS = str.maketrans({"ı": "i", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "_": " "})
"""Letters that Unicode does not take apart into a letter and an accent."""


@dataclass(frozen=True)
class Phrases:
    """Patterns of words, of which a text may be one."""

    whole: frozenset[str]
    pattern: re.Pattern[str] | None

    def match(self, words: str) -> bool:
        """Whether the words, as `wording` returns them, are one of the patterns."""
        return words in self.whole or (self.pattern is not None and bool(self.pattern.fullmatch(words)))


@cache
def phrases(patterns: tuple[str, ...], but_not: str = "") -> Phrases:
    """Prepare patterns; `but_not` is a regular expression for the words that a ``*`` does not stand for."""
    reduced = sorted({wording(pattern, keep="*") for pattern in patterns})
    words = f"(?!\\b(?:{''.join(but_not.split())})\\b|[{NEGATING}])" if but_not else ""
    wild = [f"(?:{words}.)*".join(map(re.escape, each.split("*"))) for each in reduced if "*" in each]
    whole = frozenset(each for each in reduced if "*" not in each)
    return Phrases(whole, re.compile("|".join(wild)) if wild else None)


def wording(text: str, keep: str = "") -> str:
    """Reduce a text to its words, in lower case and without accents; camel case is taken apart.

    Examples
    --------
    >>> wording("AccessGranted"), wording("Accès refusé: badge inconnu"), wording("DOOR_FORCED_OPEN")
    ('access granted', 'acces refuse badge inconnu', 'door forced open')
    """
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    letters = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter)).translate(LETTERS)
    return " ".join(re.sub(rf"[^\w{re.escape(keep)}]+" if keep else r"\W+", " ", plain).split())


def matches(text: str, patterns: tuple[str, ...]) -> bool:
    """Whether the text is one of the patterns as it stands; ``*`` stands for any text, case does not matter."""
    return bool(patterns) and _any_of(patterns).fullmatch(text.casefold()) is not None


@cache
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(fnmatch.translate(pattern.casefold()) for pattern in patterns))


def outcome_of(words: str) -> str:
    """Return ``denied``, ``granted`` or ``unknown`` for the words of an outcome, whatever system wrote them."""
    return next(
        (outcome for outcome in ("denied", "granted") if _known("outcomes", outcome).match(words)), "unknown"
    )


def kind_of(words: str) -> str:
    """Return one of `KINDS` for the words of an event: ``swipe`` if they are none of an alarm."""
    return next((kind for kind in KINDS[1:] if _known("kinds", kind).match(words)), "swipe")


@cache
def _known(section: str, name: str) -> Phrases:
    entry = _toml()[section]
    return phrases(tuple(entry[name]), "" if name == "denied" else entry["but_not"])


@cache
def nobody(*, person: bool) -> tuple[str, ...]:
    """Return what systems write where there is nothing, in the usual cases, and twice where columns are joined."""
    entry = _toml()["nobody"]
    words = [*entry["anything"], *(entry["person"] if person else ())]
    spelled = {form for word in words for form in (word, word.upper(), word.capitalize(), word.title())}
    return ("", *sorted(spelled), *sorted(f"{word} {word}" for word in spelled))


@cache
def spreadsheet_errors() -> tuple[str, ...]:
    """Return what a spreadsheet shows in a cell whose formula failed."""
    return tuple(_toml()["spreadsheet_errors"]["errors"])


@cache
def footer_patterns() -> tuple[str, ...]:
    """Return the patterns for the first cell of rows that are not events."""
    return tuple(_toml()["footers"]["patterns"])


@cache
def _toml() -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "vocabulary.toml").read_text("utf-8"))
