"""Those who have no access: web pages, exports, other users of the machine; and a power cut and an interrupt."""

from __future__ import annotations

import gzip
import os
import signal
import sqlite3
import threading
from contextlib import chdir, closing
from unittest.mock import patch

import pandas as pd
import requests

import camkit
from camkit.directory import WebDirectory
from camkit.settings import load_settings
from camkit.support.export import export_table
from tests.adversaries.desk import Desk, said
from tests.adversaries.rows import row
from tests.support.cases import at_doors, made_up_snapshot
from tests.support.scripted import scripted, send

PAGE, EXPORT, USER = "a hostile web page", "a hostile export", "another user of this machine"
HEAD = "Timestamp,UserID,reader_id\n"


def _directory(page: str) -> str:
    """What a notebook shows of a directory's page."""
    with scripted(
        lambda handler, _: send(handler, 200, page.encode(), Content_Type="text/html; charset=utf-8")
    ) as server:
        found = WebDirectory(server.base + "/{user_id}").lookup("007")
    return found._repr_html_() + found.note


@row(PAGE, "gives a name that LaTeX would turn into another", r"mathjax_ignore.*\$\\hspace")
def _(desk: Desk) -> str:
    return _directory(r"<h1>$\hspace{-9em}\bbox[white]{Ann Lee}$</h1><p>007</p>")


@row(PAGE, "gives a name that is a script", r"&lt;script&gt;")
def _(desk: Desk) -> str:
    return _directory("<h1>&lt;script&gt;alert(1)&lt;/script&gt;</h1><p>007</p>")


@row(PAGE, "gives a name that turns the text around it", r"Ann\[U\+202E\]|Ann.{0,12}202[eE]")
def _(desk: Desk) -> str:
    return _directory("<h1>Ann\u202e eeL</h1><p>007</p>")


@row(PAGE, "shows somebody else with a photo under the number", r"unknown.*not show it beside a person")
def _(desk: Desk) -> str:
    return _directory('<p>007?</p><div class="h-card"><b class="p-name">Bob Roe</b> 008</div>')


@row(PAGE, "asks to sign in and repeats the number in a link", r"unknown.*form.*not taken for an entry")
def _(desk: Desk) -> str:
    return _directory('<h1>Sign in</h1><form><input type="password"></form><a href="?next=007">007</a>')


@row(PAGE, "names a photo at another port of this machine", r"photo.* (not|refused|elsewhere)")
def _(desk: Desk) -> str:
    return _directory('<h1>Ann Lee</h1><p>007</p><img src="http://127.0.0.1:9/photo.jpg">')


@row(PAGE, "gives a megabyte of open tags", r"cannot be read|too long|too much|more than")
def _(desk: Desk) -> str:
    return _directory("<h1>Ann Lee</h1><p>007</p>" + "<b>" * 400_000)


@row(PAGE, "posts to the demo site, which runs on this machine", r"^40[34]$")
def _(desk: Desk) -> str:
    with camkit.connect(load_settings()) as site:
        host = site.services["meraki"]["host"]
        answer = requests.post(
            f"http://{host}/control/reset", headers={"Origin": "https://evil.example"}, timeout=5
        )
    return str(answer.status_code)


@row(EXPORT, "has a formula for a name", r"^'=HYPERLINK")
def _(desk: Desk) -> str:
    path = export_table(
        pd.DataFrame({"name": ['=HYPERLINK("http://evil.example")']}), desk.folder / "out.csv"
    )
    return str(pd.read_csv(path)["name"][0])


@row(EXPORT, "moves the cursor of a terminal", r"never")
def _(desk: Desk) -> str:
    path = desk.folder / "log.csv"
    path.write_text(HEAD + "2026-01-05T07:00:00Z,\x1b[2J\x1b[H4711,R1\n\x1b[2Jnever,1,R1\n")
    log = camkit.load_badges(path, timezone="UTC")
    text = f"{log!r}{log.problems()}"
    assert "\x1b" not in text
    return text


@row(EXPORT, "unpacks to more than any log", r"unpacks from .* more than any badge log does")
def _(desk: Desk) -> str:
    path = desk.folder / "log.csv.gz"
    path.write_bytes(gzip.compress((HEAD + "2026-01-05T07:00:00Z,4711,R1\n" * 2_000_000).encode()))
    return said(lambda: camkit.load_badges(path, timezone="UTC"))


@row(EXPORT, "has a name that leads out of the case", r"^documents/[0-9a-f]{2}/[0-9a-f]{64}\.csv$")
def _(desk: Desk) -> str:
    path = desk.folder.parent / "..%2F..%2Fetc.csv"
    path.write_text(HEAD + "2026-01-05T07:00:00Z,4711,R1\n")
    log = camkit.load_badges(path, timezone="UTC")
    with camkit.Case(desk.folder.parent / "other") as case:
        case.add_events(at_doors(log.events))
        case.add_sources(log)
        documents = case.table("documents")
    return str(documents.loc[documents["kind"] == "badge export", "path"].iloc[0])


@row(EXPORT, "changes after it was loaded", r"InputError: .*has changed since it was loaded")
def _(desk: Desk) -> str:
    path = desk.folder.parent / "log.csv"
    path.write_text(HEAD + "2026-01-05T07:00:00Z,4711,R1\n")
    log = camkit.load_badges(path, timezone="UTC")
    path.write_text(HEAD + "2026-01-05T07:00:00Z,0815,R1\n")
    with camkit.Case(desk.folder.parent / "other") as case:
        case.add_events(at_doors(log.events))
        return said(lambda: case.add_sources(log))


@row(USER, "can write the file with the keys", r"SettingsError: .*chmod")
def _(desk: Desk) -> str:
    file = desk.folder.parent / ".env"
    file.write_text("MERAKI_BASE_URL=https://evil.example\n")
    file.chmod(0o666)
    with chdir(desk.folder.parent):
        return said(load_settings)


@row(USER, "puts a file with an address of theirs into a folder above", r"meraki_base_url=None")
def _(desk: Desk) -> str:
    (desk.folder.parent / ".env").write_text("MERAKI_BASE_URL=https://evil.example\n")
    with chdir(desk.folder), patch.dict(os.environ, {"MERAKI_DASHBOARD_API_KEY": "key"}):
        return said(lambda: repr(load_settings()))


@row("a power cut", "empties every picture that was not on the disk", r"have their recorded SHA-256")
def _(desk: Desk) -> str:
    for path in desk.images():
        path.write_bytes(b"")
    desk.case.add_snapshots(made_up_snapshot(label, b"picture %d" % label) for label in range(3))
    return desk.verify()


@row("an interrupt", "comes while somebody else writes", r"^KeyboardInterrupt, then match$")
def _(desk: Desk) -> str:
    with closing(sqlite3.connect(desk.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        try:
            desk.case.record_verdict(1, "match")
            first = "nothing"
        except KeyboardInterrupt:
            first = "KeyboardInterrupt"
        other.execute("ROLLBACK")
    return f"{first}, then {desk.case.record_verdict(1, 'match').verdict}"
