"""The demo site with many cameras: the usual ones first, lists in pages, pictures on demand."""

from __future__ import annotations

import io
from itertools import takewhile

import psutil
import pytest
import requests
from PIL import Image

from camkit.demo.een.devices import account
from camkit.demo.een.population import COUNT, Answer
from camkit.demo.launch import DemoProcess
from camkit.demo.meraki.inventory import Inventory
from camkit.demo.meraki.snapshots import MOST, SnapshotStore
from camkit.demo.options import LARGEST_FLEET, parse
from camkit.demo.world.world import DEFAULT_SEED
from tests.demo.conftest import QUICK, log_in
from tests.demo.test_een_v3 import exchanged

pytestmark = pytest.mark.not_quick

CAMERAS = 10_000


@pytest.fixture(scope="module")
def demo():
    with DemoProcess(*QUICK, "--cameras", str(CAMERAS)) as demo:
        yield demo


@pytest.fixture(scope="module")
def rows(demo):
    """The device list of API v1."""
    with log_in(demo) as session:
        return session.get(f"{demo.info['een']}/g/device/list", timeout=30).json()


def session_of(key: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {key}"
    return session


def test_v1_lists_all_at_once_with_an_id_each(rows):
    "API v1 has no pages: one list, in which as many cameras as asked for have an id that nothing else has"
    ids = [row[1] for row in rows if row[1]]
    assert len(set(ids)) == len(ids)
    assert sum(row[3] == "camera" and bool(row[1]) for row in rows) == CAMERAS


def test_the_usual_devices_are_the_first(rows):
    "A larger account begins with the usual 94 devices, the same in everything"
    assert rows[:COUNT] == [device.row for device in account(DEFAULT_SEED)]


def test_each_camera_is_behind_a_bridge_that_lists_it(rows):
    "Bridges and cameras name each other, for the last, shorter bridge too"
    behind = {(row[1], camera) for row in rows if row[3] == "bridge" for camera, _ in row[4]}
    assert behind == {(row[4][0][0], row[1]) for row in rows if row[3] == "camera" and row[4]}


@pytest.mark.parametrize("size", [100, 500])
def test_v3_lists_in_pages(demo, rows, size):
    "API v3 gives each camera once, page by page, and the total on each page"
    session = session_of(str(exchanged(demo.info["een_auth"])["access_token"]))
    params, found, pages = {"pageSize": size}, [], 0
    while True:
        page = session.get(f"{demo.info['een_api']}/api/v3.0/cameras", params=params, timeout=30).json()
        assert page["totalSize"] == CAMERAS
        found += [camera["id"] for camera in page["results"]]
        pages += 1
        if not page["nextPageToken"]:
            break
        params["pageToken"] = page["nextPageToken"]
    assert pages == CAMERAS // size
    assert sorted(found) == sorted(row[1] for row in rows if row[3] == "camera" and row[1])


def test_meraki_lists_in_pages(demo):
    "The Meraki organization gives each camera once, page by page, each in a network that is listed"
    session = session_of(demo.info["meraki_key"])
    base = f"{demo.info['meraki']}/organizations/549236"
    url, found = f"{base}/devices?productTypes[]=camera", []
    while url:
        answer = session.get(url, timeout=30)
        assert len(answer.json()) <= 1000
        found += answer.json()
        url = answer.links.get("next", {}).get("url")
    assert len({device["serial"] for device in found}) == len(found) == CAMERAS
    networks = {network["id"] for network in session.get(f"{base}/networks", timeout=30).json()}
    assert {device["networkId"] for device in found} == networks


def test_meraki_pages_backwards_as_well(demo):
    "The page before a device ends right before it"
    serials = [device.serial for device in Inventory(CAMERAS).devices]
    url = f"{demo.info['meraki']}/organizations/549236/devices"
    params = {"endingBefore": serials[5000], "perPage": 20}
    page = session_of(demo.info["meraki_key"]).get(url, params=params, timeout=30).json()
    assert [device["serial"] for device in page] == serials[4980:5000]


def test_the_usual_meraki_devices_are_the_same():
    "A larger organization has the usual devices, the same in everything"
    usual = Inventory()
    larger = Inventory(CAMERAS)
    assert [device for device in larger.devices if device.serial in usual.by_serial] == usual.devices


def test_pictures_are_drawn_on_demand(demo, rows):
    "The last camera has pictures, and drawing those of many cameras keeps the site's memory within 300 MB"
    last = [row[1] for row in rows if row[3] == "camera" and row[1]][-50:]
    process = psutil.Process(demo._process.pid)
    pictures = set()
    with log_in(demo) as session:
        for camera in last:
            params = {"id": camera, "timestamp": "now", "asset_class": "pre"}
            answer = session.get(f"{demo.info['een']}/asset/prev/image.jpeg", params=params, timeout=10)
            Image.open(io.BytesIO(answer.content)).verify()
            pictures.add(answer.content)
    assert len(pictures) == len(last)
    assert process.memory_info().rss < 300e6


def test_all_further_cameras_answer():
    "What is added has pictures; only the usual cameras are silent for a reason"
    added = [device for device in account(DEFAULT_SEED, CAMERAS)[COUNT:] if device.type == "camera"]
    assert {device.answer for device in added} == {Answer.PICTURE}
    assert {device.history[-1].status for device in added} == {"online"}


def test_the_largest_fleet_has_ids_and_addresses_of_the_vendors_length():
    "Up to the limit every id is eight hexadecimal digits, and every Meraki address is one"
    assert all(len(device.id) == 8 for device in account(DEFAULT_SEED, LARGEST_FLEET) if device.id)
    devices = Inventory(LARGEST_FLEET).devices
    assert len({device.mac for device in devices}) == len(devices)
    assert {len(device.mac) for device in devices} == {17}
    assert all(int(part) < 256 for device in devices for part in device.lan_ip.split("."))


@pytest.mark.parametrize("cameras", ["-1", "many", str(LARGEST_FLEET + 1)])
def test_other_numbers_of_cameras_are_refused(cameras, capsys):
    "A number that is negative, above the limit or not one ends with a usage message"
    with pytest.raises(SystemExit):
        parse(["--cameras", cameras])
    assert "--cameras" in capsys.readouterr().err


def test_only_the_last_orders_are_kept():
    "The oldest orders of Meraki snapshots are forgotten, so that a site that runs for long does not grow"
    store = SnapshotStore(0.0, 60.0)
    paths = [store.order(bytes) for _ in range(MOST + 2)]
    tokens = [path.rpartition("/")[2] for path in paths]
    assert len(list(takewhile(lambda token: store.answer(token).status_code == 404, tokens))) == 2
