"""Snapshots in bulk: how close to the organization's rate limit, how soon the first arrives, and the time of one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from functools import partial

import pandas as pd
import requests

from camkit.badges import DoorEvents, load_doors, resolve
from camkit.cameras import Picture, SnapshotSource, snapshots_for
from camkit.cameras.een import EagleEye
from camkit.demo.launch import DemoProcess
from camkit.site import Site, demo_site
from tests.bench.measure import Row, in_turn
from tools.notebooks import ROOT

ALLOWED_PER_S = 10.0
READY_S = 1.0
EVENTS = 1000


def events(count: int) -> pd.DataFrame:
    "This many events at one door with a Meraki camera, a minute apart"
    when = pd.Timestamp("2019-04-12T12:00:00Z") - pd.to_timedelta(range(count), unit="min")
    columns = {"event_time": when, "cardholder_id": "85063715", "reader_id": "HQ-R1", "outcome": "granted"}
    return pd.DataFrame(columns)


def at_one_camera(badges: pd.DataFrame) -> DoorEvents:
    "The events, each with the main camera of its door only"
    return resolve(badges, load_doors(ROOT / "data" / "doors.csv").drop_duplicates("reader_id"))


class Watched:
    """A source that notes when each picture arrived, seconds by `time.perf_counter`."""

    def __init__(self, source: SnapshotSource) -> None:
        self.vendor = source.vendor
        self.arrived: list[float] = []
        self._source = source

    def snapshot(self, camera_id: str, at: datetime) -> Picture:
        """The source's picture."""
        picture = self._source.snapshot(camera_id, at)
        self.arrived.append(time.perf_counter())
        return picture


def in_bulk(site: Site, control: str, count: int) -> list[Row]:
    "All of them under the rate limit: seconds to the first and the last picture, and how many requests were refused"
    source, badges = Watched(site.meraki), at_one_camera(events(count))
    started = time.perf_counter()
    found = snapshots_for(badges, source, workers=4 * round(ALLOWED_PER_S * READY_S))
    all_s = time.perf_counter() - started
    first_s = source.arrived[0] - started
    assert len(found) == count and all(snapshot.ok for snapshot in found), found
    asked = requests.get(f"{control}/requests", timeout=10).json()
    turned_away = sum(entry["status"] == 429 for entry in asked.get("last", []))
    print(f"  {count} snapshots, {turned_away} of the last requests answered with 429")
    return [
        Row(f"first of {count:,} snapshots", "camkit", first_s, first_s, first_s, first_s / READY_S, 1.0),
        Row(
            f"{count:,} snapshots at 10 requests/s",
            "camkit",
            all_s,
            all_s,
            all_s,
            all_s / (count / ALLOWED_PER_S),
            1.0,
        ),
    ]


def one(site: Site, info: dict[str, str]) -> list[Row]:
    "A single snapshot, from the request to the picture; the published way always sleeps seven seconds"
    moments = iter(events(200)["event_time"])

    def ours() -> float:
        started = time.perf_counter()
        site.meraki.snapshot("Q2GV-7K2M-D9HT", next(moments).to_pydatetime())
        return time.perf_counter() - started

    def published() -> float:
        started = time.perf_counter()
        made = requests.post(
            f"{info['meraki']}/devices/Q2GV-7K2M-D9HT/camera/generateSnapshot",
            json={"timestamp": next(moments).isoformat()},
            headers={"Authorization": f"Bearer {info['meraki_key']}"},
            timeout=10,
        )
        time.sleep(7)
        requests.get(made.json()["url"], timeout=10).raise_for_status()
        return time.perf_counter() - started

    subjects = {"camkit": ours, "published way (sleep 7)": published}
    return in_turn("one snapshot, ready after 1 s", subjects, rounds=3, ideal_s=READY_S, warm_up=False)


def one_frame() -> list[Row]:
    "A single Eagle Eye snapshot between two frames, by each version of the API; the ideal is one request"
    demo = DemoProcess("--latency-ms", "100")
    try:
        sources = {
            "camkit": demo_site(demo.info).een,
            "camkit, API v3": demo_site(demo.info, een_api="v3").een,
        }
        camera = sources["camkit"].healthy_camera(seed=1)

        def snapshot(een: EagleEye, moments: Iterator[pd.Timestamp]) -> float:
            moment = next(moments).to_pydatetime()
            started = time.perf_counter()
            een.snapshot(camera, moment)
            return time.perf_counter() - started

        subjects = {
            name: partial(snapshot, een, iter(events(100)["event_time"])) for name, een in sources.items()
        }
        return in_turn("one Eagle Eye snapshot, 100 ms", subjects, rounds=9, ideal_s=0.1)
    finally:
        demo.stop()


def same_second(site: Site, control: str) -> str:
    "Two events at the same camera and second ask once"
    requests.post(f"{control}/reset", timeout=10)
    twice = pd.concat([events(10), events(10)], ignore_index=True)
    snapshots_for(at_one_camera(twice), site.meraki, workers=20)
    counts = requests.get(f"{control}/requests", timeout=10).json()["counts"]
    asked = sum(number for path, number in counts.items() if "generateSnapshot" in path)
    return f"20 events at 10 moments of one camera asked for {asked} snapshots."


def bench(count: int = EVENTS) -> list[Row]:
    "All snapshot workloads"
    demo = DemoProcess("--ready-delay-ms", str(round(READY_S * 1000)))
    try:
        with demo_site(demo.info) as site:
            rows = one(site, demo.info)
            time.sleep(2)  # the bucket is full again
            print(" ", same_second(site, demo.info["control"]))
            time.sleep(2)
            rows += in_bulk(site, demo.info["control"], count)
    finally:
        demo.stop()
    return rows + one_frame()
