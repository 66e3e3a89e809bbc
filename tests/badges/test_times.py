"""Texts of times into UTC."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice, product
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camkit.badges import BadgeLog, load_badges
from camkit.badges.files import Export
from camkit.badges.given import Given
from camkit.badges.interpret import interpret
from camkit.badges.read import read_export
from camkit.badges.table import ExportTable
from camkit.badges.time_words import MONTHS, SHARED_MONTHS, is_weekday, month_of
from camkit.badges.times import LETTERS, MONTH, REASONS, UNREADABLE, Times, read_times
from camkit.badges.timestamps import Order
from camkit.errors import BadgeFileError, TimestampError
from camkit.support.timezones import as_zone

DENVER = ZoneInfo("America/Denver")


def read(*texts: str, day_first: bool | None = True, zone: str | None = "UTC") -> Times:
    order: Order | None = None if day_first is None else "day" if day_first else "month"
    return read_times(pa.chunked_array([list(texts)]), order=lambda parsed: (order, None), zone=as_zone(zone))


def one(text: str, **options: object) -> str | None:
    times = read(text, **options)  # type: ignore[arg-type]
    if times.problem[0]:
        assert np.isnat(times.utc[0])
        return REASONS[times.problem[0]]
    return str(times.utc[0])


def load(tmp_path: Path, *times: str, **options: object):  # type: ignore[no-untyped-def]
    path = tmp_path / "badges.csv"
    path.write_text("timestamp,UserID\n" + "".join(f"{time},{n}\n" for n, time in enumerate(times)))
    return load_badges(path, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2019-04-12T14:20:29-06:00", "2019-04-12T20:20:29.000000"),
        ("2019-04-12 14:20:29 -0600", "2019-04-12T20:20:29.000000"),
        ("2019-04-12T14:20:29Z", "2019-04-12T14:20:29.000000"),
        ("2019-04-12 14:20:29 UTC", "2019-04-12T14:20:29.000000"),
        ("2019-04-12 14:20", "2019-04-12T14:20:00.000000"),
        ("2019/04/12 14:20:29", "2019-04-12T14:20:29.000000"),
        ("12/04/2019 14:20:29", "2019-04-12T14:20:29.000000"),
        ("12.4.2019 14:20:29", "2019-04-12T14:20:29.000000"),
        ("12-04-19, 02:20:29 PM", "2019-04-12T14:20:29.000000"),
        ("12/04/2019 12:00:00 AM", "2019-04-12T00:00:00.000000"),
        ("12/04/2019 12:00:00 p.m.", "2019-04-12T12:00:00.000000"),
        ("12/04/2019 2:20:29\u202fPM", "2019-04-12T14:20:29.000000"),
        ("2019-04-12T14:20:29.1234", "2019-04-12T14:20:29.123400"),
        ("2019-04-12T14:20:29,5", "2019-04-12T14:20:29.500000"),
        ("2019-04-12T14:20:29.123456789", "2019-04-12T14:20:29.123456"),
        ("1555078829", "2019-04-12T14:20:29.000000"),
        ("1555078829250", "2019-04-12T14:20:29.250000"),
        ("12/04/68 00:00", "2068-04-12T00:00:00.000000"),
        ("12-Apr-2019 14:20:29", "2019-04-12T14:20:29.000000"),
        ("12 APR 2019 14:20", "2019-04-12T14:20:00.000000"),
        ("5/May/2019 2:20:29 PM", "2019-05-05T14:20:29.000000"),
        ("12. September 2019, 14:20", "2019-09-12T14:20:00.000000"),
        ("Apr 12, 2019 2:20:29 PM", "2019-04-12T14:20:29.000000"),
        ("december 1 2019 08:00 -0600", "2019-12-01T14:00:00.000000"),
        ("Sept. 12, 2019 14:20", "2019-09-12T14:20:00.000000"),
        ("12-Jan-2019T14:20:29Z", "2019-01-12T14:20:29.000000"),
        ("29/02/2020 00:00", "2020-02-29T00:00:00.000000"),
        ("2019-04-12 24:00:00", "2019-04-13T00:00:00.000000"),
        ("31/12/2019 24:00", "2020-01-01T00:00:00.000000"),
        ("2019-04-12 00:30 AM", "2019-04-12T00:30:00.000000"),
        ("2019-04-12 14:20:29 PM", "2019-04-12T14:20:29.000000"),
        ("12/04/2019 2:20:29 p. m.", "2019-04-12T14:20:29.000000"),
        ("12/04/2019 12:20:29 a.\u00a0m.", "2019-04-12T00:20:29.000000"),
        ("2019/4/12 \u4e0b\u53482:20:29", "2019-04-12T14:20:29.000000"),
        ("2019/4/12 2:20:29 \u5348\u5f8c", "2019-04-12T14:20:29.000000"),
        (
            "2019\u5e744\u670812\u65e5 \u661f\u671f\u4e94 14\u65f620\u520629\u79d2",
            "2019-04-12T14:20:29.000000",
        ),
        ("2019\u5e744\u670812\u65e5(\u91d1) 14:20", "2019-04-12T14:20:00.000000"),
        ("2019. 4. 12. \uc624\ud6c4 2:20:29", "2019-04-12T14:20:29.000000"),
        ("12/04/2019 02:20:29 \u0645", "2019-04-12T14:20:29.000000"),
        (
            "\u0661\u0662/\u0660\u0664/\u0662\u0660\u0661\u0669 \u0661\u0664:\u0662\u0660",
            "2019-04-12T14:20:00.000000",
        ),
        ("\u200e12\u200e/\u200e04\u200e/\u200e2019\u200f \u200e14:20", "2019-04-12T14:20:00.000000"),
        ("12.04.2019\u00a014:20:29", "2019-04-12T14:20:29.000000"),
        ("12-Apr-19 14:20:29", "2019-04-12T14:20:29.000000"),
        ("12-APR-19 02.20.29.500000 PM", "2019-04-12T14:20:29.500000"),
        ("12APR2019:14:20:29.5", "2019-04-12T14:20:29.500000"),
        ("12/Apr/2019:14:20:29 -0600", "2019-04-12T20:20:29.000000"),
        ("2019-04-12-14.20.29.500000", "2019-04-12T14:20:29.500000"),
        ("2019-Apr-12 14:20:29", "2019-04-12T14:20:29.000000"),
        ("Apr 12, 2019 at 2:20:29 PM", "2019-04-12T14:20:29.000000"),
        ("Fri Apr 12 14:20:29 2019", "2019-04-12T14:20:29.000000"),
        ("Fri Apr 12 14:20:29 MDT 2019", "2019-04-12T20:20:29.000000"),
        ("Fri, 12 Apr 2019 14:20:29 GMT", "2019-04-12T14:20:29.000000"),
        ("Fri Apr 12 2019 14:20:29 GMT-0600 (Mountain Daylight Time)", "2019-04-12T20:20:29.000000"),
        ("Friday, April 12th, 2019 14:20", "2019-04-12T14:20:00.000000"),
        ("Freitag, 12. April 2019, 14:20 Uhr", "2019-04-12T14:20:00.000000"),
        ("Fr 12.04.2019 14:20", "2019-04-12T14:20:00.000000"),
        ("12.04.2019 (Fr.) 14:20", "2019-04-12T14:20:00.000000"),
        ("vendredi 12 avril 2019 \u00e0 14h20", "2019-04-12T14:20:00.000000"),
        ("ven. 12 avr. 2019 14:20", "2019-04-12T14:20:00.000000"),
        ("mar. 12 mars 2019 14:20", "2019-03-12T14:20:00.000000"),
        ("12 de abril de 2019, 14:20", "2019-04-12T14:20:00.000000"),
        ("sexta-feira, 12 de abril de 2019 \u00e0s 14:20", "2019-04-12T14:20:00.000000"),
        ("12 aprile 2019 14.20.29", "2019-04-12T14:20:29.000000"),
        ("12 mrt. 2019 14:20", "2019-03-12T14:20:00.000000"),
        ("12. marraskuuta 2019 klo 14.20", "2019-11-12T14:20:00.000000"),
        ("12 kwietnia 2019 14:20", "2019-04-12T14:20:00.000000"),
        ("12 pa\u017a 2019 14:20", "2019-10-12T14:20:00.000000"),
        ("12 \u0430\u043f\u0440\u0435\u043b\u044f 2019 \u0433. \u0432 14:20", "2019-04-12T14:20:00.000000"),
        ("12 A\u011fu 2019 Pazartesi 14:20", "2019-08-12T14:20:00.000000"),
        ("12 KASIM 2019 14:20", "2019-11-12T14:20:00.000000"),
        ("14:20:29 12/04/2019", "2019-04-12T14:20:29.000000"),
        ("02:20 PM, 12 Apr 2019", "2019-04-12T14:20:00.000000"),
        ("12/04/2019 14.20.29", "2019-04-12T14:20:29.000000"),
        ("2019-04-12 14:20:29:500", "2019-04-12T14:20:29.500000"),
        ("2019-04-12 9:5:7", "2019-04-12T09:05:07.000000"),
        ("20190412142029", "2019-04-12T14:20:29.000000"),
        ("20190412142029500", "2019-04-12T14:20:29.500000"),
        ("20190412T142029Z", "2019-04-12T14:20:29.000000"),
        ("20190412 1420", "2019-04-12T14:20:00.000000"),
        ("20190412 14:20:29", "2019-04-12T14:20:29.000000"),
        ("2019-04-12 14:20:29 MDT", "2019-04-12T20:20:29.000000"),
        ("2019-04-12 14:20:29 (CEST)", "2019-04-12T12:20:29.000000"),
        ("2019-04-12 14:20:29 UTC+2", "2019-04-12T12:20:29.000000"),
        ("2019-04-12T14:20:29-06:00[America/Denver]", "2019-04-12T20:20:29.000000"),
        ("2019-04-12T14:20:29[America/Denver]", "2019-04-12T20:20:29.000000"),
        ("2019-04-12 14:20:29 Europe/Oslo", "2019-04-12T12:20:29.000000"),
        ("2019-04-12T14:20:29Z[Europe/Oslo]", "2019-04-12T14:20:29.000000"),
        ("2019-04-12 14:20:29.5 -0600 MDT", "2019-04-12T20:20:29.500000"),
        ("2019-04-12 14:20:29 +0000 UTC", "2019-04-12T14:20:29.000000"),
        ("Fri, 12 Apr 2019 14:20:29 -0600", "2019-04-12T20:20:29.000000"),
        ("Apr  9 2019  2:20PM", "2019-04-09T14:20:00.000000"),
        ("Apr 12 2019  2:20:29:500PM", "2019-04-12T14:20:29.500000"),
        ("20190412-142029", "2019-04-12T14:20:29.000000"),
        ("12/04/2019 14:20 h", "2019-04-12T14:20:00.000000"),
        ("1555078829250.0", "2019-04-12T14:20:29.250000"),
        ("1555078829.25", "2019-04-12T14:20:29.250000"),
        ("1555078829250000", "2019-04-12T14:20:29.250000"),
        ("1555078829250000000", "2019-04-12T14:20:29.250000"),
        ("43567.59755787037", "2019-04-12T14:20:29.000000"),
        ("43567,597558", "2019-04-12T14:20:29.000000"),
        ("43567.35", "2019-04-12T08:24:00.000000"),
        ("２０１９／０４／１２ １４：２０", "2019-04-12T14:20:00.000000"),
        ("12/04/2019 14:20 (Fri)", "2019-04-12T14:20:00.000000"),
        ("43567.5", "2019-04-12T12:00:00.000000"),
    ],
)
def test_reads_the_forms_that_systems_write(text: str, utc: str) -> None:
    "Year first or last, 12 or 24 hours, fractions, offsets, epochs"
    assert one(text) == utc


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the time is missing"),
        ("soon", "not a date and time"),
        ("2019-04-12", "not a date and time"),
        ("14:20:29", "not a date and time"),
        ("12-Apx-2019 14:20:29", "not a date and time"),
        ("12 Marble 2019 14:20:29", "not a date and time"),
        ("Apr 1, 20192 14:20", "not a date and time"),
        ("12-Apr-2019", "not a date and time"),
        ("31-Apr-2019 14:20:29", "this date or time of day does not exist"),
        ("Apr 31, 2019 14:20", "this date or time of day does not exist"),
        ("2019-04-12T14Z", "not a date and time"),
        ("155507882", "not a date and time"),
        ("1.5550E+12", "not a date and time"),
        ("31/04/2019 08:00", "this date or time of day does not exist"),
        ("29/02/2019 08:00", "this date or time of day does not exist"),
        ("00/04/2019 08:00", "this date or time of day does not exist"),
        ("2019-13-12 08:00", "this date or time of day does not exist"),
        ("2019-04-12 08:60:00", "this date or time of day does not exist"),
        ("2019-04-12 08:00:60", "this date or time of day does not exist"),
        ("2019-04-12T08:00:00+24:00", "this date or time of day does not exist"),
        ("0001-01-01T00:00:00Z", "not a year from 1970 to 2100"),
        ("01/01/1900 00:00", "not a year from 1970 to 2100"),
        ("1899-12-30 00:00:00", "not a year from 1970 to 2100"),
        ("2569-05-31 08:02:17", "a year of the Buddhist calendar, 543 ahead; export with years such as 2026"),
        ("31/5/2569 8:02", "a year of the Buddhist calendar, 543 ahead; export with years such as 2026"),
        ("2019-04-12 24:00:01", "this date or time of day does not exist"),
        ("2019-04-12 25:00:00", "this date or time of day does not exist"),
        ("2019-04-12 13:30 AM", "this date or time of day does not exist"),
        ("2019-04-12 00:30 PM", "this date or time of day does not exist"),
        ("2019-04-12-06:00", "not a date and time"),
        ("May 31 14:20:29", "not a date and time"),
        ("31 May 14:20:29", "not a date and time"),
        ("31.05. 14:20:29", "not a date and time"),
        ("202605010802", "not a date and time"),
        ("260501080217", "not a date and time"),
        ("192.168.10.20", "not a date and time"),
        ("46143", "not a date and time"),
        ("46143.3349", "not a date and time"),
        ("2019-04-12 14:20:29 XYZ", "not a date and time"),
        ("2019-04-12 14:20:29 EST-0500", "not a date and time"),
        ("2019-04-12 14:20:29 MDT EDT", "not a date and time"),
        ("2019-04-12 14:20:29 [Europe/Nowhere]", "not a date and time"),
        ("2019-04-12 14:20:29 [../../etc/passwd]", "not a date and time"),
        ("Deleted 12/04/2019 14:20:29", "not a date and time"),
        ("12 jui 2019 14:20:29", "not a date and time"),
        ("12/04/2\u200e019 14:20:29", "not a date and time"),
        ("\u4e0b\u53482:20 PM 12/04/2019", "not a date and time"),
    ],
)
def test_rejects_what_is_not_a_time(text: str, reason: str) -> None:
    "Null dates, impossible dates and other texts have different reasons"
    assert one(text) == reason


def twelve(moment: datetime) -> str:
    return f"{(moment.hour - 1) % 12 + 1}:{moment:%M:%S}"


def serial(moment: datetime) -> str:
    days = (moment - datetime(1899, 12, 30)) / timedelta(days=1)  # noqa: DTZ001  (local times have no zone)
    return f"{days:.10f}"


MOMENTS = st.datetimes(datetime(2001, 9, 9, 2), datetime(2068, 12, 30)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
LANGUAGES = [
    names for names in (line.split()[1:] for line in MONTHS) if not set(SHARED_MONTHS).intersection(names)
]
WRITERS: dict[str, Callable[[datetime, list[str]], str]] = {
    "iso": lambda at, _: f"{at:%Y-%m-%dT%H:%M:%S}",
    "compact": lambda at, _: f"{at:%Y%m%d%H%M%S}",
    "compact with T": lambda at, _: f"{at:%Y%m%dT%H%M%S}",
    "day first": lambda at, _: f"{at:%d/%m/%Y %H:%M:%S}",
    "two digits": lambda at, _: f"{at:%d-%m-%y %H:%M:%S}",
    "no zeros": lambda at, _: f"{at.year}-{at.month}-{at.day} {at.hour}:{at.minute}:{at.second}",
    "dots": lambda at, _: f"{at:%d.%m.%Y %H.%M.%S}",
    "DB2": lambda at, _: f"{at:%Y-%m-%d-%H.%M.%S}.000000",
    "fraction after a colon": lambda at, _: f"{at:%Y-%m-%d %H:%M:%S}:000",
    "time first": lambda at, _: f"{at:%H:%M:%S %d/%m/%Y}",
    "12 hours": lambda at, _: f"{at:%d/%m/%Y} {twelve(at)} {'ap'[at.hour > 11]}. m.",
    "PM beside 24 hours": lambda at, _: f"{at:%d/%m/%Y %H:%M:%S} {'AP'[at.hour > 11]}M",
    "Chinese": lambda at, _: f"{at.year}年{at.month}月{at.day}日 {'上下'[at.hour > 11]}午{twelve(at)}",
    "Korean": lambda at, _: f"{at.year}. {at.month}. {at.day}. {('오전', '오후')[at.hour > 11]} {twelve(at)}",
    "month by name": lambda at, names: f"{at.day}. {names[at.month - 1]} {at:%Y, %H:%M:%S}",
    "in capitals": lambda at, names: f"{at.day}-{names[at.month - 1].upper()}-{at:%y %H.%M.%S}",
    "month first": lambda at, names: (
        f"{names[at.month - 1]} {at.day}, {at:%Y} {twelve(at)} {'AP'[at.hour > 11]}M"
    ),
    "no-break spaces and marks": lambda at, _: f"\u200e{at:%d}\u200e/{at:%m/%Y}\u00a0\u200f{at:%H:%M:%S}",
    "letters": lambda at, _: f"{at:%Y-%m-%d %H:%M:%S} UTC",
    "epoch": lambda at, _: f"{at.replace(tzinfo=UTC).timestamp():.3f}",
    "microseconds": lambda at, _: f"{at.replace(tzinfo=UTC).timestamp():.0f}000000",
    "serial number": lambda at, _: serial(at),
}


@pytest.mark.not_quick
@pytest.mark.parametrize("form", WRITERS)
@given(st.lists(MOMENTS, min_size=1, max_size=8), st.sampled_from(LANGUAGES))
@settings(deadline=None, max_examples=40)
def test_what_is_written_in_a_form_is_read_as_it_was(
    form: str, moments: list[datetime], names: list[str]
) -> None:
    "To the second, whatever the moment, the language and the other times in the column"
    times = read(*(WRITERS[form](moment, names) for moment in moments))
    assert times.utc.tolist() == moments


@pytest.mark.not_quick
@given(
    st.lists(
        st.text(
            st.sampled_from("0123456789-/.:, +TZAPMapm[]()年月日上午َ\u200e\u00a0١JanMaymardiEST"), max_size=30
        )
        | st.text(max_size=30),
        max_size=10,
    ),
    st.sampled_from(["UTC", "America/Denver", "Asia/Kolkata", None]),
    st.sampled_from([True, False, None]),
)
@settings(deadline=None, max_examples=300)
def test_any_text_is_read_or_has_a_reason(texts: list[str], zone: str | None, day_first: bool | None) -> None:
    "Nothing is raised, and each time is either there or has one of the reasons"
    if not texts:
        return
    times = read(*texts, zone=zone, day_first=day_first)
    assert (np.isnat(times.utc) == (times.problem > 0)).all()
    assert set(times.problem[times.problem > 0]) <= set(REASONS)


def test_a_shape_without_end_is_not_looked_at() -> None:
    "A text of a megabyte, and ten thousand texts that differ in shape, are rejected at once"
    times = read("1:00 " * 200_000, *("1:00" + "x" * (n % 90) + chr(97 + n % 26) for n in range(10_000)))
    assert set(times.problem.tolist()) == {UNREADABLE}


ISO_TIMES = st.datetimes(datetime(1970, 1, 2), datetime(2100, 12, 30))  # noqa: DTZ001  (local times have no zone)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@pytest.mark.not_quick
@given(st.lists(st.tuples(ISO_TIMES, OFFSETS), min_size=1, max_size=20), st.sampled_from("T "))
@settings(deadline=None)
def test_the_fast_way_and_the_general_one_agree(
    moments: list[tuple[datetime, timezone]], between: str
) -> None:
    "A column of ISO times is read the same alone and together with a text that needs the general way"
    texts = [moment.replace(tzinfo=zone).isoformat(between) for moment, zone in moments]
    alone, together = read(*texts), read(*texts, "soon")
    expected = [moment.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None) for moment, zone in moments]
    assert alone.utc.tolist() == together.utc[:-1].tolist() == expected
    assert alone.offset == together.offset


@pytest.mark.not_quick
@given(ISO_TIMES.map(lambda it: it.replace(microsecond=0)))
@settings(deadline=None)
def test_local_times_agree_with_the_standard_library(moment: datetime) -> None:
    "A local time that exists once is placed where the zone database says"
    first, second = (moment.replace(tzinfo=DENVER, fold=fold).astimezone(UTC) for fold in (0, 1))
    exists_once = first == second
    placed = one(moment.isoformat(), zone="America/Denver")
    if exists_once:
        assert placed == f"{first:%Y-%m-%dT%H:%M:%S}.000000"
    else:
        assert "clock change" in (placed or "")


def test_the_hour_a_clock_change_skips_is_rejected(tmp_path: Path) -> None:
    "02:30 did not exist on the day the clocks went forward"
    log = load(
        tmp_path,
        "2019-03-10 01:59:59",
        "2019-03-10 02:30:00",
        "2019-03-10 03:00:00",
        timezone="America/Denver",
    )
    assert log.events["event_time"].dt.strftime("%H:%M").tolist() == ["08:59", "09:00"]
    assert log.rejected[["line", "reason"]].values.tolist() == [[3, "in the hour that a clock change skips"]]


def test_the_hour_a_clock_change_repeats_is_rejected_where_nothing_decides(tmp_path: Path) -> None:
    "01:30 came twice on the day the clocks went back"
    log = load(
        tmp_path,
        "2019-11-03 00:30:00",
        "2019-11-03 01:30:00",
        "2019-11-03 02:30:00",
        timezone="America/Denver",
    )
    assert len(log.events) == 2
    assert "repeats" in log.rejected["reason"].iloc[0]


REPEATED = ["00:50", "01:10", "01:50", "01:05", "01:40", "02:10"]
REPEATED_UTC = ["06:50", "07:10", "07:50", "08:05", "08:40", "09:10"]


@pytest.mark.parametrize("newest_first", [False, True])
def test_the_order_of_the_file_shows_the_passes_of_a_repeated_hour(
    tmp_path: Path, newest_first: bool
) -> None:
    "A file in order of time that goes back once in that hour shows which times came first"
    step = -1 if newest_first else 1
    texts = [f"2019-11-03 {at}:00" for at in REPEATED][::step]
    log = load(tmp_path, *texts, timezone="America/Denver")
    assert log.events["event_time"].dt.strftime("%H:%M").tolist() == REPEATED_UTC[::step]
    assert log.rejected.empty


@pytest.mark.parametrize(
    "times",
    [
        ["00:50", "01:50", "01:05", "01:40", "01:20", "02:10"],  # goes back twice
        ["03:50", "01:50", "01:05", "02:10"],  # is in no order elsewhere
        ["01:50", "01:05"],  # has nothing elsewhere
    ],
)
def test_a_file_in_another_order_proves_nothing(tmp_path: Path, times: list[str]) -> None:
    "Then the repeated hour is rejected"
    log = load(tmp_path, *(f"2019-11-03 {at}:00" for at in times), timezone="America/Denver")
    assert len(log.rejected) == sum(at.startswith("01") for at in times)


def load_swipes(tmp_path: Path, *swipes: str, columns: str = "timestamp,reader_id") -> BadgeLog:
    "A log of one night in Denver, each swipe written as time and further cells"
    path = tmp_path / "badges.csv"
    rows = [f"2019-11-03 {swipe.replace(' ', ',')},{n}" for n, swipe in enumerate(swipes)]
    path.write_text("\n".join([f"{columns},UserID", *rows, ""]))
    return load_badges(path, "America/Denver")


SORTED_BY_READER = ["00:50 A", "01:10 A", "01:30 A", "01:05 B", "01:40 B", "02:10 B"]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("column", ["reader_id", "UserID", "outcome"])
def test_a_file_that_may_be_sorted_by_something_else_proves_nothing(
    tmp_path: Path, column: str, newest_first: bool
) -> None:
    "Where the step back is also the step from one reader, person or outcome to the next, it proves nothing"
    path = tmp_path / "badges.csv"
    rows = [f"2019-11-03 {swipe.replace(' ', ':00,')}" for swipe in SORTED_BY_READER]
    other = "UserID" if column != "UserID" else "note"
    rows = [f"{row},{n}" for n, row in enumerate(rows)][:: -1 if newest_first else 1]
    path.write_text("\n".join([f"timestamp,{column},{other}", *rows, ""]))
    log = load_badges(path, "America/Denver")
    assert log.events["event_time"].dt.strftime("%H:%M").sort_values().tolist() == ["06:50", "09:10"]
    assert log.rejected["reason"].str.contains("a clock change repeats").sum() == 4


def test_a_report_that_is_sorted_by_reader_within_each_day_proves_nothing(tmp_path: Path) -> None:
    "The readers occur again on the next day, and still each day is sorted by them"
    path = tmp_path / "badges.csv"
    day_before = ["2019-11-02 10:00,A,8", "2019-11-02 11:00,A,7", "2019-11-02 12:00,B,7"]
    rows = [f"2019-11-03 {swipe.replace(' ', ',')},{n}" for n, swipe in enumerate(SORTED_BY_READER)]
    path.write_text("\n".join(["timestamp,reader_id,UserID", *day_before, *rows, ""]))
    assert len(load_badges(path, "America/Denver").rejected) == 4


def test_rows_sorted_by_two_columns_prove_nothing(tmp_path: Path) -> None:
    "By reader and then by outcome, so that the outcomes alternate from reader to reader"
    swipes = ["00:50 A denied", "01:30 A denied", "01:10 A granted", "02:10 A granted",
              "02:20 B denied", "02:30 B denied", "02:40 B granted", "02:50 B granted"]  # fmt: skip
    log = load_swipes(tmp_path, *swipes, columns="timestamp,reader_id,outcome")
    assert len(log.rejected) == 2


def test_in_a_file_sorted_by_reader_each_readers_own_order_counts(tmp_path: Path) -> None:
    "A reader whose own swipes go back once proves its own passes, not those of the next reader"
    log = load_swipes(tmp_path, "00:50 A", "01:30 A", "01:10 A", "01:20 B", "01:40 B", "02:10 B")
    assert log.events["event_time"].dt.strftime("%H:%M").tolist() == ["06:50", "07:30", "08:10", "09:10"]
    assert log.rejected["line"].tolist() == [5, 6]


def test_a_file_in_which_readers_take_turns_is_in_order_of_time(tmp_path: Path) -> None:
    "It is not sorted by reader, so its one step back is proof, whichever readers are next to it"
    log = load_swipes(tmp_path, "00:50 B", "01:10 A", "01:50 A", "01:05 B", "01:40 B", "02:10 A")
    assert log.events["event_time"].dt.strftime("%H:%M").tolist() == REPEATED_UTC
    assert log.rejected.empty


def test_an_offset_decides_the_pass_of_a_repeated_hour(tmp_path: Path) -> None:
    "A time with an offset does not need a zone or an order"
    log = load(tmp_path, "2019-11-03T01:30:00-06:00", "2019-11-03T01:30:00-07:00", timezone="America/Denver")
    assert log.events["event_time"].dt.strftime("%H:%M").tolist() == ["07:30", "08:30"]


def test_a_log_of_naive_times_needs_the_zone(tmp_path: Path) -> None:
    "Without any offset no time can be placed: the error names the file, the line and the argument"
    with pytest.raises(TimestampError, match=r"badges\.csv.*'2019-04-12 14:20:29' in line 2.*timezone="):
        load(tmp_path, "2019-04-12 14:20:29", "2019-04-12 14:21:00")


def test_rejects_naive_time_without_a_zone(tmp_path: Path) -> None:
    "A local time among others with an offset is rejected with its line, unless the site's zone is given"
    times = ["2019-04-12T14:20:29Z", "2019-04-12 14:20:29"]
    assert load(tmp_path, *times).rejected["line"].tolist() == [3]
    assert load(tmp_path, *times, timezone="America/Denver").events["event_time"].iloc[1].hour == 20


@pytest.mark.not_quick
@pytest.mark.parametrize(
    ("heading", "utc"),
    [
        ("Time (UTC)", "14:20"),
        ("EventUTC", "14:20"),
        ("time_gmt", "14:20"),
        ("Time(UTC+08:00)", "06:20"),
        ("UTC-6", "20:20"),
        ("When (UTC\u221206:00)", "20:20"),
        ("When (UTC\u20136)", "20:20"),
        ("When (UTC - 6)", "20:20"),
        ("When UTC (+0530)", "08:50"),
        ("When (UTC+530)", "08:50"),
        ("GMT time (UTC)", "14:20"),
        ("Notation UTC 'Z'", "14:20"),
        ("(UTC-06:00) Event Date and Time", "20:20"),
        ("UTC+2_timestamp", "12:20"),
        ("MESSAGE_TIME_UTC", "14:20"),
        ("MESSZEIT UTC", "14:20"),
        ("ESTIMATED UTC", "14:20"),
        ("MES timestamp UTC", "14:20"),
        ("Time (UTC; 24h)", "14:20"),
        ("Time (UTC) from panel", "14:20"),
        ("Central server time (UTC)", "14:20"),
        ("Time (UTC+2h)", "12:20"),
        ("Event Time (UTC+00:00) [ms]", "14:20"),
        ("UTC-05:00 Fecha y hora", "19:20"),
        ("UTC+01:00 Date/heure", "13:20"),
        ("(UTC) Coordinated Universal Time", "14:20"),
        ("UTC Date Time", "14:20"),
        ("Nextgen door time UTC", "14:20"),
        ("TimeUtc", "14:20"),
        ("UTCtime", "14:20"),
        ("eventTimeGmt", "14:20"),
        ("timestamputc", "14:20"),
        ("Time (Zulu)", "14:20"),
        ("Time (Z)", "14:20"),
        ("Time (+02:00)", "12:20"),
        ("Time [-0500]", "19:20"),
        ("Event Time (America/New_York)", "18:20"),
        ("Local time (Europe/London)", "13:20"),
        ("Uhrzeit Asia/Kolkata", "08:50"),
    ],
)
def test_a_column_with_utc_in_its_name_needs_no_zone(tmp_path: Path, heading: str, utc: str) -> None:
    "Naive times are in UTC, or at the offset that the heading names, whatever the site's zone is"
    path = tmp_path / "badges.csv"
    path.write_text(f"{heading},Badge\n2019-04-12 14:20:29,7\n", encoding="utf-8")
    columns = {"event_time": heading, "cardholder_id": "Badge"}
    for zone in (None, "America/Denver"):
        log = load_badges(path, zone, columns=columns)
        assert log.events["event_time"].dt.strftime("%H:%M").tolist() == [utc]


@pytest.mark.not_quick
@pytest.mark.parametrize(
    "heading",
    [
        "Local time (not UTC)",
        "Local time, not in UTC",
        "non-UTC time",
        "NO_UTC",
        "When (UTC\u00b16)",
        "When (UTC 6)",
        "When (UTC~6:00)",
        "When (UTC+5.5)",
        "When (UTC minus 6)",
        "When (UTC+1/+2)",
        "When (UTC-10/-9)",
        "When (UTC+99)",
        "When (UTC+05:75)",
        "GMT time (UTC+2)",
        "Event Time (UTC-07:00) Mountain Time (US & Canada)",
        "Mountain Time (UTC-7)",
        "(UTC+00:00) Dublin, Edinburgh, Lisbon, London",
        "(UTC+01:00) Berlin",
        "Time (GMT Daylight Time)",
        "Time (GMT Standard Time)",
        "GMT/BST",
        "Time UTC (EST+5)",
        "Local time (converted from UTC)",
        "LocalTimeUTC",
        "Time in local zone, UTC in next column",
        "Site date vs. UTC",
        "Local Date (UTC)",
        "Time (lokal/UTC)",
        "UTC summer",
        "UTC Winter",
        "Hora de verano (UTC+2)",
        "Ortszeit (UTC+1)",
        "Mitteleuropäische Zeit (UTC+1)",
        "Heure de Paris (UTC+1)",
        "Time (Europe/Berlin, UTC+1)",
        "America/New_York (UTC)",
        "London time (GMT)",
        "Eastern Time (GMT)",
        "Central European Time (UTC)",
        "Pacific time (UTC)",
        "Time (ET, UTC-5)",
        "UTC (AEST)",
        "UTC/CEST",
        "Time (UTC/local)",
        "Time (UTC, -6)",
        "Site time (from UTC)",
        "UTCLocalTime",
        "Time (EST)",
        "Date/Time (CET)",
        "Zeit (MESZ)",
        "event_time_est",
        "Time (IST)",
        "Eastern Daylight Time",
        "Time (ET)",
        "Time (America/Chicago/Denver)",
        "Ortszeit, Berlin (+02:00)",
    ],
)
def test_a_heading_that_does_not_name_the_zone_clearly_leaves_it_to_the_caller(
    tmp_path: Path, heading: str
) -> None:
    "One that denies UTC, has an offset in an unusual form, or names a zone with summer time is not taken for UTC"
    path = tmp_path / "badges.csv"
    path.write_text(
        f"{heading},Badge\n2019-04-12 14:20:29,7\n".replace(heading, f'"{heading}"'), encoding="utf-8"
    )
    columns = {"event_time": heading, "cardholder_id": "Badge"}
    log = load_badges(path, "America/Denver", columns=columns)
    assert log.events["event_time"].dt.strftime("%H:%M").tolist() == ["20:20"]
    doubt = f"badges.csv: times were read in America/Denver as given, though their heading {heading!r} names a zone"
    denied = any(word in heading.lower() for word in ("not ", "non-", "no_", "from utc", "vs. utc"))
    assert [problem.startswith(doubt) for problem in log.problems()] == ([] if denied else [True])
    with pytest.raises(TimestampError, match="as in timezone="):
        load_badges(path, columns=columns)


@pytest.mark.parametrize(
    ("heading", "zone"),
    [
        ("Time (MDT)", "America/Denver"),
        ("Time (MT)", "America/Denver"),
        ("Zeit (MESZ)", "Europe/Berlin"),
        ("Time (IST)", "Asia/Kolkata"),
        ("Mountain Time (UTC-6)", "America/Denver"),
        ("Ist-Zeit", "Europe/Berlin"),
        ("BUTCHER TIME", "Europe/Berlin"),
        ("Converted from Europe/London", "America/Denver"),
    ],
)
def test_a_heading_that_agrees_with_the_zone_leaves_no_doubt(tmp_path: Path, heading: str, zone: str) -> None:
    "Where the clocks that it names showed the same at all these moments"
    path = tmp_path / "badges.csv"
    path.write_text(f'"{heading}",Badge\n2019-04-12 14:20:29,7\n', encoding="utf-8")
    log = load_badges(path, zone, columns={"event_time": heading, "cardholder_id": "Badge"})
    assert log.problems() == []
    assert log.events["event_time"].iloc[0] == datetime(2019, 4, 12, 14, 20, 29, tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("heading", "value", "is_doubtful"),
    [
        ("UTC Offset", "UTC", True),
        ("UTC Offset", "-05:00", True),
        ("UTC Offset", "-300", True),
        ("UTC Offset", "-06:00", False),
        ("Time Zone", "America/New_York", True),
        ("Time Zone", "America/Denver", False),
        ("Time Zone", "MDT", False),
        ("Time Zone", "Mountain Time", True),
        ("timezone", "EST", True),
        ("Zeitzone", "Europe/London", True),
        ("Region", "Europe/London", True),
        ("Versatz", "+02:00", True),
        ("Zone", "3", False),
        ("Building", "WEST", False),
        ("Time Zone", "", False),
    ],
)
def test_a_column_that_may_name_the_zone_leaves_a_doubt(
    tmp_path: Path, heading: str, value: str, is_doubtful: bool
) -> None:
    "It is not used, as it may be the site's while the times are in UTC; where it agrees, nothing is said"
    path = tmp_path / "badges.csv"
    path.write_text(f"When,Badge,{heading}\n2019-04-12 14:20:29,7,{value}\n", encoding="utf-8")
    log = load_badges(path, "America/Denver", columns={"event_time": "When", "cardholder_id": "Badge"})
    assert log.events["event_time"].dt.strftime("%H:%M").tolist() == ["20:20"]
    assert [repr(heading) in problem and "line 2" in problem for problem in log.problems()] == [
        True
    ] * is_doubtful


@pytest.mark.parametrize(
    ("line", "is_doubtful"),
    [
        ("All times are UTC", True),
        ("Time zone: Europe/London", True),
        ("All times in EST", True),
        ("Eastern Time (US & Canada)", True),
        ("Times are UTC-06:00", False),
        ("Time zone: America/Denver", False),
        ("Report of the WEST wing", False),
    ],
)
def test_a_line_beside_the_table_that_names_another_zone_leaves_a_doubt(
    tmp_path: Path, line: str, is_doubtful: bool
) -> None:
    "Above the header or below the rows"
    path = tmp_path / "badges.csv"
    table = "timestamp,UserID\n2019-04-12 14:20:29,7\n"
    for text in (f"{line}\n{table}", f"{table}{line}\n"):
        path.write_text(text)
        problems = load_badges(path, "America/Denver").problems()
        assert any(f"though there is a line {line!r}" in problem for problem in problems) == is_doubtful


def test_times_that_the_zone_did_not_place_leave_no_doubt(tmp_path: Path) -> None:
    "Whatever their heading names: each has its offset, in the text or in a column of its own"
    path = tmp_path / "badges.csv"
    path.write_text("Local time (UTC),Badge\n2019-04-12 14:20:29+02:00,7\n,8\n", encoding="utf-8")
    columns = {"event_time": "Local time (UTC)", "cardholder_id": "Badge"}
    assert len(load_badges(path, "America/Denver", columns=columns).problems()) == 1
    path.write_text("Local time (UTC),Badge,East\n2019-04-12 14:20:29,7,120\n", encoding="utf-8")
    assert load_badges(path, "America/Denver", columns={**columns, "minutes_east": "East"}).problems() == []


def test_the_summary_says_that_the_heading_names_the_zone(tmp_path: Path) -> None:
    "A heading takes precedence over timezone=, so the log mentions it"
    path = tmp_path / "badges.csv"
    path.write_text("When (UTC\u22126),Badge\n2019-04-12 14:20:29,7\n", encoding="utf-8")
    columns = {"event_time": "When (UTC\u22126)", "cardholder_id": "Badge"}
    summary = load_badges(path, "America/Denver", columns=columns).summary()
    assert "badges.csv: times in UTC-06:00, by the heading 'When (UTC\u22126)'." in summary
    path.write_text("Time (UTC),Badge\n2019-04-12 14:20:29,7\n", encoding="utf-8")
    columns["event_time"] = "Time (UTC)"
    assert (
        "badges.csv: times in UTC, by the heading 'Time (UTC)'."
        in load_badges(path, columns=columns).summary()
    )


def test_a_word_that_merely_contains_utc_says_nothing(tmp_path: Path) -> None:
    "The butcher's time is local"
    path = tmp_path / "badges.csv"
    path.write_text("Butcher time,Badge\n2019-04-12 14:20:29,7\n")
    with pytest.raises(TimestampError):
        load_badges(path, columns={"event_time": "Butcher time", "cardholder_id": "Badge"})


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (["01/05/2026 08:00", "13/05/2026 08:00"], ["05-01", "05-13"]),
        (["01/05/2026 08:00", "05/13/2026 08:00"], ["01-05", "05-13"]),
        (["05/05/2026 08:00", "06/06/2026 08:00"], ["05-05", "06-06"]),
    ],
)
def test_the_whole_column_decides_between_day_and_month(
    tmp_path: Path, times: list[str], expected: list[str]
) -> None:
    "One day above 12 decides for all; if both are always the same number, nothing needs to be decided"
    log = load(tmp_path, *times, timezone="UTC")
    assert log.events["event_time"].dt.strftime("%m-%d").tolist() == expected


def test_what_decided_the_order_of_day_and_month_is_shown(tmp_path: Path) -> None:
    "The summary names the line, so that anyone can check it"
    log = load(tmp_path, "01/05/2026 08:00", "13/05/2026 08:00", timezone="UTC")
    assert "badges.csv: dates day first, shown by line 3." in log.summary()


def table_of(tmp_path: Path, name: str, *times: str) -> ExportTable:
    path = tmp_path / name
    path.write_text("timestamp,UserID\n" + "".join(f"{time},{n}\n" for n, time in enumerate(times)))
    return read_export(Export(path), Given())


@pytest.mark.parametrize(
    ("times", "shown"),
    [
        (["01/05/2026 08:00", "13/05/2026 08:00"], "day first, shown by line 3"),
        (["05/13/2026 08:00", "05/01/2026 08:00"], "month first, shown by line 2"),
        (["2026-05-01 08:00"], ""),
    ],
)
def test_an_export_says_which_order_it_shows(tmp_path: Path, times: list[str], shown: str) -> None:
    "The answer has the line that shows it; nothing is said where nothing is to be decided"
    assert interpret(table_of(tmp_path, "a.csv", *times), Given(zone=DENVER)).times.dates == shown


@pytest.mark.parametrize(
    "times", [["01/05/2026 08:00", "02/05/2026 08:00"], ["13/05/2026 08:00", "05/13/2026 08:00"]]
)
def test_an_export_that_shows_neither_order_or_both_asks(tmp_path: Path, times: list[str]) -> None:
    "The message says what to answer"
    with pytest.raises(BadgeFileError, match="with day_first=True or day_first=False"):
        interpret(table_of(tmp_path, "a.csv", *times), Given(zone=DENVER))


def test_an_export_of_the_same_shape_can_show_the_order(tmp_path: Path) -> None:
    "It decides where the export itself does not, but never against it, and the log says which line of which file"
    undecided = table_of(tmp_path, "a.csv", "01/05/2026 08:00", "02/05/2026 08:00")
    part = interpret(undecided, Given(zone=DENVER), (True, "b.csv, line 2"))
    assert part.times.dates == "day first, shown by b.csv, line 2"
    assert part.events.to_pandas()["event_time"].dt.strftime("%m-%d").tolist() == ["05-01", "05-02"]
    own = table_of(tmp_path, "c.csv", "05/13/2026 08:00", "05/01/2026 08:00")
    assert (
        interpret(own, Given(zone=DENVER), (True, "b.csv, line 2")).times.dates
        == "month first, shown by line 2"
    )


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (["01/05/2026 08:00", "02/05/2026 08:00"], "either day or month may come first.*day_first="),
        (
            ["13/05/2026 08:00", "05/13/2026 08:00"],
            "line 2 has the day first and line 3 the month.*day_first=",
        ),
    ],
)
def test_a_file_that_does_not_decide_between_day_and_month_is_an_error(
    tmp_path: Path, times: list[str], message: str
) -> None:
    "It is not guessed, and the error names the argument that decides"
    with pytest.raises(BadgeFileError, match=message):
        load(tmp_path, *times, timezone="UTC")


def test_a_month_by_its_name_needs_no_decision(tmp_path: Path) -> None:
    "It is clear which number is the day, also next to other forms"
    log = load(tmp_path, "01-May-2026 08:00", "May 2 2026 08:00", "2026-05-03 08:00", timezone="UTC")
    assert log.events["event_time"].dt.strftime("%m-%d").tolist() == ["05-01", "05-02", "05-03"]


def test_day_first_decides_and_rejects_what_does_not_fit(tmp_path: Path) -> None:
    "With the order passed, dates that do not exist in it are rejected"
    log = load(tmp_path, "01/05/2026 08:00", "05/13/2026 08:00", timezone="UTC", day_first=True)
    assert log.events["event_time"].dt.strftime("%m-%d").tolist() == ["05-01"]
    assert log.rejected["line"].tolist() == [3]


def test_one_date_of_another_form_does_not_stop_the_file(tmp_path: Path) -> None:
    "In a column of ISO times a single 01/05/2026 is a rejected row"
    log = load(tmp_path, "2026-05-01 08:00", "01/05/2026 08:00", "2026-05-02 08:00", timezone="UTC")
    assert log.rejected["reason"].tolist() == ["day or month may come first; say which, with day_first="]


def test_the_sites_zone_is_the_one_offset_of_all_times(tmp_path: Path) -> None:
    "Without a zone given, a constant offset serves for display; several offsets do not"
    assert (
        str(load(tmp_path, "2019-04-12T14:20:29-06:00", "2019-04-12T14:20:30-06:00").timezone) == "UTC-06:00"
    )
    assert load(tmp_path, "2019-04-12T14:20:29-06:00", "2019-04-12T14:20:30-07:00").timezone is None
    assert load(tmp_path, "2019-04-12T14:20:29-06:00", timezone="America/Denver").timezone == DENVER


@pytest.mark.parametrize("name", ["Denver", "America", "../etc/passwd", "", "UTC+99:00"])
def test_a_zone_that_does_not_exist_is_explained(name: str) -> None:
    "The error shows what a zone looks like"
    with pytest.raises(TimestampError, match="America/Denver"):
        as_zone(name)


def test_fixed_offsets_are_zones() -> None:
    "The zone that a log shows can be passed to load_badges"
    assert as_zone("UTC-06:00") == as_zone("-0600") == timezone(timedelta(hours=-6))


@pytest.mark.parametrize(
    ("word", "month"),
    [("sept", 9), ("Février", 2), ("FÉVR", 2), ("jui", None), ("jan", 1), ("paź", 10), ("июл", 7), ("мая", 5),
     ("Kas", 11), ("mart", 3), ("Mrz", 3), ("marraskuu", 11), ("ma", None), ("door", None)],
)  # fmt: skip
def test_a_month_is_known_by_its_name_or_its_beginning(word: str, month: int | None) -> None:
    "In any case, with or without accents; a beginning that two months share names neither"
    assert month_of(word) == month


def test_every_name_of_a_month_and_its_first_letters_mean_that_month() -> None:
    "Unless the letters are too few to tell, as in jui (French), čer (Czech) and srp and lis (Slavic)"
    for names in LANGUAGES:
        for number, name in enumerate(names, start=1):
            assert month_of(name) == number
            assert month_of(name[:4]) in (
                number,
                None if name[:3] in ("jui", "čer", "srp", "lis") else number,
            )
            assert month_of(name[:3]) in (number, None)


@pytest.mark.parametrize(
    ("text", "zone", "month"),
    [
        ("1. listopada 2026. 08:00", "Europe/Zagreb", 10),
        ("1 lis 2026 08:00", "Europe/Zagreb", 10),
        ("1 lip 2026 08:00", "Europe/Zagreb", 6),
        ("1 listopada 2026 08:00", "Europe/Warsaw", 11),
        ("1 lip 2026 08:00", "Europe/Warsaw", 7),
        ("1. listopad 2026 08:00", "Europe/Prague", 11),
        ("1. srp 2026 08:00", "Europe/Prague", 8),
        ("1. listopada 2026. 08:00", "UTC", None),
        ("1-LIS-2026 08:00", "America/Denver", None),
        ("1. studenoga 2026. 08:00", "UTC", 11),
        ("1. lipnja 2026. 08:00", "UTC", 6),
        ("1. června 2026 08:00", "UTC", 6),
        ("1. července 2026 08:00", "UTC", 7),
    ],
)
def test_a_month_that_is_another_one_in_another_language_needs_the_zone(
    text: str, zone: str, month: int | None
) -> None:
    "The site's zone tells the language; elsewhere the row is rejected, with the reason"
    local = datetime(2026, month, 1, 8, tzinfo=as_zone(zone)) if month else None
    assert one(text, zone=zone) == (
        f"{local.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000000}" if local else REASONS[MONTH]
    )


def test_a_weekday_is_known() -> None:
    "In full or as two letters or more"
    assert all(map(is_weekday, ("Mon", "Montag", "lundi", "пн", "Çarşamba", "miér")))
    assert not any(map(is_weekday, ("M", "door", "deleted")))


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("2026-07-01 08:00 IST", "Asia/Kolkata", "02:30"),
        ("2026-07-01 08:00 IST", "Europe/Dublin", "07:00"),
        ("2026-07-01 08:00 IST", "Asia/Jerusalem", None),  # it is IDT then
        ("2026-07-01 08:00 BST", "Europe/London", "07:00"),
        ("2026-01-15 08:00 BST", "Europe/London", None),
        ("2026-01-15 08:00 CST", "America/Chicago", "14:00"),
        ("2026-01-15 08:00 CST", "Asia/Shanghai", "00:00"),
        ("2026-01-15 08:00 CST", "Europe/Oslo", None),
        ("2026-01-15 08:00 PST", "Asia/Manila", "00:00"),
        ("2026-01-15 08:00 AST", "America/Halifax", "12:00"),
        ("2026-07-01 08:00 EST", "Australia/Sydney", None),
        ("2026-01-15 08:00 EST", "Australia/Sydney", None),
        ("2026-01-15 08:00 EDT", "Australia/Hobart", None),
        ("2026-07-01 08:00 EST", "Australia/Brisbane", None),
        ("2026-07-01 08:00 EST", "+10:00", None),
        ("2026-01-15 08:00 CDT", "Australia/Adelaide", None),
        ("2026-01-15 08:00 MST", "Asia/Kuala_Lumpur", None),
        ("2026-07-01 08:00 CDT", "America/Havana", "12:00"),
        ("2026-07-01 08:00 EST", "America/Jamaica", "13:00"),
        ("2026-07-01 08:00 EDT", "Europe/London", "12:00"),
        ("2026-07-01 08:00 AEST", "Australia/Sydney", "22:00"),
        ("2026-11-01 01:30 MST", "America/Denver", "08:30"),
        ("2026-11-01 01:30 MDT", "America/Denver", "07:30"),
        ("2026-11-01 01:30 CDT", "America/Chicago", "06:30"),
        ("2026-11-01 01:30 CST", "America/Chicago", "07:30"),
    ],
)
def test_letters_that_several_zones_have_are_those_of_the_site(text: str, zone: str, utc: str | None) -> None:
    "Where its clocks show them at that moment; elsewhere the row is rejected, and the letters decide a repeated hour"
    placed = one(text, zone=zone)
    assert placed == (REASONS[LETTERS] if utc is None else f"{placed}"[:11] + f"{utc}:00.000000")


def test_letters_that_several_zones_have_need_the_sites_zone(tmp_path: Path) -> None:
    "CST alone may be Chicago or Shanghai: the error names the argument"
    with pytest.raises(TimestampError, match=r"'2026-01-15 08:00 CST' in line 2.*timezone="):
        load(tmp_path, "2026-01-15 08:00 CST")


def test_letters_of_the_other_half_of_the_year_leave_a_doubt(tmp_path: Path) -> None:
    "EST in July is read as written, and the log says that New York shows EDT then"
    log = load(tmp_path, "2026-07-01 08:00 EST", "2026-07-01 08:00 EDT", timezone="America/New_York")
    assert log.events["event_time"].dt.strftime("%H:%M").tolist() == ["13:00", "12:00"]
    [problem] = log.problems()
    assert problem.startswith(
        "badges.csv: line 2: read in EST as written, though the clocks in America/New_York do not"
    )


def test_the_hour_that_a_named_zone_repeats_is_rejected(tmp_path: Path) -> None:
    "A zone's name behind the time does not say which pass it is"
    log = load(
        tmp_path, "2026-11-01T01:30:00[America/Denver]", "2026-11-01T03:30:00[America/Denver]", timezone="UTC"
    )
    assert log.rejected["line"].tolist() == [2]


@pytest.mark.parametrize("zone", ["EST", "MST", "GMT"])
def test_a_zone_without_summer_time_leaves_a_doubt(tmp_path: Path, zone: str) -> None:
    "An investigator in New York who writes EST would be an hour off in July: the log names the place"
    [problem] = load(tmp_path, "2026-07-01 08:02:17", timezone=zone).problems()
    assert f"times were read in {zone} as given, which does not have summer time" in problem
    assert "timezone='" in problem


@pytest.mark.parametrize(
    ("time", "zone"),
    [
        ("2026-01-15 08:02:17", "EST"),
        ("2026-07-01 08:02:17-05:00", "EST"),
        ("2026-07-01 08:02:17", "America/Phoenix"),
    ],
)
def test_a_zone_without_summer_time_leaves_no_doubt_where_it_does_not_matter(
    tmp_path: Path, time: str, zone: str
) -> None:
    "In winter, for times with an offset, and for a place whose clocks do not change"
    assert load(tmp_path, time, timezone=zone).problems() == []


def old_file(tmp_path: Path, *times: str, **options: object) -> BadgeLog:
    "A log whose file was last written in November 2026"
    load(tmp_path, *times, **{"timezone": "UTC", **options})
    path = tmp_path / "badges.csv"
    os.utime(path, (1_795_000_000, 1_795_000_000))
    return load_badges(path, **{"timezone": "UTC", **options})  # type: ignore[arg-type]


def test_events_later_than_the_file_leave_a_doubt(tmp_path: Path) -> None:
    "They stay events, and the log names their lines and when the file was written"
    log = old_file(tmp_path, "2026-05-01 08:02:17", "2075-02-28 16:38:24", "2026-11-18 23:00:00")
    assert len(log.events) == 3
    assert log.problems() == [
        "badges.csv: line 3: later than the file itself, which was written on 2026-11-18: check the clock of the "
        "system, and the order of day, month and year."
    ]


def test_a_sentence_names_the_first_lines_and_how_many_more_there_are(tmp_path: Path) -> None:
    "A clock that is wrong throughout does not fill the page"
    [problem] = old_file(tmp_path, *(f"2027-01-01 08:{minute:02d}" for minute in range(9))).problems()
    assert "lines 2, 3, 4, 5, 6 and 4 more: later than the file" in problem


def test_events_years_from_all_others_leave_a_doubt(tmp_path: Path) -> None:
    "A device whose battery died writes 2000-01-01"
    log = old_file(tmp_path, "2026-05-01 08:02:17", "2000-01-01 00:00:03", "2026-05-01 08:05:00")
    assert log.problems() == [
        "badges.csv: line 3: years away from the other events: check the clock of the system."
    ]


def test_a_null_date_leaves_a_doubt(tmp_path: Path) -> None:
    "Zero seconds are 1970-01-01, also among nothing but such events"
    [problem] = old_file(tmp_path, "1970-01-01 00:00:00", "1970-01-01 00:00:01").problems()
    assert "lines 2, 3: 1970-01-01 is what a clock or a field shows that was never set" in problem


def test_a_log_of_many_years_leaves_no_doubt(tmp_path: Path) -> None:
    "As long as it does not pause for years"
    assert old_file(tmp_path, *(f"{year}-05-01 08:00" for year in range(2001, 2026))).problems() == []


SWAPPED = ["2026-01-05 08:00", "2026-02-05 08:00", "2026-12-05 08:00", "13/05/2026 08:00", "14/05/2026 08:00"]


@pytest.mark.parametrize(
    "times", [SWAPPED, ["2026-05-01 08:00", "2026-05-12 08:00", "05/13/2026 08:00", "05/31/2026 08:00"]]
)
def test_a_column_that_a_spreadsheet_swapped_in_half_leaves_a_doubt(tmp_path: Path, times: list[str]) -> None:
    "It made dates of what it could read in its order, all days up to 12, and left the rest, all days above"
    assert "a spreadsheet seems to have swapped day and month" in "".join(
        load(tmp_path, *times, timezone="UTC").problems()
    )


@pytest.mark.parametrize("more", ["2026-05-13 08:00", "04/05/2026 08:00"])
def test_a_day_on_the_other_side_clears_that_doubt(tmp_path: Path, more: str) -> None:
    "An ISO day above 12, or a text with a day up to 12, shows that nothing was swapped"
    times = ["2026-01-05 08:00", "13/05/2026 08:00", more]
    assert "swapped" not in "".join(load(tmp_path, *times, timezone="UTC").problems())


@pytest.mark.parametrize(
    ("times", "lines", "word"),
    [
        (["2026-13-05 08:00", "2026-14-05 08:00", "2026-01-06 08:00"], "line 4", "behind the year"),
        (["2026-01-06 08:00:00", "2026-05-31 08:00:00"], "", ""),
        (["2026-13-45 08:00", "2026-01-06 08:00"], "", ""),
        (["1/13/2026 7:00:00 AM", "1/13/2026 8:00:00"], "line 3", "without AM or PM"),
        (["1/13/2026 7:00:00 PM", "1/13/2026 12:10:00", "x"], "line 3", "without AM or PM"),
        (["1/13/2026 7:00:00 PM", "1/13/2026 12:10:00", "1/13/2026 13:00:00"], "", ""),
        (["13 Jan 2026 7:00 p.m.", "13 Jan 2026 7:10"], "line 3", "without AM or PM"),
        (["1/13/2026 7:00:00", "1/13/2026 8:00:00"], "", ""),
        (["1605010800", "1605010912"], "lines 2, 3", "seconds since 1970"),
        (["0105161130"], "line 2", "seconds since 1970"),
        (["1605010800", "1605019912"], "", ""),
        (["2026-05-01 00:00:00", "2026-05-01 08:12:13"], "line 2", "at midnight"),
        (["2026-05-01 00:00", "2026-05-02 00:00", "2026-05-03 00:00"], "lines 2, 3, 4", "at midnight"),
        (["2026-05-01 00:00", *(f"2026-05-01 {n // 60:02}:{n % 60:02}" for n in range(1, 100))], "", ""),
    ],
)
def test_a_time_that_may_mean_another_leaves_a_doubt(
    tmp_path: Path, times: list[str], lines: str, word: str
) -> None:
    "Where the other times of the column, or the digits, show that it may"
    problems = [
        problem for problem in load(tmp_path, *times, timezone="UTC").problems() if "check" in problem
    ]
    assert [problem.startswith(f"badges.csv: {lines}: ") and word in problem for problem in problems] == [
        True
    ] * bool(lines)


def test_serial_numbers_are_said_to_be_such(tmp_path: Path) -> None:
    "46143.33491898148 is a spreadsheet's way to keep 2026-05-01 08:02:17"
    log = load(tmp_path, "46143.33491898148", "46143.33680555555", timezone="America/Denver")
    assert log.events["event_time"].dt.strftime("%H:%M:%S").tolist() == ["14:02:17", "14:05:00"]
    assert "lines 2, 3: numbers were read as a spreadsheet's dates" in "".join(log.problems())


@pytest.mark.parametrize(
    ("times", "dates", "expected"),
    [
        (["26-05-30", "26-05-31", "26-06-01"], "year first, as", ["26-05-30", "26-05-31", "26-06-01"]),
        (["25/11/30", "26/01/02", "26/02/28"], "year first, as", ["25-11-30", "26-01-02", "26-02-28"]),
        (["30-05-26", "31-05-26", "01-06-26"], "day first, shown by", ["26-05-30", "26-05-31", "26-06-01"]),
        (["05/30/26", "05/31/26", "06/01/26"], "month first, shown by", ["26-05-30", "26-05-31", "26-06-01"]),
        (["31-05-26"], "day first, shown by", ["26-05-31"]),
        (["11.05.26", "13.05.26", "15.05.26"], "day first, shown by", ["26-05-11", "26-05-13", "26-05-15"]),
        (
            ["26-05-30", "26-05-31", "66-02-28", "26-06-01"],
            "year first",
            ["26-05-30", "26-05-31", "66-02-28", "26-06-01"],
        ),
    ],
)
def test_the_whole_column_shows_whether_two_digits_are_the_year(
    tmp_path: Path, times: list[str], dates: str, expected: list[str]
) -> None:
    "Read in the right order the dates are near each other and not later than the file"
    log = old_file(tmp_path, *(f"{date} 08:00" for date in times))
    assert f"badges.csv: dates {dates}" in log.summary()
    assert log.events["event_time"].dt.strftime("%y-%m-%d").tolist() == expected


def test_two_digits_that_may_be_the_year_or_the_day_are_an_error(tmp_path: Path) -> None:
    "24 May 2026 or 26 May 2024: the error names the line and what decides"
    with pytest.raises(
        BadgeFileError, match=r"'24-05-26 08:00' in line 2, may begin or end with the year.*day_first="
    ):
        old_file(tmp_path, "24-05-26 08:00", "24-05-26 09:00")
    assert old_file(tmp_path, "24-05-26 08:00", day_first=True).events["event_time"].dt.day.tolist() == [24]


NIGHT = ["00:50", "01:10", "01:50", "01:05", "01:40", "02:10"]


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_late_row_elsewhere_does_not_reject_a_night_in_order(tmp_path: Path, newest_first: bool) -> None:
    "A panel was offline in June; the night in November is in order all the same"
    texts = ["2019-06-01 08:00", "2019-05-31 23:59", *(f"2019-11-03 {at}" for at in NIGHT)]
    log = load(tmp_path, *texts[:: -1 if newest_first else 1], timezone="America/Denver")
    assert log.rejected.empty
    assert sorted(log.events["event_time"].dt.strftime("%H:%M").tolist()[::1])[2:6] == [
        "07:10",
        "07:50",
        "08:05",
        "08:40",
    ]


@pytest.mark.parametrize("late", ["2019-11-02 20:00", "2019-11-03 01:20", "2019-11-04 08:00"])
def test_a_late_row_beside_the_repeated_hour_does(tmp_path: Path, late: str) -> None:
    "Around that night the rows must be in order"
    texts = ["2019-11-02 21:00", *(f"2019-11-03 {at}" for at in NIGHT), "2019-11-04 09:00", late]
    log = load(tmp_path, *texts, timezone="America/Denver")
    assert len(log.rejected) == 4 + (late == "2019-11-03 01:20")


def test_rows_that_go_back_on_other_days_prove_nothing(tmp_path: Path) -> None:
    "They may be sorted by something else each day, which the log does not have"
    days = [f"2019-05-{day:02d} {at}" for day in range(1, 9) for at in ("08:00", "17:00", "09:00", "16:00")]
    log = load(tmp_path, *days, *(f"2019-11-03 {at}" for at in NIGHT), timezone="America/Denver")
    assert len(log.rejected) == 4


@pytest.mark.parametrize("zone", ["Asia/Manila", "Asia/Kolkata", "Europe/London", "America/Denver"])
def test_the_summary_shows_the_offset_and_not_letters(tmp_path: Path, zone: str) -> None:
    "PST is Manila to some and Los Angeles to most"
    summary = load(tmp_path, "2026-05-24 10:52:43", timezone=zone).summary()
    offset = f"{datetime(2026, 5, 24, 12, tzinfo=ZoneInfo(zone)).isoformat()}"[-6:]
    assert f"2026-05-24 10:52:43{offset} to " in summary


def test_one_odd_row_does_not_change_how_the_others_are_read() -> None:
    "In a column longer than what is cast at once, the rest is read as without it"
    start = np.datetime64("2019-04-12T00:00:00")
    texts = [
        f"{at}-06:00" for at in np.datetime_as_string(start + np.arange(40_000).astype("timedelta64[m]"))
    ]
    alone = read(*texts)
    for odd in ("soon", "", "12/04/2019 08:00 PM"):
        together = read(*texts[:20_000], odd, *texts[20_000:])
        assert (np.delete(together.utc, 20_000) == alone.utc).all()


@pytest.mark.parametrize("form", ["2026-05-01 08:00:00 {}", "01/05/2026 8:00 PM {}"])
def test_what_has_more_zones_than_there_are_has_no_zones(tmp_path: Path, form: str) -> None:
    "Many thousand different words behind the times are not zones, and every row is accounted for"
    words = ("".join(letters) for letters in product("abcdefghij", repeat=5))
    path = tmp_path / "badges.csv"
    rows = [f"{form.format(word)},{n}\n" for n, word in enumerate(islice(words, 5_000))]
    path.write_text("timestamp,UserID\n" + "".join(rows) + form.format("") + ",1\n")
    log = load_badges(path, "UTC", day_first=True)
    assert (len(log.events), len(log.rejected)) == (1, 5_000)


@pytest.mark.parametrize(
    ("days", "day_first", "zone", "is_doubt"),
    [
        (["11/02/2026", "11/03/2026", "11/04/2026"], True, "Europe/Berlin", True),
        (["02/11/2026", "03/11/2026", "04/11/2026"], False, "Europe/Berlin", True),
        (["12/02/2026", "12/03/2026", "12/04/2026"], True, "America/Los_Angeles", True),
        (["11/02/2026", "11/03/2026", "11/04/2026"], False, "Europe/Berlin", False),
        (["01/02/2026", "07/02/2026", "05/03/2026"], True, "Europe/Berlin", False),
        (["11/02/2026", "12/02/2026"], True, "Europe/Berlin", False),
    ],
)
def test_an_order_that_tears_a_week_apart_is_doubted(
    tmp_path: Path, days: list[str], day_first: bool, zone: str, is_doubt: bool
) -> None:
    "It was said, and the dates allow it, but every event is on the same day of another month"
    times = [f"{day} 20:15:17" for day in days]
    problems = load(tmp_path, *times, day_first=day_first, timezone=zone).problems()
    assert any("if day and month were exchanged" in problem for problem in problems) is is_doubt
