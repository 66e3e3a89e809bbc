"""What the words in exports mean: outcomes, alarms, nobody, errors; the data is in `vocabulary.toml`."""

from __future__ import annotations

import fnmatch
import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

KINDS = ("swipe", "forced", "held", "rex", "operator")
"""What an event can be: a swipe, a door forced or held open, a request to exit, a door that an operator opened."""

NEGATING = "不未非無无否失拒禁被"
"""Letters that undo what follows, in languages that write words together."""

LETTERS_AT_START = 2

ACCEPTABLE = frozenset("✓✔✅☑→⇒➔➜•")
"""Signs that do not deny. Any other sign that is not a letter, such as a cross, may."""

CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")

LETTERS = str.maketrans({"ı": "i", "ø": "o", "ł": "l", "đ": "d", "æ": "ae"})
"""Letters that Unicode does not take apart into a letter and an accent."""


@dataclass(frozen=True)
class Phrases:
    """Patterns of words, of which a text may be one."""

    whole: frozenset[str]
    starts: Mapping[str, re.Pattern[str]]  # by their first letters, so that few are tried
    loose: Mapping[str, re.Pattern[str]]  # those that begin with a star, by the words that must be there

    def match(self, words: str) -> bool:
        """Whether the words, as `wording` returns them, are one of the patterns."""
        if words in self.whole:
            return True
        start = self.starts.get(words[:LETTERS_AT_START])
        if start is not None and start.fullmatch(words):
            return True
        return any(part in words and pattern.fullmatch(words) for part, pattern in self.loose.items())


@cache
def phrases(patterns: tuple[str, ...], star: str = ".*", last: str = "") -> Phrases:
    """Prepare patterns; `star` is the regular expression for what a ``*`` stands for, `last` for one at the end."""
    reduced = {wording(pattern, keep="*@") for pattern in patterns}
    starts, loose = defaultdict(list), defaultdict(list)
    for pattern in sorted(each for each in reduced if "*" in each or "@" in each):
        parts = re.split("[*@]", pattern)
        signs = [_a_name() if sign == "@" else star for sign in re.findall("[*@]", pattern)]
        if pattern.endswith("*"):
            signs[-1] = last or star
        expression = "".join(re.escape(part) + sign for part, sign in zip(parts, [*signs, ""], strict=True))
        if len(parts[0]) >= LETTERS_AT_START:
            starts[pattern[:LETTERS_AT_START]].append(expression)
        else:
            loose[max(parts, key=len)].append(expression)
    compiled = [{key: re.compile("|".join(them)) for key, them in group.items()} for group in (starts, loose)]
    return Phrases(frozenset(each for each in reduced if not {"*", "@"} & {*each}), *compiled)


def granting(patterns: tuple[str, ...]) -> Phrases:
    """Prepare patterns for granted: a ``*`` stands for harmless words only, for what may be there in a granted event.

    What is not known to be harmless may take back what the rest says, in any language.
    """
    return phrases(patterns, _harmless(), _harmless(behind=True))


@cache
def _harmless(*, behind: bool = False) -> str:
    """The regular expression for harmless words, and for where it was: "at" and a name that does not deny."""
    entry = table_of("vocabulary.toml")["outcomes"]
    known = [*entry["harmless"], *(entry["harmless_behind"] if behind else ())]
    words = "|".join(re.escape(wording(word)) for word in known)
    number = r"[a-z]?(?!0+(?!\d))\d+"
    at = rf"(?: (?:at|through|into|via) (?:(?!{_denying()}).)+)?"
    return rf"(?: ?(?<!\w)(?:{words}|{number})(?!\w))*{at}"


@cache
def _a_name() -> str:
    """The regular expression for a name in a sentence: "Failed Goods Store" is one, unlike "was not" and "denied"."""
    said = table_of("vocabulary.toml")["outcomes"]["sentence"].replace("\n", "")
    return rf"(?!.*(?:{_denying()})$)(?:(?!\b(?:{said})\b).)+"


@cache
def _denying() -> str:
    """The regular expression for a word that denies by itself, in whatever language."""
    entry = table_of("vocabulary.toml")["outcomes"]
    denying = entry["denying"].replace("\n", "")
    denied = [wording(pattern, keep="*") for pattern in entry["denied"]]
    single = [re.escape(word).replace(r"\*", r"\w*") for word in denied if " " not in word]
    return rf"\b(?:{denying}|{'|'.join(single)})\b|[{NEGATING}]"


def denies(text: str) -> bool:
    """Whether a text has a word or a sign that denies."""
    return re.search(_denying(), wording(text)) is not None or has_sign(text)


def has_sign(text: str) -> bool:
    """Whether a text has a sign that may deny what it says, such as a cross, or an exclamation mark before it."""
    signs = () if text.isascii() else {*text} - ACCEPTABLE
    return text.lstrip().startswith("!") or any(
        sign > "\x7f" and unicodedata.category(sign) in ("So", "Sm") for sign in signs
    )


def wording(text: str, keep: str = "") -> str:
    """Reduce a text to its words, in lower case and without accents; camel case is taken apart.

    Examples
    --------
    >>> wording("AccessGranted"), wording("Accès refusé: badge inconnu"), wording("DOOR_FORCED_OPEN")
    ('access granted', 'acces refuse badge inconnu', 'door forced open')
    """
    plain = unaccented(CAMEL.sub(" ", text)).replace("_", " ")
    return " ".join(re.sub(rf"[^\w{re.escape(keep)}]+" if keep else r"\W+", " ", plain).split())


def unaccented(text: str) -> str:
    """Return a text in lower case and without accents: exports write "FÉVR" and "fevr", "ağustos" and "Agustos"."""
    text = text.casefold()
    if not text.isascii():
        letters = unicodedata.normalize("NFKD", text)
        text = "".join(letter for letter in letters if not unicodedata.combining(letter)).translate(LETTERS)
    return text


def beside(text: str, pattern: str) -> str:
    """Return what is in a text besides the words of a pattern that it matches."""
    text = text.casefold()
    for part in pattern.casefold().split("*"):
        text = text.replace(part, " ", 1) if part else text
    return text


def matches(text: str, patterns: tuple[str, ...]) -> bool:
    """Whether the text is one of the patterns as it is; ``*`` stands for any text, case does not matter."""
    return bool(patterns) and _any_of(patterns).fullmatch(text.casefold()) is not None


@cache
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(fnmatch.translate(pattern.casefold()) for pattern in patterns))


def outcome_of(words: str) -> str:
    """Return ``denied``, ``granted`` or ``unknown`` for the words of an outcome, whatever system wrote them."""
    return next(
        (outcome for outcome in ("denied", "granted") if _known("outcomes", outcome).match(words)), "unknown"
    )


def says_both(words: str) -> bool:
    """Whether words for denied end as granted."""
    return _known("outcomes", "contradicting").match(words)


def kind_of(words: str) -> str:
    """Return one of `KINDS` for the words of an event: ``swipe`` if they are none of an alarm."""
    return next((kind for kind in KINDS[1:] if _known("kinds", kind).match(words)), "swipe")


@cache
def _known(section: str, name: str) -> Phrases:
    entry = table_of("vocabulary.toml")[section]
    patterns = tuple(entry[name])
    if section == "kinds":
        return phrases(patterns, rf"(?:(?!\b(?:{''.join(entry['but_not'].split())})\b|[{NEGATING}]).)*")
    return granting(patterns) if name == "granted" else phrases(patterns)


@cache
def nobody(*, person: bool) -> tuple[str, ...]:
    """Return what systems write where there is nothing, in the usual cases, and twice where columns are joined."""
    entry = table_of("vocabulary.toml")["nobody"]
    words = [*entry["anything"], *(entry["person"] if person else ())]
    spelled = {form for word in words for form in (word, word.upper())}
    longer = [word for word in words if len(word) > 3 or not word.isalpha()]  # "Na" and "Nan" are people
    spelled |= {form for word in longer for form in (word.capitalize(), word.title())}
    return ("", *sorted(spelled), *sorted(f"{word} {word}" for word in spelled))


@cache
def spreadsheet_errors() -> str:
    """Return the regular expression for what a spreadsheet shows in a cell whose formula failed."""
    return f"^(?:{'|'.join(table_of('vocabulary.toml')['spreadsheet_errors']['patterns'])})$"


@cache
def footer_patterns() -> tuple[str, ...]:
    """Return the patterns for the first cell of rows that are not events."""
    return tuple(table_of("vocabulary.toml")["footers"]["patterns"])


@cache
def table_of(name: str) -> dict[str, Any]:
    """Return what is in a TOML file of this room; as one object, so it is only to be read."""
    return tomllib.loads((files(__package__) / name).read_text("utf-8"))
