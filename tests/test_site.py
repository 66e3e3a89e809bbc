"""Connecting: with settings, or to a demo site that ends with the process that started it."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr

import camkit
from camkit import errors
from camkit import settings as camkit_settings
from camkit.cameras import Picture
from camkit.cameras.een import EagleEyeV1
from camkit.cameras.meraki import Meraki
from camkit.demo import launch
from camkit.demo.launch import DemoProcess
from camkit.settings import load_settings
from camkit.site import DEMO_NOTICE, demo_site
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
    before = psutil.Process().children()  # other tests' demo sites may be among them
    with camkit.connect() as site:
        (process,) = set(psutil.Process().children()) - set(before)
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
    with pytest.raises(
        errors.SettingsError, match=r"Set EEN_CLIENT_ID and EEN_CLIENT_SECRET \(API v3\), or EEN_USERNAME"
    ):
        _ = site.een
    assert capsys.readouterr().out.splitlines() == [
        "Names and photos come from people.example, which gets the badge numbers.",
        "Using a site with meraki, directory.",
    ]


def test_a_list_of_people_is_the_directory(monkeypatch, tmp_path, capsys):
    "With the photos beside it; a case records which list it was; one directory is enough"
    (tmp_path / "people.csv").write_text("number,name\n0042,Ann Li\n")
    monkeypatch.setenv("MERAKI_DASHBOARD_API_KEY", SECRET)
    monkeypatch.setenv("CAMKIT_DIRECTORY", "people.csv")
    with camkit.connect() as site:
        assert site.directory is not None
        assert site.directory.lookup("0042").name == "Ann Li"
        assert site.services["directory"] == {
            "file": "people.csv",
            "sha256": hashlib.sha256((tmp_path / "people.csv").read_bytes()).hexdigest(),
        }
    assert "Names and photos come from people.csv." in capsys.readouterr().out
    monkeypatch.setenv("CAMKIT_DIRECTORY_URL", "https://people.example/{user_id}")
    with pytest.raises(errors.SettingsError, match="are both set: remove one"):
        camkit.connect()


CREDENTIALS = f"EEN_USERNAME=file\nEEN_PASSWORD={SECRET}\nMERAKI_DASHBOARD_API_KEY=\n"


def env_file(path: Path, text: str = CREDENTIALS, mode: int = 0o600) -> Path:
    "A .env file with some rights"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def test_credentials_in_a_dotenv_file_are_used(tmp_path, capsys):
    "A .env beside the notebook counts; empty values count as not set"
    env_file(tmp_path / ".env", CREDENTIALS, 0o644)
    settings = load_settings()
    assert settings.een_username == "file"
    assert settings.een_password.get_secret_value() == SECRET
    assert settings.meraki_key is None
    assert list(camkit.connect().sources) == ["een"]
    assert capsys.readouterr().out == "Using a site with een.\n"


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    "Where the environment has all that the file has, and for settings that have no secret"
    env_file(
        tmp_path / ".env", CREDENTIALS + "CAMKIT_DOORS=file.csv\nCAMKIT_DIRECTORY_URL=https://f/{user_id}\n"
    )
    for name, value in {"EEN_USERNAME": "me", "EEN_PASSWORD": "other", "CAMKIT_DOORS": "mine.csv"}.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (settings.een_username, settings.een_password.get_secret_value()) == ("me", "other")
    assert (str(settings.doors_file), settings.directory_url) == ("mine.csv", "https://f/{user_id}")


def test_a_dotenv_file_in_a_folder_above_is_a_strangers(tmp_path, monkeypatch):
    "Neither the parent folder nor any above it decides where a key goes"
    env_file(tmp_path / ".env", "MERAKI_BASE_URL=https://evil.example\nMERAKI_DASHBOARD_API_KEY=x\n")
    env_file(tmp_path / "case" / ".env", "MERAKI_BASE_URL=https://evil.example\n")
    (tmp_path / "case" / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "case" / "notebooks")
    settings = load_settings()
    assert (settings.meraki_base_url, settings.meraki_key) == (None, None)


@pytest.mark.parametrize("folder", ["notebooks", "out/lab/notebooks", "."])
@pytest.mark.parametrize("is_checkout", [True, False])
def test_the_makefiles_folder_has_a_dotenv_file_for_all_its_notebooks(
    tmp_path, monkeypatch, folder, is_checkout
):
    "Within the checkout that camkit runs from, and only there, as when `make lab` works on a copy in out/lab"
    env_file(tmp_path / "camkit" / ".env")
    (tmp_path / "camkit" / "Makefile").touch()
    monkeypatch.setattr(camkit_settings, "CHECKOUT", tmp_path / ("camkit" if is_checkout else "other"))
    here = tmp_path / "camkit" / folder
    here.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(here)
    assert (load_settings().een_username == "file") is (is_checkout or folder == ".")


@pytest.mark.parametrize("mode", [0o660, 0o606, 0o622, 0o666])
def test_a_dotenv_file_that_others_can_write_is_refused(tmp_path, mode):
    "The message says how to mend it"
    env_file(tmp_path / ".env", mode=mode)
    with pytest.raises(errors.SettingsError, match=r"can be changed by other users.*chmod 600 '/.*/\.env'"):
        camkit.connect()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_dotenv_file_of_another_user_is_refused(tmp_path):
    "Also through a link, which is what a stranger would leave"
    os.chown(env_file(tmp_path / "strangers"), 65534, 65534)
    (tmp_path / ".env").symlink_to(tmp_path / "strangers")
    with pytest.raises(errors.SettingsError, match="belongs to another user"):
        camkit.connect()


@pytest.mark.timeout(10)
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_a_dotenv_that_is_no_file_is_refused(tmp_path, make):
    "A named pipe does not make it wait, an endless device does not fill the memory"
    make(tmp_path / ".env")
    with pytest.raises(errors.SettingsError, match=r"\.env (is not a regular file|cannot be read: Is a)"):
        camkit.connect()


@pytest.mark.parametrize(
    ("in_file", "in_environment"),
    [
        ("MERAKI_BASE_URL=https://evil.example\n", {"MERAKI_DASHBOARD_API_KEY": SECRET}),
        (f"MERAKI_DASHBOARD_API_KEY={SECRET}\n", {"MERAKI_BASE_URL": "https://gateway.example"}),
        ("EEN_BASE_URL=https://evil.example\n", {"EEN_USERNAME": "me", "EEN_PASSWORD": SECRET}),
        (f"EEN_USERNAME=file\nEEN_PASSWORD={SECRET}\n", {"EEN_USERNAME": "me"}),
        ("EEN_BASE_URL=https://evil.example\n", {"EEN_CLIENT_ID": "app", "EEN_CLIENT_SECRET": SECRET}),
        ("EEN_REDIRECT_URI=https://evil.example\n", {"EEN_CLIENT_ID": "app", "EEN_CLIENT_SECRET": SECRET}),
    ],
)
def test_an_address_and_its_key_come_from_one_place(tmp_path, monkeypatch, in_file, in_environment):
    "A file that somebody left does not take the environment's key elsewhere"
    env_file(tmp_path / ".env", in_file)
    for name, value in in_environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(errors.SettingsError, match="Put them into one place") as caught:
        camkit.connect()
    assert all(name in str(caught.value) for name in in_environment) and str(tmp_path) in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "address", "is_said"),
    [
        ("MERAKI_BASE_URL", "https://api.meraki.ca/api/v1", False),
        ("MERAKI_BASE_URL", "https://gateway.example:8443/api/v1", True),
        ("MERAKI_BASE_URL", "https://api.meraki.com.evil.example", True),
        ("EEN_BASE_URL", "https://c001.eagleeyenetworks.com", False),
        ("EEN_BASE_URL", "https://login.eagleyenetworks.com", True),
    ],
)
def test_a_host_that_is_not_the_vendors_is_named_before_a_key_goes_there(
    monkeypatch, capsys, variable, address, is_said
):
    "One line names the host and the variable that chose it; another region of the vendor's needs none"
    for name in ("MERAKI_DASHBOARD_API_KEY", "EEN_USERNAME", "EEN_PASSWORD"):
        monkeypatch.setenv(name, SECRET)
    monkeypatch.setenv(variable, address)
    camkit.connect()
    *said, _ = capsys.readouterr().out.splitlines()
    host = address.split("/")[2]
    assert said == [
        f"{variable} is set: the secrets go to {host}, which is not an address of the vendor's own."
    ] * int(is_said)


def test_says_which_accounts_are_used_without_a_secret(monkeypatch):
    "Host and user of each service, as text that a case can record"
    monkeypatch.setenv("MERAKI_DASHBOARD_API_KEY", SECRET)
    monkeypatch.setenv("EEN_USERNAME", "me@camkit.example")
    monkeypatch.setenv("EEN_PASSWORD", SECRET)
    monkeypatch.setenv("CAMKIT_DIRECTORY_URL", "https://people.example:8443/{user_id}?token=" + SECRET)
    assert camkit.connect().services == {
        "meraki": {"host": "api.meraki.com"},
        "een": {"host": "login.eagleeyenetworks.com", "user": "me@camkit.example"},
        "directory": {"host": "people.example:8443"},
    }


def test_the_accounts_have_what_calls_have_shown(site):
    "After a login and a list of organizations, their ids are there too, still without a secret"
    site.een.login()
    site.meraki.organizations()
    assert site.services["een"]["account_id"] == "00014750"
    assert site.services["meraki"]["organizations"] == "Camkit Demo (549236)"
    assert not any(secret in str(site.services) for secret in ("password", "key", "cookie"))


def test_every_picture_of_the_demo_site_says_that_it_is_one(site):
    "Of both vendors; a client that was not made for the demo site does not say so"
    at = datetime(2019, 4, 12, 20, 30, tzinfo=UTC)
    assert site.is_demo and site.meraki.is_demo and site.een.is_demo
    assert site.meraki.snapshot("Q2GV-7K2M-D9HT", at).is_demo
    assert site.een.snapshot(site.een.healthy_camera(seed=1), at).is_demo
    assert not Meraki(SecretStr(SECRET)).is_demo
    assert not Picture("meraki", "Q2GV-7K2M-D9HT", b"", "", at, None).is_demo


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"EEN_USERNAME": "me"}, "EEN_USERNAME is set, but not EEN_PASSWORD"),
        ({"EEN_PASSWORD": SECRET}, "EEN_PASSWORD is set, but not EEN_USERNAME"),
        ({"EEN_API_KEY": SECRET}, "EEN_API_KEY is set, but not EEN_USERNAME and EEN_PASSWORD"),
        ({"EEN_CLIENT_ID": "app"}, "EEN_CLIENT_ID is set, but not EEN_CLIENT_SECRET"),
        ({"EEN_CLIENT_SECRET": SECRET}, "EEN_CLIENT_SECRET is set, but not EEN_CLIENT_ID"),
        ({"EEN_REDIRECT_URI": "http://127.0.0.1:3333"}, "but not EEN_CLIENT_ID and EEN_CLIENT_SECRET"),
    ],
)
def test_incomplete_credentials_name_what_is_missing(monkeypatch, given, missing):
    "Neither the demo nor a failing login, but a message without the secret"
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(errors.SettingsError, match=missing) as caught:
        camkit.connect()
    assert SECRET not in str(caught.value)


def test_two_logins_to_eagle_eye_are_refused(monkeypatch):
    "User name and password choose API v1, a client id and its secret v3: the message names both sets"
    for name in ("EEN_USERNAME", "EEN_PASSWORD", "EEN_CLIENT_ID", "EEN_CLIENT_SECRET"):
        monkeypatch.setenv(name, SECRET)
    with pytest.raises(
        errors.SettingsError, match=r"EEN_USERNAME, EEN_PASSWORD and EEN_CLIENT_ID, .*both"
    ) as caught:
        camkit.connect()
    assert SECRET not in str(caught.value)


def test_a_client_id_and_its_secret_choose_api_v3(monkeypatch, capsys):
    "Nothing is sent before the first call, and no secret is shown"
    monkeypatch.setenv("EEN_CLIENT_ID", "app-of-ours")
    monkeypatch.setenv("EEN_CLIENT_SECRET", SECRET)
    site = camkit.connect()
    assert site.een.api == "v3" and site.een.at_vendor
    assert site.services["een"]["host"] == "auth.eagleeyenetworks.com"
    assert SECRET not in repr([load_settings(), site, vars(site.een), site.services])
    assert capsys.readouterr().out == "Using a site with een.\n"


@pytest.mark.not_quick
def test_the_demo_can_be_used_by_api_v3(monkeypatch, capsys):
    "CAMKIT_DEMO=v3: the same devices, and the consent is given without a browser"
    monkeypatch.setenv("CAMKIT_DEMO", "v3")
    with camkit.connect() as site:
        assert site.is_demo and site.een.api == "v3"
        assert site.een.login().account_id == "00014750"
        assert len(site.een.devices()) > 80
    assert "API v3" in capsys.readouterr().out


@pytest.mark.not_quick
def test_the_demo_can_be_chosen(monkeypatch, capsys):
    "CAMKIT_DEMO=1 takes precedence over credentials, so that a notebook can be tried without them; the notice says so"
    monkeypatch.setenv("CAMKIT_DEMO", "1")
    monkeypatch.setenv("EEN_USERNAME", "me")
    with camkit.connect() as site:
        assert site.is_demo
    assert capsys.readouterr().out == (
        "CAMKIT_DEMO is set, so this is the built-in demo site: invented people, drawn pictures. The camera "
        "credentials that are set are not used.\n"
    )


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
        "os.kill(os.getpid(), signal.SIGKILL)",
        "site.close(); time.sleep(60)",
        *(
            pytest.param(ending, marks=pytest.mark.slow)
            for ending in (
                "sys.exit(3)",
                "raise ValueError",
                "os.kill(os.getpid(), signal.SIGTERM)",
                "os._exit(1)",
                "del site; import gc; gc.collect(); time.sleep(60)",
            )
        ),
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


def test_a_key_given_as_plain_text_does_not_show_itself():
    "As one that is a SecretStr does not"
    clients = [Meraki(SECRET), EagleEyeV1("me", SECRET, SECRET)]
    for client in clients:
        assert SECRET not in repr(client) + repr(vars(client))


def test_no_frame_of_reading_the_settings_shows_a_key(tmp_path):
    "Whatever is wrong with the file: its other lines hold keys"
    for wrong in ("no equals sign", "CAMKIT_DEMO=perhaps", "EEN_USERNAME=me"):
        env_file(tmp_path / ".env", f"MERAKI_DASHBOARD_API_KEY={SECRET}\n{wrong}\n")
        with pytest.raises(errors.SettingsError) as caught:
            load_settings()
        shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        ours = [frame for frame in shown.stack if "settings.py" in frame.filename]
        assert not ours and SECRET not in str([frame.locals for frame in shown.stack[1:]])


@pytest.mark.not_quick
def test_a_list_of_people_goes_before_the_sites_own_directory(tmp_path: Path) -> None:
    "Also on the demo site; a missing one is said before anything is started"
    people = tmp_path / "people.csv"
    people.write_text("number,name\n00042,Ann Li\n")
    with camkit.connect(directory=people) as site:
        assert site.is_demo
        assert site.directory is not None
        assert site.directory.lookup("00042").name == "Ann Li"
    with pytest.raises(errors.InputError, match=r"gone\.csv"):
        camkit.connect(directory=tmp_path / "gone.csv")


@pytest.mark.parametrize("name", ["v4", "V3", "", 3])
def test_an_api_that_does_not_exist_is_not_taken_for_another(name, demo):
    "Neither on the demo site nor for an account of one's own"
    own = load_settings()
    for call in (lambda: camkit.connect(own, een_api=name), lambda: demo_site(demo.info, een_api=name)):
        with pytest.raises(errors.InputError, match="'v1' and 'v3'"):
            call()
