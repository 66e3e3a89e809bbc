"""Flag the events of a stored log, with the code of `camkit.badges.flags`: cardholder by cardholder, on the workers.

What a file's own order shows is found file by file. Swipes are then brought together by cardholder, and by credential,
through a shuffle; what each shows goes back to the file of its event.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from camkit._version import __version__
from camkit.badges.flags import (
    Rules,
    by_cardholder,
    by_credential,
    codes,
    flag_table,
    is_swipe,
    read_in_order,
)
from camkit.badges.identifiers import TEXT
from camkit.badges.stored.places import LABEL
from camkit.badges.stored.runs import buckets_of, hashed, read_bucket, write_run
from camkit.errors import OutputError
from camkit.support.cluster import cluster, on_each
from camkit.support.files import make_folder, remove_leftovers, replacing, sync, working_folder
from camkit.support.workers import interruptible

if TYPE_CHECKING:
    from distributed import Client

OF_CARDHOLDER = ("denied_then_granted", "repeated_swipe", "too_fast")
FIRST, TWO_NAMES, BACKWARDS = "first_time_at_reader", "two_names", "clock_backwards"
ORDER = [LABEL, "at", "line", "file"]
"""The columns that put swipes in order, and say which they are."""

NEEDED = f"{LABEL} event_time cardholder_id reader_id outcome kind cardholder_name credential line".split()

ROWS_AT_ONCE = 2_000_000
"""About how many swipes a bucket of the shuffle has."""


@dataclass(frozen=True)
class FlagPlan:
    """What every task has to know.

    Attributes
    ----------
    log, folder, work : pathlib.Path
        Of the log, of the flags, and of what tasks leave for each other.
    labels : tuple of int
        By number of a file, the label of its first event; one more at the end.
    """

    log: Path
    folder: Path
    work: Path
    rules: Rules
    labels: tuple[int, ...]
    zones: tuple[tzinfo | None, ...]  # of the hours, by number of a file
    buckets: int

    @property
    def numbers(self) -> range:
        """Of the files."""
        return range(len(self.labels) - 1)

    def path(self, what: str, number: int) -> Path:
        """Where the result of a kind for a file or a bucket is."""
        return self.work / f"{what}-{number:06}.arrow"

    def file_of(self, labels: np.ndarray) -> np.ndarray:
        """The number of the file of each label."""
        return np.searchsorted(np.array(self.labels), labels, "right") - 1


def flag_log(
    log: Path, events_of: Sequence[int], zones: Sequence[tzinfo | None], rules: Rules, client: Client | None
) -> Path:
    """Write the flags of the log in a folder as Parquet files, one for each file of it; return their folder.

    What was flagged by the same rules before is not flagged again.
    """
    told = json.dumps(
        [__version__, rules.settings, rules.offsets, sorted(rules.known or ()), rules.walks.to_csv()],
        default=str,
    )
    folder = log / f"flags-{sha256(told.encode()).hexdigest()[:16]}"
    if folder.is_dir():
        if len([*folder.glob("*.parquet")]) == len(events_of):
            return folder
        raise OutputError(f"The flags in {folder} are damaged: remove that folder, and run this again.")
    labels = np.cumsum([0, *events_of])
    buckets = max(1, int(labels[-1]) // ROWS_AT_ONCE)
    remove_leftovers(log)
    with working_folder(folder) as work:
        part = make_folder(work / "flags")
        plan = FlagPlan(log, part, work, rules, tuple(labels.tolist()), (*zones,), buckets)
        stays = "The log itself is as it was."
        with interruptible(lambda: stays), cluster(client, "A log in parts") as workers:
            for task, items in (
                (flag_file, plan.numbers),
                (flag_cardholders, range(buckets)),
                (flag_credentials, range(buckets)),
                (put_together, plan.numbers),
            ):
                for _ in on_each(workers, task, items, plan, what_stays=stays, doing="Flagging"):
                    pass
        sync(part.iterdir(), [part])
        try:
            part.rename(folder)
        except OSError as error:
            if not folder.is_dir():  # else another call has made the same meanwhile
                raise OutputError(f"The flags cannot be written to {folder}: {error.strerror}.") from None
    return folder


def flag_file(number: int, plan: FlagPlan) -> None:
    """Flag what events show by themselves and by the order of their file; write the swipes for the shuffles."""
    events = _events(plan, number)
    rules = replace(plan.rules, zone=plan.zones[number])
    at = rules.true_time(events)
    (rows, before), keys = read_in_order(events.assign(file=0), codes(events["reader_id"]))
    label = events[LABEL].to_numpy()
    backwards = np.full(len(events), -1)
    backwards[rows] = label[before]
    own = pa.table(
        {
            "outside_hours": rules.outside_hours(at),
            "unknown_cardholder": rules.unknown(events),
            BACKWARDS: backwards,
        }
    )
    write_run(plan.path("own", number), own, np.zeros(len(events), dtype=np.int64), 1)
    table = events.assign(at=at, line=keys[0], file=np.int32(number))
    swipe = is_swipe(events)
    _write_swipes(plan, "who", number, table[swipe & events["cardholder_id"].notna()])
    card = events["cardholder_id"]
    if "credential" in events:
        card = events["credential"].fillna(card)
    names = (
        events["cardholder_name"]
        if "cardholder_name" in events
        else pd.Series(index=events.index, dtype=TEXT)
    )
    of_card = table.assign(cardholder_id=card, cardholder_name=names)
    _write_swipes(plan, "card", number, of_card[swipe & card.notna() & names.notna()])


def _events(plan: FlagPlan, number: int) -> pd.DataFrame:
    """The events of a file, by their labels."""
    tables = []
    for path in (plan.log / "events").glob(f"*/*/{number:06}.parquet"):
        file = pq.ParquetFile(path)
        tables.append(file.read(columns=[name for name in NEEDED if name in file.schema_arrow.names]))
    if not tables:
        columns = {name: pd.Series(dtype=TEXT) for name in NEEDED}
        whole = {name: pd.Series(dtype="int64") for name in (LABEL, "line")}
        return pd.DataFrame(columns | whole | {"event_time": pd.Series(dtype="datetime64[us, UTC]")})
    table = pa.concat_tables(tables).sort_by(LABEL)
    return table.to_pandas(types_mapper={pa.string(): TEXT}.get)


def _write_swipes(plan: FlagPlan, what: str, number: int, table: pd.DataFrame) -> None:
    names = [
        *ORDER,
        "cardholder_id",
        "reader_id",
        "outcome",
        *(["cardholder_name"] if what == "card" else []),
    ]
    bucket = buckets_of(hashed(table["cardholder_id"]), plan.buckets)
    texts = {name: pa.string() for name in names if name not in ORDER}
    columns = {name: pa.array(table[name], texts.get(name)) for name in names}
    write_run(plan.path(what, number), pa.table(columns), bucket, plan.buckets)


def flag_cardholders(bucket: int, plan: FlagPlan) -> None:
    """Flag what rests on a cardholder's other swipes, for the cardholders of a bucket."""
    swipes, order = _swipes(plan, "who", bucket)
    at = swipes["at"].to_numpy()
    evidence, is_first = by_cardholder(swipes, at, codes(swipes["cardholder_id"]), order, plan.rules)
    label = swipes[LABEL].to_numpy()
    found = {LABEL: label, FIRST: is_first}
    for name, (rows, others) in evidence.items():
        found[name] = np.full(len(swipes), -1)
        found[name][rows] = label[others]
    is_flagged = np.logical_or.reduce([is_first, *(found[name] >= 0 for name in OF_CARDHOLDER)])
    _send_back(plan, "swipes", bucket, {name: column[is_flagged] for name, column in found.items()})


def flag_credentials(bucket: int, plan: FlagPlan) -> None:
    """Flag the credentials of a bucket that appear with another name too."""
    swipes, order = _swipes(plan, "card", bucket)
    label = swipes[LABEL].to_numpy()
    rows, others = by_credential(swipes, order, np.ones(len(swipes), dtype=bool))
    _send_back(plan, "cards", bucket, {LABEL: label[rows], TWO_NAMES: label[others]})


def _swipes(plan: FlagPlan, what: str, bucket: int) -> tuple[pd.DataFrame, np.ndarray]:
    """The swipes of a bucket, and their order in time."""
    table = read_bucket([plan.path(what, number) for number in plan.numbers], bucket)
    swipes = table.to_pandas(types_mapper={pa.large_string(): TEXT}.get)
    return swipes, np.lexsort((swipes["line"], swipes["file"], swipes["at"]))


def _send_back(plan: FlagPlan, what: str, bucket: int, found: dict[str, np.ndarray]) -> None:
    write_run(plan.path(what, bucket), pa.table(found), plan.file_of(found[LABEL]), len(plan.numbers))


def put_together(number: int, plan: FlagPlan) -> None:
    """Write the flags of the events of a file."""
    first, end = plan.labels[number : number + 2]
    own = read_bucket([plan.path("own", number)], 0).to_pandas()
    swipes, cards = (
        read_bucket([plan.path(what, bucket) for bucket in range(plan.buckets)], number).to_pandas()
        for what in ("swipes", "cards")
    )
    is_first = np.zeros(end - first, dtype=bool)
    is_first[swipes[LABEL][swipes[FIRST]] - first] = True
    own[LABEL] = np.arange(first, end)
    sources = {**dict.fromkeys(OF_CARDHOLDER, swipes), TWO_NAMES: cards, BACKWARDS: own}
    evidence = {}
    for name, table in sources.items():
        there = table[table[name] >= 0]
        evidence[name] = there[LABEL].to_numpy() - first, there[name].to_numpy()
    flags = {name: own[name].to_numpy() for name in ("outside_hours", "unknown_cardholder")}
    labels = pd.Index(np.arange(first, end), name=LABEL)
    table = flag_table(labels, {**flags, FIRST: is_first}, evidence)
    with replacing(plan.folder / f"{number:06}.parquet") as part:
        table.reset_index().to_parquet(part, index=False)


def read_flags(folder: Path, rules: Rules) -> Any:
    """Open flags as a Dask DataFrame, whose parts say by which rules they were made."""
    import dask.dataframe as dd  # noqa: PLC0415 - an extra

    flags = dd.read_parquet(str(folder), index=LABEL)
    empty = _with_settings(flags._meta, dict(rules.settings))
    return flags.map_partitions(_with_settings, dict(rules.settings), meta=empty)


def _with_settings(part: pd.DataFrame, settings: dict[str, object]) -> pd.DataFrame:
    part.attrs["settings"] = settings
    return part
