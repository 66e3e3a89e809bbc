"""Connecting: with settings, or to a demo site that ends with the process that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import psutil
import pytest

import camkit
from camkit import errors
from camkit.demo import launch
from camkit.demo.launch import DemoProcess
from camkit.settings import load_settings
from camkit.site import DEMO_NOTICE
from tests.conftest import ROOT

SECRET = "kei-4711-canary"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def gone(pid: int, within_s: float = 30.0) -> bool:
    """Whether a process ends in time."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


# Settings


@pytest.mark.not_quick
def test_without_credentials_it_is_the_demo_site_and_says_so(capsys):
    "Both vendors and the directory are there, and the process is gone after close()"
    with camkit.connect() as site:
        process = psutil.Process().children()[-1]
        assert site.is_demo and repr(site) == "the built-in demo site"
        assert set(site.sources) == {"meraki", "een"} and site.directory is not None
        assert len(site.een.devices()) == 94
    assert not process.is_running()
    assert capsys.readouterr().out.strip() == DEMO_NOTICE


def test_credentials_in_the_environment_are_used(monkeypatch, capsys):
    "With one vendor's credentials the demo is not started, and the other vendor is missing"
    monkeypatch.setenv("MERAKI_DASHBOARD_API_KEY", SECRET)
    monkeypatch.setenv("CAMKIT_DIRECTORY_URL", "https://people.example/{user_id}")
    monkeypatch.setenv("CAMKIT_DOORS", "my_doors.csv")
    site = camkit.connect()
    assert not site.is_demo and list(site.sources) == ["meraki"]
    assert str(site.doors_file) == "my_doors.csv"
    with pytest.raises(errors.SettingsError, match="Set EEN_USERNAME and EEN_PASSWORD"):
        _ = site.een
    assert capsys.readouterr().out == "Using a site with meraki, directory.\n"


def test_credentials_in_a_dotenv_file_are_used(tmp_path, monkeypatch):
    "The nearest .env above the notebook counts; the environment wins; empty values count as not set"
    (tmp_path / ".env").write_text(f"EEN_USERNAME=file\nEEN_PASSWORD={SECRET}\nMERAKI_DASHBOARD_API_KEY=\n")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    monkeypatch.setenv("EEN_USERNAME", "environment")
    settings = load_settings()
    assert settings.een_username == "environment"
    assert settings.een_password.get_secret_value() == SECRET
    assert settings.meraki_key is None
    assert list(camkit.connect().sources) == ["een"]


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"EEN_USERNAME": "me"}, "EEN_USERNAME is set, but not EEN_PASSWORD"),
        ({"EEN_PASSWORD": SECRET}, "EEN_PASSWORD is set, but not EEN_USERNAME"),
        ({"EEN_API_KEY": SECRET}, "EEN_API_KEY is set, but not EEN_USERNAME and EEN_PASSWORD"),
    ],
)
def test_incomplete_credentials_name_what_is_missing(monkeypatch, given, missing):
    "Neither the demo nor a failing login, but a message without the secret"
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(errors.SettingsError, match=missing) as caught:
        camkit.connect()
    assert SECRET not in str(caught.value)


@pytest.mark.not_quick
def test_the_demo_can_be_chosen(monkeypatch):
    "CAMKIT_DEMO=1 takes precedence over credentials, so that a notebook can be tried without them"
    monkeypatch.setenv("CAMKIT_DEMO", "1")
    monkeypatch.setenv("EEN_USERNAME", "me")
    with camkit.connect() as site:
        assert site.is_demo


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("EEN_BASE_URL", "login.example", "is not a plain http"),
        ("MERAKI_BASE_URL", f"https://me:{SECRET}@api.example", "is not a plain http"),
        ("CAMKIT_DIRECTORY_URL", "https://people.example/", "needs {user_id}"),
        ("CAMKIT_DEMO", SECRET, "The value of CAMKIT_DEMO cannot be used"),
    ],
)
def test_a_malformed_setting_is_reported(monkeypatch, name, value, said):
    "A wrong address is reported before anything is sent, and without what is secret in it"
    monkeypatch.setenv("EEN_USERNAME", "me")
    monkeypatch.setenv("EEN_PASSWORD", SECRET)
    monkeypatch.setenv("MERAKI_DASHBOARD_API_KEY", SECRET)
    monkeypatch.setenv(name, value)
    with pytest.raises(errors.SettingsError, match=said) as caught:
        camkit.connect()
    assert SECRET not in str(caught.value)


def test_settings_do_not_show_a_secret(monkeypatch):
    "Neither the settings nor the site and its clients show a key"
    monkeypatch.setenv("MERAKI_DASHBOARD_API_KEY", SECRET)
    monkeypatch.setenv("EEN_USERNAME", "me")
    monkeypatch.setenv("EEN_PASSWORD", SECRET)
    site = camkit.connect()
    shown = repr([load_settings(), site, vars(site.meraki), vars(site.een)])
    assert SECRET not in shown


def test_a_dotenv_file_that_is_not_text_is_reported(tmp_path):
    "The message says that it is not UTF-8 text"
    (tmp_path / ".env").write_bytes(b"EEN_USERNAME=\xff\xfe\n")
    with pytest.raises(errors.SettingsError, match="not UTF-8 text"):
        load_settings()


# The demo site's process


def kernel(ending: str) -> tuple[subprocess.Popen[str], int]:
    """A process that connects to a demo site and then ends in some way, and the demo's process id."""
    script = f"""
        import os, signal, sys, time
        import camkit, psutil
        site = camkit.connect()
        print(psutil.Process().children()[0].pid, flush=True)
        {ending}
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )
    lines = iter(process.stdout.readline, "")
    return process, next(int(line) for line in lines if line.strip().isdigit())


@pytest.mark.not_quick
@pytest.mark.parametrize(
    "ending",
    [
        "",
        "sys.exit(3)",
        "raise ValueError",
        "os.kill(os.getpid(), signal.SIGTERM)",
        "os.kill(os.getpid(), signal.SIGKILL)",
        "os._exit(1)",
        "site.close(); time.sleep(60)",
        "del site; import gc; gc.collect(); time.sleep(60)",
    ],
)
def test_the_demo_ends_with_its_kernel(ending):
    "However the kernel ends, and if the site is closed or deleted, its demo process ends within seconds"
    process, pid = kernel(ending)
    with process:
        assert gone(pid), ending
        process.kill()


@pytest.mark.not_quick
def test_an_interrupt_does_not_end_the_demo():
    "Jupyter's Stop interrupts the kernel's process group; the demo is in a group of its own"
    process, pid = kernel("signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(60)")
    with process:
        assert os.getpgid(pid) not in (os.getpgid(process.pid), os.getpgid(0))
        process.kill()
        assert gone(pid)


def test_a_demo_that_does_not_start_says_why():
    "The last line of its output is in the error, and no process is left"
    before = len(psutil.Process().children())
    with pytest.raises(errors.DemoSiteError, match="unrecognized arguments: --nonsense"):
        DemoProcess("--nonsense")
    assert len(psutil.Process().children()) == before


def test_a_silent_demo_is_ended(monkeypatch, tmp_path):
    "A process that never prints its line is ended after the time allowed"
    quiet = tmp_path / "python"
    quiet.write_text("#!/bin/sh\nexec sleep 60\n")
    quiet.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(quiet))
    monkeypatch.setattr(launch, "START_S", 0.3)
    before = len(psutil.Process().children())
    with pytest.raises(errors.DemoSiteError, match="no reason given"):
        DemoProcess()
    assert len(psutil.Process().children()) == before


def test_stopping_twice_is_fine():
    "stop() may be called again; a process that was killed is also gone"
    demo = DemoProcess()
    demo._process.send_signal(signal.SIGKILL)
    demo.stop()
    demo.stop()
    assert demo._process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("line", ["EEN_USERNAME: me@example.com", 'EEN_PASSWORD="abc'])
def test_a_line_of_the_env_file_that_cannot_be_read_is_named(tmp_path, monkeypatch, line):
    "It does not silently lead to the demo site"
    (tmp_path / ".env").write_text(f"# my cameras\n{line}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(errors.SettingsError, match=r"\.env, line 2, is not NAME=value") as caught:
        load_settings()
    assert "abc" not in str(caught.value)


def test_a_password_is_taken_literally(tmp_path, monkeypatch):
    "A dollar sign in it is a dollar sign"
    (tmp_path / ".env").write_text("EEN_USERNAME=me@example.com\nEEN_PASSWORD=pa$HOME${FOO}x\n")
    monkeypatch.chdir(tmp_path)
    assert load_settings().een_password.get_secret_value() == "pa$HOME${FOO}x"
