"""What is left of a login that was lent to a cluster, whatever ends first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cloudpickle
import pytest
from distributed import Client, LocalCluster, Security

from camkit.cameras import Lendable, borrowed, lend
from camkit.errors import ClusterError
from tests.conftest import ROOT

CANARY = "kanari-4711-password"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


class Account(Lendable):
    "A client that is made of a password"

    def __init__(self, password: str) -> None:
        self.beginning = password[:6]

    def share_rate(self, rate: object, parts: int) -> None:
        self.parts = parts


@pytest.fixture
def cluster(tmp_path) -> Iterator[LocalCluster]:
    "A scheduler without workers; its certificate is in files"
    security = Security.temporary()
    for name, text in {
        "ca": security.tls_ca_file, "cert": security.tls_client_cert, "key": security.tls_client_key
    }.items():  # fmt: skip
        (tmp_path / f"{name}.pem").write_text(text)
    with LocalCluster(n_workers=0, security=security, dashboard_address=None) as cluster:
        yield cluster


def files(folder: Path, before: str = "") -> list[str]:
    return [f"--tls-{before}{name}={folder / name}.pem" for name in ("ca-file", "cert", "key")]


def worker(cluster: LocalCluster, folder: Path, before: str = "") -> subprocess.Popen[bytes]:
    "A worker of another machine, so to say; what it does first is code"
    (folder / "ca-file.pem").write_bytes((folder / "ca.pem").read_bytes())
    code = f"{before}\nfrom distributed.cli.dask_worker import main\nmain()"
    options = ["--no-dashboard", "--no-nanny", "--nthreads=1", f"--local-directory={folder / 'local'}"]
    with (folder / "worker.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-c", code, cluster.scheduler_address, *options, *files(folder)],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=log, stderr=log,
        )  # fmt: skip


def kept(cluster: LocalCluster) -> list[object]:
    "What the scheduler has of logins, and the plugins with it"
    scheduler = cluster.scheduler
    named = [scheduler.worker_plugins, scheduler.plugins, scheduler.task_metadata]
    return [value for place in named for name, value in place.items() if name.startswith("camkit") and value]


def test_a_worker_makes_a_client_of_its_own_and_nothing_stays(cluster, tmp_path):
    "While it is lent, the plugins that Dask names and logs do not have the password"
    process = worker(cluster, tmp_path)
    try:
        with Client(cluster, set_as_default=False) as client:
            client.wait_for_workers(1, timeout=60)
            with lend(client, Account(CANARY)) as name:
                assert client.submit(lambda: borrowed(name).beginning).result(60) == CANARY[:6]
                assert CANARY.encode() not in b"".join(cluster.scheduler.worker_plugins.values())
                seen = client.run(lambda dask_worker: cloudpickle.dumps(str(vars(dask_worker.plugins[name]))))
                assert CANARY not in str(seen)
            assert kept(cluster) == []
    finally:
        process.terminate()
        process.wait(20)
    assert CANARY not in (tmp_path / "worker.log").read_text("utf-8", "replace")


def test_a_worker_without_camkit_is_said_and_writes_no_password_into_its_log(cluster, tmp_path):
    "Dask logs what it cannot unpickle"
    blocked = "import sys; sys.modules['camkit'] = None"
    process = worker(cluster, tmp_path, blocked)
    try:
        with Client(cluster, set_as_default=False) as client:
            client.wait_for_workers(1, timeout=60)
            with pytest.raises(ClusterError, match="install camkit"), lend(client, Account(CANARY)):
                pass
            assert kept(cluster) == []
    finally:
        process.terminate()
        process.wait(20)
    log = (tmp_path / "worker.log").read_text("utf-8", "replace")
    assert "camkit" in log
    assert CANARY not in log


def test_an_interrupt_while_it_is_sent_leaves_nothing(cluster, monkeypatch):
    "Whichever part has gone"
    with Client(cluster, set_as_default=False) as client:
        for moment in (0, 1):
            calls = []

            def interrupted(*args, moment=moment, calls=calls, register=client.register_plugin, **options):
                register(*args, **options)
                calls.append(1)
                if len(calls) > moment:
                    raise KeyboardInterrupt

            with monkeypatch.context() as patch:
                patch.setattr(client, "register_plugin", interrupted)
                with pytest.raises(KeyboardInterrupt), lend(client, Account(CANARY)):
                    pass
            assert kept(cluster) == []


def test_a_second_interrupt_while_it_is_taken_back_leaves_nothing(cluster, monkeypatch):
    "Some press Ctrl-C twice"
    with Client(cluster, set_as_default=False) as client:

        def interrupted(*args, set_metadata=client.set_metadata, **options):
            if options.get("value") == {}:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.1)
            set_metadata(*args, **options)

        monkeypatch.setattr(client, "set_metadata", interrupted)
        with pytest.raises(KeyboardInterrupt), lend(client, Account(CANARY)):
            raise KeyboardInterrupt
        assert kept(cluster) == []


def parts(name: str) -> int:
    "Among how many the rate is divided"
    return borrowed(name).parts


def test_the_rate_is_divided_anew_when_workers_come():
    "Else those that come later would have as much of it as the first ones"
    with (
        LocalCluster(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None) as local,
        Client(local, set_as_default=False) as client,
        lend(client, Account(CANARY)) as name,
    ):
        assert client.submit(parts, name, pure=False).result(20) == 1
        local.scale(4)
        client.wait_for_workers(4, timeout=20)
        ends = time.monotonic() + 20
        while {job.result(20) for job in client.map(parts, [name] * 16, pure=False)} != {4}:
            assert time.monotonic() < ends
            time.sleep(0.2)


def test_a_killed_kernel_leaves_nothing(cluster, tmp_path):
    "Nobody else takes it back"
    (tmp_path / "ca-file.pem").write_bytes((tmp_path / "ca.pem").read_bytes())
    code = f"""
import sys, time
from distributed import Client, Security
from tests.cameras.test_lent import Account, lend
folder = {str(tmp_path)!r}
security = Security(tls_ca_file=folder + "/ca.pem", tls_client_cert=folder + "/cert.pem",
                    tls_client_key=folder + "/key.pem", require_encryption=True)
client = Client({cluster.scheduler_address!r}, security=security)
with lend(client, Account({CANARY!r})):
    print("lent", flush=True)
    time.sleep(60)
"""
    kernel = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    assert kernel.stdout.readline() == b"lent\n"
    assert CANARY in str(kept(cluster))
    kernel.kill()
    kernel.wait(20)
    kernel.stdout.close()
    ends = time.monotonic() + 30
    while kept(cluster) and time.monotonic() < ends:
        time.sleep(0.1)
    assert kept(cluster) == []
