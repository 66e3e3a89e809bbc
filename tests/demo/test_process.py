"""The demo site as a process: its start, its output and its end."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import psutil
import pytest
import requests
from pydantic import SecretStr

from camkit import errors
from camkit.cameras.meraki import Meraki
from camkit.demo.clock import START
from camkit.demo.een.timestamps import parse_timestamp
from camkit.demo.launch import DemoProcess
from tests.demo.conftest import QUICK, ended, log_in, started

pytestmark = pytest.mark.not_quick


def now_of(demo: DemoProcess) -> str:
    """The newest frame's time."""
    with log_in(demo) as session:
        params = {"id": "1007b3c4", "timestamp": "now", "asset_class": "pre"}
        answer = session.get(f"{demo.info['een']}/asset/asset/image.jpeg", params=params, timeout=10)
    return answer.headers["x-ee-timestamp"].removeprefix("preview-")


def test_first_line_holds_the_addresses_and_credentials(demo):
    "The JSON line has every address, without a trailing slash, and the demo's credentials"
    assert set(demo.info) == {
        "een",
        "een_auth",
        "een_api",
        "een_client_id",
        "een_client_secret",
        "een_redirect_uri",
        "een_username",
        "een_password",
        "een_tfa_username",
        "een_tfa_password",
        "een_tfa_code",
        "meraki",
        "meraki_key",
        "media",
        "directory",
        "control",
    }
    assert all(urlsplit(demo.info[name]).hostname == "127.0.0.1" for name in ("een", "meraki", "control"))
    assert not any(value.endswith("/") for value in demo.info.values())
    assert "{user_id}" in demo.info["directory"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_quietly_on_a_signal(number):
    "On a signal, even with a request in progress, it exits with 0 and writes nothing to stderr"
    with started("--latency-ms", "60000") as (process, info):
        address = urlsplit(info["een"])
        with socket.create_connection((address.hostname, address.port)) as waiting:
            waiting.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert ended(process, number) == (0, "")


def test_ends_with_its_parent():
    "It ends with the process that started it, even if that process is killed"
    program = (
        "import subprocess, sys\n"
        "demo = subprocess.Popen([sys.executable, '-m', 'camkit.demo'], stdout=subprocess.PIPE)\n"
        "demo.stdout.readline(); print(demo.pid, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    process = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate()
    gone, alive = psutil.wait_procs([process], timeout=10)
    assert (gone, alive) == ([process], [])


def test_listens_on_loopback_only():
    "Both of its ports are bound to 127.0.0.1"
    with started() as (process, _):
        listening = [
            connection.laddr
            for connection in psutil.Process(process.pid).net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        ]
    assert len(listening) == 2
    assert {address.ip for address in listening} == {"127.0.0.1"}


def test_uses_the_given_port():
    "--port sets the port of the main origin"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with DemoProcess("--port", str(port)) as running:
        assert urlsplit(running.info["een"]).port == port


def test_a_busy_port_is_one_sentence():
    "No traceback, and the notebook's error says the same"
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = str(busy.getsockname()[1])
        with pytest.raises(errors.DemoSiteError) as caught:
            DemoProcess("--port", port)
    assert str(caught.value) == (
        f"The demo site did not start: Port {port} cannot be used (Address already in use). Choose another one with "
        "--port; without it, a free one is taken."
    )


def test_one_port_serves_everything():
    "With --one-port an image is at the main address, as for a client that knows no other"
    with DemoProcess(*QUICK, "--one-port") as running:
        assert running.info["media"] == running.info["een"]
        meraki = Meraki(SecretStr(running.info["meraki_key"]), base_url=running.info["meraki"])
        assert meraki.snapshot("Q2GV-7K2M-D9HT").content
        meraki.close()


def control_call(demo: DemoProcess, method: str = "POST", path: str = "", **headers: str) -> int:
    "The status of a call on the control path, by default to end all sessions"
    address = path or demo.info["control"] + "/expire-sessions"
    return requests.request(method, address, headers=headers, timeout=10).status_code


def test_whoever_does_not_know_the_control_address_controls_nothing(demo, control):
    "Another user of this machine can find the port, and guesses: nothing changes and nothing is shown"
    origin = demo.info["een"]
    token = demo.info["control"].rpartition("/")[2]
    with log_in(demo) as session:
        for guess in ("", "0" * 32, token[:-1], token.upper() + "/..", "*"):
            assert control_call(demo, path=f"{origin}/demo/{guess}/expire-sessions") == 404
            assert control_call(demo, "GET", f"{origin}/demo/{guess}/requests") == 404
        assert session.get(f"{origin}/g/aaa/isauth", timeout=10).status_code == 200
    assert len(token) == 32 and token not in str(control.asked())


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:{port}"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1:1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:{port}"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_web_page_does_not_control_the_demo(demo, headers):
    "Not even one that knows the address, under its own name or one that leads to this machine"
    port = urlsplit(demo.info["een"]).port
    assert control_call(demo, **{name: value.format(port=port) for name, value in headers.items()}) == 403
    assert control_call(demo, Host=f"localhost:{port}") == 204


def test_fixed_clock_stands_still_and_running_clock_runs(demo):
    "The newest frame stays the same with the fixed clock, and changes with the running clock"
    assert now_of(demo) == now_of(demo)
    with DemoProcess(*QUICK, "--clock", "running") as running:
        first = now_of(running)
        assert abs((parse_timestamp(first, START).moment - START).total_seconds()) < 60
        deadline = time.monotonic() + 10
        while now_of(running) == first and time.monotonic() < deadline:
            time.sleep(0.2)
        assert now_of(running) > first


def test_latency_delays_answers_in_parallel():
    "Answers take at least the latency"
    with DemoProcess("--latency-ms", "300") as running:
        address = urlsplit(running.info["een"])
        started = time.monotonic()
        waiting = [socket.create_connection((address.hostname, address.port)) for _ in range(5)]
        for connection in waiting:
            connection.sendall(b"GET /people/00071234 HTTP/1.0\r\n\r\n")
        for connection in waiting:
            assert connection.recv(12) == b"HTTP/1.1 200"
            connection.close()
        assert time.monotonic() - started >= 0.3


def test_accepts_any_host_and_absolute_targets(demo):
    "Any Host header is accepted, and an absolute target as sent to a proxy"
    named = requests.get(
        demo.info["een"] + "/g/aaa/isauth", headers={"Host": "c001.eagleeyenetworks.com"}, timeout=10
    )
    proxied = requests.get(
        "http://api.meraki.com/api/v1/organizations/549236/devices?perPage=3",
        headers={"Authorization": f"Bearer {demo.info['meraki_key']}"},
        proxies={"http": demo.info["een"]},
        timeout=10,
    )
    assert named.status_code == 401
    assert proxied.links["next"]["url"].startswith("http://api.meraki.com/api/v1/")


def test_the_targets_host_wins_over_the_host_header(demo):
    "If a request contains two hosts, links go to the one of its target"
    address = urlsplit(demo.info["een"])
    target = "http://api.meraki.com/api/v1/organizations/549236/devices?perPage=3"
    request = f"GET {target} HTTP/1.0\r\nHost: other.test\r\nAuthorization: Bearer {demo.info['meraki_key']}\r\n\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(request.encode())
        head = connection.makefile("rb").read().partition(b"\r\n\r\n")[0]
    assert b"<http://api.meraki.com/api/v1/" in head
    assert b"other.test" not in head


def test_logs_requests(demo, control):
    "Requests are counted by pattern and logged without credentials, except those to the control path"
    secret = {"Authorization": "Bearer canary-7f3a"}
    requests.get(demo.info["directory"].format(user_id="00071234"), timeout=10)
    requests.get(demo.info["meraki"] + "/organizations?key=canary-7f3a", headers=secret, timeout=10)
    seen = control.asked()
    assert seen["counts"] == {"/people/<user_id>": 1, "/api/v1/organizations": 1}
    last = seen["last"]
    assert [(entry["path"], entry["status"], entry["credential"]) for entry in last] == [
        ("/people/00071234", 200, False),
        ("/api/v1/organizations", 401, True),
    ]
    assert "canary" not in str(seen)
    control.reset()
    assert control.asked()["last"] == []


@pytest.mark.parametrize(
    "arguments",
    [["--port", "x"], ["--port", "65536"], ["--clock", "broken"], ["--fault", "{}"], ["--latency-ms", "-1"]],
)
def test_bad_arguments_are_a_usage_message(arguments):
    "An invalid command line ends with status 2 and a message that says why"
    command = [sys.executable, "-m", "camkit.demo", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 2
    assert arguments[0] in ended.stderr
    assert "Traceback" not in ended.stderr


def test_importing_the_package_starts_nothing():
    "import camkit.demo loads neither Flask nor gevent nor Pillow"
    program = "import sys, camkit.demo; print({'flask', 'gevent', 'PIL'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"
