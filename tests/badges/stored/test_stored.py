"""A log in parts: the same events, account and flags as in memory, whatever the exports have in common."""

from __future__ import annotations

import json
import os
import random
import shutil
import threading
from _thread import interrupt_main
from collections.abc import Iterator
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import camkit
from camkit.badges import flag_events, load_badges, load_doors
from camkit.badges.stored import StoredLog, open_log, repeats, store, store_badges
from camkit.badges.stored import flags as stored_flags
from camkit.badges.stored.store import write_piece
from camkit.errors import BadgeFileError, InputError, Interrupted, OutputError, TimestampError
from camkit.support import files
from camkit.support.locks import locked
from tests.conftest import ROOT

ZONE = "America/Denver"
DATA = ROOT / "data"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    "Two threads of this process: what is tested here are results"
    with (
        LocalCluster(processes=False, n_workers=1, threads_per_worker=2, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client


def same(paths: list[Path], into: Path, client: Client, **given_: Any) -> StoredLog:
    "Load in both ways, compare everything, and return the log in parts"
    small = load_badges(paths, ZONE, **given_)
    log = store_badges(paths, into, ZONE, client=client, **given_)
    assert log.summary() == small.summary()
    assert log.problems() == small.problems()
    assert log.rows_read == small.rows_read == sum(log.counts.values())
    pd.testing.assert_frame_equal(log.pick(), small.events)
    pd.testing.assert_frame_equal(log.files.drop(columns=["events", "timezone"]), small.files)
    pd.testing.assert_frame_equal(log.left_out, small.left_out)
    assert (log.sources, log.given, log.profile) == (small.sources, small.given, small.profile)
    for kind in ("rejected", "ignored"):
        pd.testing.assert_frame_equal(plain(getattr(log, kind).compute()), plain(getattr(small, kind)))
    pd.testing.assert_frame_equal(plain(log.duplicates.compute()), plain(small.duplicates))
    return log


def same_flags(log: StoredLog, small: pd.DataFrame, client: Client, **rules: Any) -> pd.DataFrame:
    "Flag in both ways and compare; return the flags"
    flags = log.flag_events(client=client, **rules).compute()
    expected = flag_events(small, **rules)
    assert flags.attrs == expected.attrs
    pd.testing.assert_frame_equal(flags, expected.set_axis(pd.Index(range(len(small)), name="log_label")))
    return flags


def plain(table: pd.DataFrame) -> pd.DataFrame:
    "Without the dtypes of text, and with the index counted"
    return table.astype(
        dict.fromkeys(table.select_dtypes(["str", "category", "string", "object"]), "str")
    ).reset_index(drop=True)


def exports(folder: Path, seed: int) -> list[Path]:
    "Random events in random files: some repeated, some written in another way, some out of order"
    chance = random.Random(seed)
    people = ["0071", "71", "AB-3", "ab-3", "9", ""]
    readers = ["R1", "R2", "R3", ""]
    start = pd.Timestamp("2026-03-30 22:50:00")
    rows = [
        (
            start + pd.Timedelta(seconds=chance.choice([1, 20, 60]) * chance.randrange(150)),
            chance.choice(people),
            chance.choice(readers),
            chance.choice(["granted", "denied", "denied", "tailgate?"]),
            chance.choice(["Ann", "Ben"]),
        )
        for _ in range(chance.randrange(4, 60))
    ]
    paths = []
    for number in range(chance.randrange(1, 5)):
        some = [row for row in rows if chance.random() < chance.choice([0.2, 0.9])]
        some += chance.choices(some, k=chance.randrange(3)) if some else []
        if chance.random() < 0.7:
            some.sort(reverse=chance.random() < 0.5)
        has_reader, minutes, names = chance.random() < 0.9, chance.random() < 0.2, chance.random() < 0.7
        heading = [
            "event_time",
            "cardholder_id",
            *["reader_id"] * has_reader,
            "outcome",
            *["cardholder_name"] * names,
        ]
        if chance.random() < 0.3:
            heading.append("printed")
        lines = [",".join(heading)]
        for when, who, where, outcome, name in some:
            text = when.strftime("%Y-%m-%d %H:%M" if minutes else "%Y-%m-%d %H:%M:%S")
            cells = {"event_time": text, "cardholder_id": who, "reader_id": where, "outcome": outcome}
            cells |= {"cardholder_name": name, "printed": str(number)}
            lines.append(",".join(cells[name] for name in heading))
        lines += chance.choice([[], ["Total,3"], ["someday,7,R1,granted,Ann,1"[:40]]])
        path = folder / f"site{number % 2}" / f"export{number}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n")
        paths.append(path)
    return paths


@pytest.mark.not_quick
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9), at_once=st.sampled_from([1, 7, 10**6]))
def test_random_exports_give_the_same_events_account_and_flags(
    seed, at_once, client, tmp_path_factory, monkeypatch
):
    "Rejected, ignored, repeated and look-alike rows too, however many buckets the shuffles have"
    monkeypatch.setattr(repeats, "ROWS_AT_ONCE", at_once)
    monkeypatch.setattr(stored_flags, "ROWS_AT_ONCE", at_once)
    folder = tmp_path_factory.mktemp("exports")
    paths = exports(folder, seed)
    try:
        small = load_badges(paths, ZONE)
    except BadgeFileError as error:
        with pytest.raises(BadgeFileError) as raised:
            store_badges(paths, folder / "log", ZONE, client=client)
        assert str(raised.value) == str(error)
        return
    log = same(paths, folder / "log", client)
    if len(small.events):
        same_flags(log, small.events, client, hours=("07:00", "19:00"), known=["71"])


@pytest.mark.not_quick
def test_the_samples_give_the_same_and_doors_count_too(client, tmp_path):
    "Workbooks, other encodings and a list of doors that is left out; walking times and clock offsets"
    log = same([DATA], tmp_path / "log", client)
    doors = load_doors(DATA / "doors.csv")
    flags = same_flags(log, load_badges(DATA, ZONE).events, client, doors=doors)
    assert flags["too_fast"].any()


def test_a_comparison_reads_only_the_month_that_it_asks_for(client, tmp_path):
    "Site and month are folders, and other columns are compared while a file is read"
    write(tmp_path / "denver" / "a.csv", "2026-03-01 08:00:00,1,R1\n2026-04-01 08:00:00,2,R1")
    write(tmp_path / "oslo" / "b.csv", "2026-04-02 08:00:00,1,R9")
    log = store_badges([tmp_path / "denver", tmp_path / "oslo"], tmp_path / "log", ZONE, client=client)
    pieces = log.folder.glob("events/*/*/*")
    assert sorted(piece.parent.relative_to(log.folder / "events").as_posix() for piece in pieces) == [
        "log_site=denver/log_month=2026-03", "log_site=denver/log_month=2026-04", "log_site=oslo/log_month=2026-04",
    ]  # fmt: skip
    april = log.where(("log_month", "==", "2026-04"))
    assert (april.npartitions, log.events.npartitions) == (2, 3)
    picked = log.pick(log.where(("log_month", "==", "2026-04"), ("cardholder_id", "==", "1")))
    assert picked.index.tolist() == [2]
    assert picked.attrs["timezone"] == ZONE
    assert log.pick(log.where(("event_time", ">=", pd.Timestamp("2026-04-01", tz=ZONE)))).index.tolist() == [
        1,
        2,
    ]
    with pytest.raises(InputError, match="does not have a column 'when'"):
        log.where(("when", "==", 1))


def test_the_exports_of_a_stopped_call_are_not_read_again(client, tmp_path, monkeypatch):
    "But one that has changed is"
    one, two = write(tmp_path / "a.csv", "2026-03-01 08:00:00,1,R1"), write(tmp_path / "b.csv", "x")
    two.write_text("nothing here\n")
    with pytest.raises(BadgeFileError, match=r"b\.csv"):
        store_badges([one, two], tmp_path / "log", ZONE, client=client)
    write(two, "2026-03-02 08:00:00,1,R1")
    read = []
    whole = store_badges.__globals__["read_all"].__globals__["read_table"]
    monkeypatch.setitem(
        store_badges.__globals__["read_all"].__globals__,
        "read_table",
        lambda *a: read.append(a[0].name) or whole(*a),
    )
    log = store_badges([one, two], tmp_path / "log", ZONE, client=client)
    assert (read, log.counts["events"]) == (["b.csv"], 2)
    assert not (tmp_path / "log" / "camkit-reading").exists()


def test_what_a_killed_call_left_is_removed_on_any_disk(client, tmp_path, monkeypatch):
    "On a network disk too: it may be as large as the log"
    export = write(tmp_path / "a.csv", "2026-03-01 08:00:00,1,R1")
    monkeypatch.setattr(files, "network_disk", lambda _: True)
    seen = []

    def stop(*_):
        staging = tmp_path / "log" / "camkit-reading"
        seen.append([path.name for path in staging.glob(".*") if path.name.startswith(".log.0123abcd")])
        raise BadgeFileError("Stopped.", path=export)

    with monkeypatch.context() as patch:
        patch.setattr(store, "find_repeats", stop)
        with pytest.raises(BadgeFileError):
            store_badges(export, tmp_path / "log", ZONE, client=client)
        (tmp_path / "log" / "camkit-reading" / ".log.0123abcd.camkit.part" / "log").mkdir(parents=True)
        with pytest.raises(BadgeFileError):
            store_badges(export, tmp_path / "log", ZONE, client=client)
    assert seen == [[], []]


BEGUN, GO_ON, ENDED = threading.Event(), threading.Event(), threading.Event()


def swipes_of(name: str) -> str:
    "Ten of different cardholders"
    return "\n".join(f"2026-03-01 08:{minute}:07,{name}{minute},R1" for minute in range(10, 20))


def write_the_first_piece_late(piece):
    "As on a slow disk"
    if piece.number or BEGUN.is_set():
        return write_piece(piece)
    BEGUN.set()
    GO_ON.wait(20)
    try:
        return write_piece(piece)
    finally:
        ENDED.set()


def test_what_a_stopped_call_still_does_is_not_in_the_next_ones_log(client, tmp_path, monkeypatch):
    "A task that runs on a cluster goes on when its call is stopped; the exports may have other numbers by then"
    folder = tmp_path / "exports"
    folder.mkdir()
    for name in ("b", "c"):
        write(folder / f"{name}.csv", swipes_of(name))

    def account(*args):
        GO_ON.set()
        assert ENDED.wait(20)
        write_account(*args)

    stop = threading.Thread(target=lambda: BEGUN.wait(20) and interrupt_main())
    stop.start()
    monkeypatch.setattr(store, "write_piece", write_the_first_piece_late)
    with pytest.raises(Interrupted):
        store_badges(folder, tmp_path / "log", ZONE, client=client)
    stop.join()
    write(folder / "a.csv", swipes_of("a"))
    write_account = store._write_account
    monkeypatch.setattr(store, "_write_account", account)
    log = store_badges(folder, tmp_path / "log", ZONE, client=client)
    pd.testing.assert_frame_equal(log.pick(), load_badges(folder, ZONE).events)
    assert {path.name for path in (tmp_path / "log").iterdir()}.isdisjoint({"camkit-reading"})


@pytest.mark.parametrize("what", ["log", "mine.txt", "camkit-reading/novel.txt", "events/novel.txt"])
def test_a_folder_with_something_in_it_is_refused_and_stays(client, tmp_path, what):
    "Another log, or anything, whatever it is called"
    export = write(tmp_path / "a.csv", "2026-03-01 08:00:00,1,R1")
    into = tmp_path / "into"
    if what == "log":
        store_badges(export, into, ZONE, client=client)
    else:
        write(into / what, "")
    before = sorted(into.rglob("*"))
    with pytest.raises(OutputError, match="choose another"):
        store_badges(export, into, ZONE, client=client)
    assert sorted(into.rglob("*")) == before


def test_a_folder_without_a_whole_log_is_not_opened(tmp_path):
    "It says which folder is meant"
    with pytest.raises(InputError, match="does not have a complete log"):
        open_log(tmp_path)
    (tmp_path / "log.json").write_text('{"format": 99')
    with pytest.raises(InputError, match="cannot be read"):
        open_log(tmp_path)


def test_a_site_with_a_hostile_name_stays_in_the_folder(client, tmp_path):
    "The name of a folder becomes one of ours, quoted, and comes back as it was"
    folder = tmp_path / "a=b %2e, c"
    log = store_badges(
        write(folder / "x.csv", "2026-03-01 08:00:00,1,R1").parent, tmp_path / "log", ZONE, client=client
    )
    assert log.events["log_site"].compute().tolist() == ["a=b %2e, c"]


def test_flags_are_made_once_for_the_same_rules(client, tmp_path):
    "And again for others"
    rows = "2026-03-01 08:00:00,1,R1\n2026-03-01 08:00:10,1,R1"
    log = store_badges(write(tmp_path / "a.csv", rows), tmp_path / "log", ZONE, client=client)
    for repeat_s, expected in ((30, 1), (30, 1), (5, 0)):
        assert log.flag_events(repeat_s=repeat_s, client=client)["repeated_swipe"].compute().sum() == expected
    assert len([*log.folder.glob("flags-*")]) == 2
    assert sorted(path.name[:6] for path in log.folder.iterdir()) == [
        "duplic", "events", "flags-", "flags-", "ignore", "log.js", "no-eve", "reason", "reject",
    ]  # fmt: skip


def test_flags_that_somebody_removed_are_said(client, tmp_path):
    "They are not taken for an empty table"
    log = store_badges(
        write(tmp_path / "a.csv", "2026-03-01 08:00:00,1,R1"), tmp_path / "log", ZONE, client=client
    )
    log.flag_events(client=client)
    (folder,) = log.folder.glob("flags-*")
    for file in folder.iterdir():
        file.unlink()
    with pytest.raises(OutputError, match="remove that folder"):
        log.flag_events(client=client)


def test_the_log_is_shown_as_one_in_memory_is(client, tmp_path):
    "The account, and the first events in the site's time"
    log = store_badges(
        write(tmp_path / "a.csv", "2026-03-01 08:00:00,<b>1,R1"), tmp_path / "log", ZONE, client=client
    )
    page = log._repr_html_()
    assert "1 rows read = 1 events" in page
    assert "&lt;b&gt;1" in page
    assert repr(camkit.open_log(log.folder)).startswith("StoredLog in")


def test_a_call_that_goes_on_with_other_exports_has_only_theirs(client, tmp_path, monkeypatch):
    "What it had written of an export that is gone, or of a month that is, is not in the log"
    one = write(tmp_path / "in" / "a.csv", "2026-03-01 08:00:00,1,R1\n2026-04-01 08:00:00,2,R1")
    two = write(tmp_path / "in" / "b.csv", "2026-05-01 08:00:00,3,R1")
    stopped_at_the_end(tmp_path / "in", tmp_path / "log", client, monkeypatch)
    two.unlink()
    write(one, "2026-03-01 08:00:00,1,R1")
    log = same([tmp_path / "in"], tmp_path / "log", client)
    assert len(log.pick()) == len(log.flag_events(client=client)) == 1


def test_an_export_that_is_gone_meanwhile_is_named(client, tmp_path, monkeypatch):
    "After the folder was looked at"
    write(tmp_path / "in" / "a.csv", "2026-03-01 08:00:00,1,R1")
    gone = write(tmp_path / "in" / "b.csv", "2026-03-01 08:00:00,2,R1")
    without = store_badges.__globals__["without_samples"]
    with monkeypatch.context() as patch:
        patch.setitem(
            store_badges.__globals__, "without_samples", lambda *args: gone.unlink() or without(*args)
        )
        with pytest.raises(BadgeFileError, match=r"b\.csv cannot be read: No such file"):
            store_badges(tmp_path / "in", tmp_path / "log", ZONE, client=client)


def test_a_link_in_the_folder_is_not_followed(client, tmp_path, monkeypatch):
    "What it leads to stays as it is"
    export = write(tmp_path / "a.csv", "2026-03-01 08:00:00,1,R1")
    stopped_at_the_end(export, tmp_path / "log", client, monkeypatch)
    staging = tmp_path / "log" / "camkit-reading"
    staging.rename(tmp_path / "elsewhere")
    staging.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="not empty"):
        store_badges(export, tmp_path / "log", ZONE, client=client)
    assert (tmp_path / "elsewhere" / "of-an-unfinished-log").is_file()


def test_two_calls_into_one_folder_do_not_mix(client, tmp_path):
    "The second one is told of the first"
    export = write(tmp_path / "a.csv", "2026-03-01 08:00:00,1,R1")
    (tmp_path / "log").mkdir()
    with (
        locked(tmp_path / "log" / ".camkit-storing.lock", "storing"),
        pytest.raises(OutputError, match="storing of a log"),
    ):
        store_badges(export, tmp_path / "log", ZONE, client=client)
    assert store_badges(export, tmp_path / "log", ZONE, client=client).counts["events"] == 1


def test_a_relative_folder_is_that_of_the_caller(client, tmp_path, monkeypatch):
    "A worker may be in another one, and the caller may go elsewhere"
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.csv", "2026-03-01 08:00:00,1,R1")
    log = store_badges("a.csv", "log", ZONE, client=client)
    monkeypatch.chdir("/")
    assert len(log.pick()) == 1


def test_a_zone_that_its_name_does_not_bring_back_is_refused(client, tmp_path):
    "Before anything is read"
    export = write(tmp_path / "a.csv", "2026-03-01 08:00:00,1,R1")
    for zone in (timezone(timedelta(hours=5), "CET"), timezone(timedelta(seconds=3601))):
        with pytest.raises(TimestampError, match="give its name"):
            store_badges(export, tmp_path / "log", zone, client=client)
    assert not (tmp_path / "log").exists()


def test_exports_with_columns_called_as_ours_keep_them(client, tmp_path):
    "Site, month and label are columns that exports have"
    path = tmp_path / "a.csv"
    path.write_text("event_time,cardholder_id,site,month,label\n2026-03-01 08:00:00,1,Oslo,March,x\n")
    same([path], tmp_path / "log", client)
    path.write_text("event_time,cardholder_id,log_site\n2026-03-01 08:00:00,1,Oslo\n")
    with pytest.raises(InputError, match=r"'log_site'.*another name"):
        store_badges(path, tmp_path / "other", ZONE, client=client)


def test_a_site_that_looks_like_a_number_is_text(client, tmp_path):
    "0012 is not 12"
    log = store_badges(
        write(tmp_path / "0012" / "a.csv", "2026-03-01 08:00:00,1,R1"), tmp_path / "log", ZONE, client=client
    )
    assert log.pick(log.where(("log_site", "==", "0012"))).index.tolist() == [0]
    assert log.events["log_site"].compute().tolist() == ["0012"]


def test_a_log_without_events_has_an_empty_table(client, tmp_path):
    "As one in memory"
    path = tmp_path / "a.csv"
    path.write_text("event_time,cardholder_id\nTotal,3\n")
    log = same([path], tmp_path / "log", client)
    assert log.counts["ignored"] == 1
    assert "0 events" in log._repr_html_()
    assert len(log.flag_events(client=client)) == 0


def test_a_file_whose_name_is_not_text_is_stored(client, tmp_path):
    "As systems with old names have them"
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv"))
    path.write_text("event_time,cardholder_id\n2026-03-01 08:00:00,1\n")
    same([path], tmp_path / "log", client)


def stopped_at_the_end(exports: Path, into: Path, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    "Store a log, but for putting it in its place"
    with monkeypatch.context() as patch:
        patch.setitem(store_badges.__globals__, "_put_in_place", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store_badges(exports, into, ZONE, client=client)


def write(path: Path, rows: str) -> Path:
    "Write an export"
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(f"event_time,cardholder_id,reader_id\n{rows}\n")
    return path


def test_what_somebody_put_into_the_folder_meanwhile_stays(client, tmp_path, monkeypatch):
    "Though the log will have a folder of that name"
    export = write(tmp_path / "a.csv", "2026-03-01 08:00:00,1,R1")
    stopped_at_the_end(export, tmp_path / "log", client, monkeypatch)
    mine = tmp_path / "log" / "events" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(OutputError, match="not empty"):
        store_badges(export, tmp_path / "log", ZONE, client=client)
    assert mine.read_text() == "mine"


@pytest.mark.parametrize(
    "part",
    ["events.parquet", "rejected.parquet", "ignored.parquet", "again.npy", "reasons.parquet", "read.json"],
)
def test_any_part_that_a_power_cut_emptied_is_read_again(client, tmp_path, monkeypatch, part):
    "Whichever file of an export it is"
    write(tmp_path / "in" / "a.csv", "2026-03-01 08:00:00,1,R1\nsomeday,2,R1")
    stopped_at_the_end(tmp_path / "in", tmp_path / "log", client, monkeypatch)
    (path,) = (tmp_path / "log" / "camkit-reading").glob(f"{'[0-9a-f]' * 32}/{part}")
    path.write_bytes(b"")
    assert same([tmp_path / "in"], tmp_path / "log", client).counts["rejected"] == 1


@pytest.mark.parametrize(
    "site",
    ["北京市朝阳区建国路八十八号大厦办公楼北门停车场入口" * 2, "__HIVE_DEFAULT_PARTITION__", "a=b%20$c$"],
)
def test_a_site_is_called_as_its_folder_whatever_that_is_called(client, tmp_path, site):
    "In any alphabet, and as something that Parquet has a meaning for"
    export = write(tmp_path / site / "a.csv", "2026-03-01 08:00:00,1,R1")
    log = store_badges(export, tmp_path / "log", ZONE, client=client)
    assert log.events["log_site"].compute().tolist() == [site]
    assert len(log.where(("log_site", "==", site))) == 1


def test_a_site_with_too_long_a_name_is_said_before_anything_is_read(client, tmp_path):
    "It is the folder's name that is to be changed"
    export = write(tmp_path / ("n" * 250) / "a.csv", "2026-03-01 08:00:00,1,R1")
    with pytest.raises(InputError, match="too long a name"):
        store_badges(export, tmp_path / "log", ZONE, client=client)
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("name", ["log_site=foo", "a*b", "x::y"])
def test_a_folder_whose_name_parquet_reads_as_something_else_is_refused(client, tmp_path, name):
    "Else every event would be of the site foo"
    export = write(tmp_path / "a.csv", "2026-03-01 08:00:00,1,R1")
    with pytest.raises(InputError, match="in its name"):
        store_badges(export, tmp_path / name / "log", ZONE, client=client)
    with pytest.raises(InputError, match="in its name"):
        camkit.open_log(tmp_path / name / "log")


def test_a_time_to_compare_with_may_be_text(client, tmp_path):
    "In the site's time, if it does not say more"
    rows = "2026-03-01 08:00:00,1,R1\n2026-03-01 18:00:00,2,R1"
    log = store_badges(write(tmp_path / "a.csv", rows), tmp_path / "log", ZONE, client=client)
    for later in (
        "2026-03-01 17:00",
        np.datetime64("2026-03-01T17:00"),
        pd.Timestamp("2026-03-02 00:00", tz="UTC"),
    ):
        assert log.pick(log.where(("event_time", ">=", later)))["cardholder_id"].tolist() == ["2"]


@pytest.mark.parametrize(
    "comparison",
    [
        ("event_time", ">=", "someday"),
        ("reader_id", "==", 5),
        ("reader_id", "~", "R1"),
        ("reader_id", "in", 5),
        ("reader_id", "=="),
        "reader_id",
        ("nothing", "==", "R1"),
    ],
)
def test_a_comparison_that_cannot_be_made_is_one_sentence(client, tmp_path, comparison):
    "At once, not when it is computed"
    log = store_badges(
        write(tmp_path / "a.csv", "2026-03-01 08:00:00,1,R1"), tmp_path / "log", ZONE, client=client
    )
    with pytest.raises(InputError, match=r"comparison with a column|does not have a column"):
        log.where(comparison)


@pytest.fixture(scope="module")
def whole_log(client, tmp_path_factory):
    "The folder of a log"
    folder = tmp_path_factory.mktemp("whole")
    return store_badges(
        write(folder / "a.csv", "2026-03-01 08:00:00,1,R1"), folder / "log", ZONE, client=client
    ).folder


WRONG = ["null", "[]", "{}", '"<i>"', "-1", "1e999", "[[1]]", "9" * 400]


@pytest.mark.parametrize(
    "name", "format counts files timezone people readers parts span sources given left_out".split()
)
def test_a_changed_log_is_one_sentence_or_shown(whole_log, tmp_path, name):
    "Whatever stands in the file that says what the log has"
    said = json.loads((whole_log / "log.json").read_text())
    folder = shutil.copytree(whole_log, tmp_path / "log")
    for text in [
        "",
        *(
            json.dumps(said).replace(f'"{name}": {json.dumps(said[name])}', f'"{name}": {one}')
            for one in WRONG
        ),
    ]:
        (folder / "log.json").write_text(text)
        try:
            log = camkit.open_log(folder)
            assert "<i>" not in log._repr_html_()
            assert len(log.pick()) == 1
        except (InputError, TimestampError) as error:
            assert len(str(error).splitlines()) == 1


@pytest.mark.parametrize("what", ["log.json", "reasons.parquet", "no-events.parquet", "events", "rejected"])
@pytest.mark.parametrize("how", ["is gone", "is empty", "is a pipe"])
def test_a_damaged_log_is_one_sentence(whole_log, tmp_path, what, how):
    "Nothing is waited for, and it never has fewer events than it says"
    folder = shutil.copytree(whole_log, tmp_path / "log")
    path = next(folder.glob(f"{what}/**/*.parquet"), folder / what)
    path.unlink()
    if how == "is empty":
        path.write_bytes(b"")
    elif how == "is a pipe":
        os.mkfifo(path)
    with pytest.raises(InputError, match=r"damaged|complete log"):
        log = camkit.open_log(folder)
        log.pick()
        log._repr_html_()
        log.rejected.compute()


def two_sites(folder: Path) -> Path:
    "Berlin's system and Denver's, at the same hour of their own clocks"
    (folder / "berlin").mkdir(parents=True)
    (folder / "berlin" / "b.csv").write_text(
        "Zeit;Ausweis;Leser\n01.03.2026 08:00:00;1;B1\n01.03.2026 23:30:00;2;B1\n", "utf-8"
    )
    write(folder / "denver" / "a.csv", "2026-03-01 08:00:00,1,R1\n2026-03-01 23:30:00,3,R1")
    return folder


SITES = {
    "berlin": {
        "timezone": "Europe/Berlin",
        "day_first": True,
        "columns": {"event_time": "Zeit", "cardholder_id": "Ausweis", "reader_id": "Leser"},
    }
}


def test_sites_of_other_systems_and_time_zones_are_one_log(client, tmp_path):
    "Each read as it is alone; hours are those of each site's own clock"
    exports = two_sites(tmp_path / "in")
    log = store_badges(exports, tmp_path / "log", ZONE, sites=SITES, client=client)
    for site, given_ in (("berlin", SITES["berlin"]), ("denver", {"timezone": ZONE})):
        alone = load_badges(exports / site, **given_).events
        picked = log.pick(log.where(("log_site", "==", site)))
        assert picked.attrs["timezone"] == given_["timezone"]
        assert picked["event_time"].tolist() == alone["event_time"].tolist()
        assert picked["cardholder_id"].tolist() == alone["cardholder_id"].tolist()
    assert log.timezone is None and "timezone" not in log.pick().attrs
    assert "The sites' time zones: Europe/Berlin, America/Denver; times here are UTC." in log.summary()
    assert camkit.open_log(log.folder).given["sites"]["berlin"]["timezone"] == "Europe/Berlin"
    flags = log.flag_events(hours=("07:00", "19:00"), client=client).compute()
    assert flags["outside_hours"].tolist() == [False, True, False, True]
    assert flags.attrs["settings"]["timezone"] == "that of each site"
    in_berlin = log.flag_events(hours=("07:00", "19:00"), timezone="Europe/Berlin", client=client).compute()
    assert in_berlin["outside_hours"].tolist() == [False, True, False, False]
    with pytest.raises(InputError, match="several time zones"):
        log.where(("event_time", ">=", "2026-03-01 18:00"))


@pytest.mark.parametrize(
    ("sites", "said"),
    [
        ({"berln": {}}, r"'berln'.* berlin, denver"),
        ({"berlin": {"zone": "Europe/Berlin"}}, r"'zone' of 'berlin': write it as .*, with any of timezone"),
        ({"berlin": "Europe/Berlin"}, r"only 'Europe/Berlin' of 'berlin': write it as"),
        ({"berlin": {"columns": {"when": "Zeit"}}}, r"Unknown word 'when'"),
    ],
)
def test_what_is_wrongly_said_of_a_site_is_one_sentence(client, tmp_path, sites, said):
    "Before anything is read"
    with pytest.raises(InputError, match=said):
        store_badges(two_sites(tmp_path / "in"), tmp_path / "log", ZONE, sites=sites, client=client)
    assert not (tmp_path / "log").exists()


def test_flags_lead_to_events_and_events_to_their_flags(client, tmp_path):
    "In memory, for the picker and a case"
    rows = "2026-03-01 08:00:00,1,R1\n2026-03-01 08:00:10,1,R1\n2026-03-02 08:00:00,2,R1"
    log = store_badges(write(tmp_path / "a.csv", rows), tmp_path / "log", ZONE, client=client)
    flags = log.flag_events(client=client)
    events = log.pick(flags[flags["repeated_swipe"]])
    assert events.index.tolist() == [1] and events["cardholder_id"].tolist() == ["1"]
    picked = log.pick(log.where(("cardholder_id", "==", "1")))
    small = load_badges(tmp_path / "a.csv", ZONE).events
    expected = flag_events(small).loc[picked.index]
    computed = flags.compute()
    assert log.pick(computed[computed["repeated_swipe"]]).equals(events)
    assert log.pick_flags(computed, picked).equals(log.pick_flags(flags, picked))
    found = log.pick_flags(flags, picked)
    pd.testing.assert_frame_equal(found, expected, check_index_type=False, check_names=False)
    assert found.attrs == flag_events(small).attrs
    assert camkit.EventPicker(picked, flags=found) is not None
    for wrong in ("R1", small, 5):
        with pytest.raises(InputError, match="some of the log's events or flags"):
            log.pick(wrong)


def test_a_site_that_is_not_there_is_said(client, tmp_path):
    "With those that are"
    export = write(tmp_path / "Den Haag" / "a.csv", "2026-03-01 08:00:00,1,R1")
    log = store_badges(export, tmp_path / "log", ZONE, client=client)
    for comparison in (("log_site", "==", "den haag"), ("log_site", "in", ["Den Haag", "Oslo"])):
        with pytest.raises(InputError, match=r"does not have a site .*: it has Den Haag"):
            log.where(comparison)


def test_several_values_to_compare_with_may_be_anything_that_has_some(client, tmp_path):
    "Such as what .unique() gives"
    rows = "2026-03-01 08:00:00,1,R1\n2026-03-01 18:00:00,2,R2"
    log = store_badges(write(tmp_path / "a.csv", rows), tmp_path / "log", ZONE, client=client)
    for values in (np.array(["R2", "R3"]), pd.Series(["R2"]), {"R2": 1}, iter(["R2"]), ("R2",)):
        assert log.pick(log.where(("reader_id", "in", values)))["cardholder_id"].tolist() == ["2"]
    with pytest.raises(InputError, match="No events were picked"):
        log.load(log.pick(log.where(("reader_id", "==", "R3"))))


def test_a_log_of_a_later_camkit_says_so(client, tmp_path):
    "Whatever else it says there"
    log = store_badges(
        write(tmp_path / "a.csv", "2026-03-01 08:00:00,1,R1"), tmp_path / "log", ZONE, client=client
    )
    (log.folder / "log.json").write_text('{"format": 2, "tables": []}')
    with pytest.raises(InputError, match="made by a later camkit: update camkit"):
        open_log(log.folder)


def test_picked_events_go_into_a_case_with_their_exports(client, tmp_path):
    "Byte for byte, with the rows that are not events, also those that repeat an event of another export"
    rows = "2026-03-01 08:00:00,1,R1\n2026-03-01 08:00:10,1,R1"
    write(tmp_path / "in" / "a.csv", rows)
    other = write(tmp_path / "in" / "b.csv", f"{rows}\n2026-03-02 08:00:00,2,R1\nsomeday,3,R1")
    write(tmp_path / "in" / "c.csv", "2026-03-03 08:00:00,4,R1")
    log = store_badges(tmp_path / "in", tmp_path / "log", ZONE, client=client)
    assert log.counts == {"events": 4, "rejected": 1, "duplicates": 2, "ignored": 0}
    picked = log.pick(log.where(("cardholder_id", "==", "2")))
    small = log.load(picked)
    assert small.files["file"].tolist() == ["b.csv"] and [one.path for one in small.sources] == [other]
    assert small.summary().startswith("4 rows read = 1 events + 1 rejected + 2 duplicates + 0 ignored.")
    (tmp_path / "doors.csv").write_text("reader_id,door,vendor,camera_id\nR1,Front,een,1003b18a\n")
    doors = load_doors(tmp_path / "doors.csv")
    with camkit.Case(tmp_path / "case") as case:
        case.add_events(
            camkit.resolve(picked, doors), flags=log.pick_flags(log.flag_events(client=client), picked)
        )
        with pytest.raises(InputError, match=r"log\.load\(events\)"):
            case.add_sources(log)
        case.add_sources(small)
        kept = case.table("documents")
        assert other.read_bytes() in [(case.folder / path).read_bytes() for path in kept["path"]]
        (others,) = kept.loc[kept["name"] == "rows_that_are_not_events.csv", "path"]
        assert "the same as an event of another export" in (case.folder / others).read_text("utf-8")
