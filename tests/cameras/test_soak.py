"""Five hundred previews from twenty cameras on a bad day."""

from __future__ import annotations

from hashlib import sha256

import pytest
from pydantic import SecretStr

from camkit.cameras.een import EagleEyeV1, overall_status, usable_cameras
from camkit.cameras.een.previews import download_previews, failures
from camkit.demo.launch import DemoProcess
from camkit.http import Limits
from camkit.support.jpeg import check_jpeg
from tests.support.control import Control

LIMITS = Limits(connect_s=1, read_s=0.5, deadline_s=3, attempts=2, backoff_s=0.01, backoff_max_s=0.05)
CAMERAS, EACH, ATTEMPTS = 20, 25, 31
KINDS = [
    ("status", {"status": 503}),
    ("status", {"status": 429, "retry_after": 0.1}),
    ("reset", {}),
    ("close", {}),
    ("truncate", {}),
    ("corrupt-jpeg", {"where": "middle"}),
    ("not-jpeg", {}),
    ("gzip-broken", {}),
    ("html", {}),
    ("hang", {}),
]


def faults(share: float) -> list[dict]:
    """Ten kinds of fault that together hit this share of the image requests."""
    return [
        {"route": "/asset/*", "kind": kind, "params": params, "probability": share / len(KINDS), "seed": seed}
        for seed, (kind, params) in enumerate(KINDS)
    ]


@pytest.fixture
def demo():
    process = DemoProcess()
    yield process
    process.stop()


@pytest.mark.slow
def test_every_frame_is_on_disk_and_intact_or_in_the_result_with_its_reason(demo, tmp_path, monkeypatch):
    "With a fifth of the answers bad, what is saved and what is missing add up to what was wanted, camera by camera"
    monkeypatch.setattr(failures, "PAUSES", LIMITS)
    control = Control(demo.info)
    een = EagleEyeV1(
        demo.info["een_username"],
        SecretStr(demo.info["een_password"]),
        base_url=demo.info["een"],
        limits=LIMITS,
        demo_origin=demo.info["media"],
    )
    devices = een.devices()
    online = overall_status(devices["device_status"], device_type=devices["type"]) == "Online"
    # Camera 72 says it is online, but its bridge times out, with or without faults.
    fleet = devices.loc[usable_cameras(devices)["usable"] & online, "id"].drop(72)
    control.reset()
    control.faults(*faults(0.2))
    runs = [
        download_previews(een, camera, count=EACH, attempts=ATTEMPTS, out=tmp_path, progress=False)
        for camera in fleet.iloc[:CAMERAS]
    ]
    control.faults()

    failed = [failure for run in runs for failure in run.failures]
    saved = [frame for run in runs for frame in run.saved]
    asked = control.count("/asset/")
    assert (
        asked
        == sum(run.requests for run in runs)
        == len(saved) + sum(run.repeated for run in runs) + len(failed)
    )
    assert 0.1 < len(failed) / asked < 0.3
    assert all(failure.reason for failure in failed)
    for run in runs:
        missing = run.wanted - len(run.saved)
        assert missing >= 0 and bool(missing) == bool(run.shortfall)
        assert not missing or run.requests == ATTEMPTS
    assert len(saved) + sum(run.wanted - len(run.saved) for run in runs) == CAMERAS * EACH == 500
    assert len(saved) > 0.9 * 500

    assert {path.name for path in tmp_path.iterdir()} == {frame.path.name for frame in saved}
    for run in runs:
        for frame in run.saved:
            content = frame.path.read_bytes()
            check_jpeg(content)
            assert sha256(content).hexdigest() == frame.sha256
            assert een.frame(run.camera_id, frame.timestamp, verb="asset").sha256 == frame.sha256
    een.close()
    control.close()
