"""The badge log: a fortnight of plausible office life with the story in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from camkit.demo.world.doors import DOORS, SITE_TIME
from camkit.demo.world.people import PEOPLE, Person
from camkit.demo.world.story import STORY, StoryEvent

FIRST_DAY, LAST_DAY = date(2019, 3, 29), date(2019, 4, 12)

_LAST_ORDINARY = datetime(2019, 4, 12, 14, 10, tzinfo=SITE_TIME)
_SAME_DOOR_GAP = timedelta(seconds=30)
_SAME_PERSON_GAP = timedelta(minutes=6)


@dataclass(frozen=True)
class BadgeEvent:
    """One swipe.

    Attributes
    ----------
    time : datetime.datetime
        By the reader's clock, aware, at the site's offset, whole seconds.
    outcome : str
        ``granted`` or ``denied``.
    seen : tuple of str
        The people who are really in the picture: UserIDs, or ``stranger``.
    """

    time: datetime
    cardholder_id: str
    reader_id: str
    outcome: str
    seen: tuple[str, ...]


def badge_log(seed: int) -> list[BadgeEvent]:
    """All events: the four published ones first, then the rest, newest first."""
    story = [_from_story(event) for event in STORY]
    published = story[:4]
    rest = story[4:] + _ordinary_life(Random(seed), story)
    return published + sorted(rest, key=lambda event: event.time, reverse=True)


def badges_csv(seed: int) -> str:
    """`badge_log` as the text of ``data/sample_badges.csv``."""
    rows = (
        (event.time.isoformat(), event.cardholder_id, event.reader_id, event.outcome)
        for event in badge_log(seed)
    )
    return _csv(("timestamp", "UserID", "reader_id", "outcome"), rows)


def doors_csv() -> str:
    """The doors as the text of ``data/doors.csv``."""
    rows = (
        (door.reader_id, door.name, camera.view, camera.vendor, camera.camera_id, camera.clock_offset_s)
        for door in DOORS
        for camera in door.cameras
    )
    return _csv(("reader_id", "door", "view", "vendor", "camera_id", "clock_offset_s"), rows)


def _csv(header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def _from_story(event: StoryEvent) -> BadgeEvent:
    return BadgeEvent(event.time, event.cardholder_id, event.reader_id, event.outcome, event.seen)


def _ordinary_life(random: Random, story: list[BadgeEvent]) -> list[BadgeEvent]:
    """Plain events that stay clear of each other and of the story, so that none looks odd by accident."""
    kept: list[BadgeEvent] = []
    days = (FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1))
    for event in (event for day in days for event in _day(random, day)):
        near = story + kept[-120:]
        if event.time < _LAST_ORDINARY and not any(_clash(event, other) for other in near):
            kept.append(event)
    return kept


def _clash(event: BadgeEvent, other: BadgeEvent) -> bool:
    apart = abs(event.time - other.time)
    people = {event.cardholder_id, *event.seen} & {other.cardholder_id, *other.seen}
    same_door = event.reader_id == other.reader_id
    return (same_door and apart < _SAME_DOOR_GAP) or (bool(people) and apart < _SAME_PERSON_GAP)


def _day(random: Random, day: date) -> Iterator[BadgeEvent]:
    weekend = day.weekday() >= 5
    for person in PEOPLE:
        if random.random() < (0.9 if weekend else 0.07):
            continue
        yield from _errand(random, day, person) if weekend else _working_day(random, day, person)
    guard = next(person for person in PEOPLE if person.department == "Security")
    for _ in range(random.randint(1, 2)):
        hour = random.choice((0.5, 2.5, 4.5, 22.5, 23.2))
        yield _swipe(random, day, guard, random.choice(guard.doors), hour, spread=0.4)


def _working_day(random: Random, day: date, person: Person) -> Iterator[BadgeEvent]:
    arrives = random.gauss(8.2, 0.55)
    yield _swipe(random, day, person, random.choice(("HQ-R1", "HQ-R1", "HQ-R6")), arrives)
    for _ in range(random.randint(2, 5)):
        everyone = [door.reader_id for door in DOORS]
        reader = random.choice(everyone if random.random() < 0.12 else person.doors[1:])
        yield _swipe(random, day, person, reader, random.uniform(arrives + 0.4, 17.0))
    if random.random() < 0.75:
        yield _swipe(random, day, person, "HQ-R1", random.gauss(12.9, 0.25))
    if random.random() < 0.12:
        yield _swipe(random, day, person, random.choice(person.doors), random.gauss(18.8, 0.5))


def _errand(random: Random, day: date, person: Person) -> Iterator[BadgeEvent]:
    came = random.uniform(9.5, 14.0)
    yield _swipe(random, day, person, "HQ-R1", came)
    yield _swipe(random, day, person, random.choice(person.doors), came + random.uniform(0.3, 2.0))


def _swipe(
    random: Random, day: date, person: Person, reader: str, hour: float, *, spread: float = 0.05
) -> BadgeEvent:
    hour = min(max(hour + random.uniform(-spread, spread), 0.0), 23.98)
    when = datetime.combine(day, time(), SITE_TIME) + timedelta(seconds=int(hour * 3600))
    outcome = "granted" if reader in person.doors else "denied"
    return BadgeEvent(when, person.user_id, reader, outcome, (person.user_id,))
