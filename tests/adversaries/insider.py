"""An insider with SQLite: edits the database of a case, triggers or not, and hides it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

from camkit.case import Case, chain, schema
from camkit.case.database import Stamp, insert
from camkit.case.handover import leave_out
from tests.adversaries.desk import Desk, said
from tests.adversaries.rows import row
from tests.support.cases import made_up

WHO = "an insider with SQLite"
CHANGED = r"was changed, or something recorded before it was changed or removed"


@row(WHO, "changes a verdict", r"decisions: rows are only ever added")
def _(desk: Desk) -> str:
    with desk.raw() as raw:
        return _refused(raw, "UPDATE decisions SET verdict = 'match' WHERE id = 2")


@row(WHO, "deletes a verdict", r"decisions: rows are only ever added")
def _(desk: Desk) -> str:
    with desk.raw() as raw:
        return _refused(raw, "DELETE FROM decisions WHERE id = 2")


@row(WHO, "removes the guard, changes a verdict, puts the guard back", f"decision 2 {CHANGED}")
def _(desk: Desk) -> str:
    with desk.raw("decisions") as raw:
        raw.execute("UPDATE decisions SET verdict = 'match' WHERE id = 2")
    return desk.verify()


@row(WHO, "leaves the guard away", r"the trigger decisions_no_update is missing or altered")
def _(desk: Desk) -> str:
    with desk.raw() as raw:
        raw.execute("DROP TRIGGER decisions_no_update")
    return desk.verify()


@row(WHO, "deletes a verdict behind the guard's back", r"decision 2 was removed")
def _(desk: Desk) -> str:
    with desk.raw("decisions") as raw:
        raw.execute("DELETE FROM decisions WHERE id = 2")
    return desk.verify()


@row(WHO, "deletes a verdict with its link", r"altered: ")
def _(desk: Desk) -> str:
    with desk.raw("decisions", "chain") as raw:
        raw.execute("DELETE FROM decisions WHERE id = 2")
        raw.execute("DELETE FROM chain WHERE table_name = 'decisions' AND row_key = 2")
    return desk.verify()


@row(
    WHO,
    "deletes a verdict and lists it as left out",
    r"said to be left out of a copy, but nothing that is excluded",
)
def _(desk: Desk) -> str:
    with desk.raw("decisions") as raw:
        raw.execute("DELETE FROM decisions WHERE id = 2")
        raw.execute("INSERT INTO left_out VALUES ('decisions', 2)")
    return desk.verify(seal=True)


@row(WHO, "does so beside an event that is excluded", r"event 0 is excluded, but it is in this copy")
def _(desk: Desk) -> str:
    desk.case.exclude(0, "picked by mistake")
    with desk.raw("decisions") as raw:
        raw.execute("DELETE FROM decisions WHERE id = 2")
        raw.execute("INSERT INTO left_out VALUES ('decisions', 2)")
    return desk.verify(seal=True)


@row(
    WHO,
    "makes the case a copy without the excluded event and a verdict",
    r"(?s)This is a copy that was handed over.*"
    r"decision 2 is said to be left out of a copy, but it is not among what belonged to the excluded",
)
def _(desk: Desk) -> str:
    desk.case.exclude(0, "picked by mistake")
    with closing(sqlite3.connect(desk.database, isolation_level=None)) as raw:
        leave_out(raw)
    with desk.raw("decisions") as raw:
        raw.execute("DELETE FROM decisions WHERE id = 2")
        raw.execute("INSERT INTO left_out VALUES ('decisions', 2)")
    assert "a copy that was handed over" in said(lambda: desk.case.record_verdict(1, "match"))
    return desk.verify(seal=True)


@row(
    WHO,
    "excludes an event that never was, so that a verdict can be listed as left out",
    r"(?s)event phantom is excluded, but is not an event of the case.*"
    r"decision 2 is said to be left out of a copy, but nothing that is excluded",
)
def _(desk: Desk) -> str:
    with desk.raw("decisions") as raw:
        phantom = {"event": "phantom", "is_excluded": 1, "reason": "Picked by mistake."}
        insert(raw, "exclusions", {**phantom, **Stamp("Owner").columns("excluded_at")})
        raw.execute("DELETE FROM decisions WHERE id = 2")
        raw.execute("INSERT INTO left_out VALUES ('decisions', 2)")
    return desk.verify(seal=True)


@row(WHO, "lists the event that never was as left out, too", r"event phantom .* it was never added")
def _(desk: Desk) -> str:
    with desk.raw("decisions") as raw:
        phantom = {"event": "phantom", "is_excluded": 1, "reason": "Picked by mistake."}
        insert(raw, "exclusions", {**phantom, **Stamp("Owner").columns("excluded_at")})
        raw.execute("INSERT INTO left_out VALUES ('events', 'phantom')")
    said = desk.verify(seal=True)
    assert "This is a copy that was handed over" in said
    return said


@row(
    WHO,
    "adds an event, claims that an earlier verdict is about it, excludes it and takes both out",
    r"decision 2 is said to be left out of a copy, but it is not among what belonged to the excluded",
)
def _(desk: Desk) -> str:
    desk.case.add_events(made_up(4))
    with desk.raw("decisions") as raw:
        late = {"event": 3, "is_excluded": 1, "reason": "Picked by mistake.", "belongs": '{"decisions":[2]}'}
        insert(raw, "exclusions", {**late, **Stamp("Owner").columns("excluded_at")})
        leave_out(raw)
        raw.execute("DELETE FROM decisions WHERE id = 2")
        raw.execute("INSERT INTO left_out VALUES ('decisions', 2)")
    return desk.verify(seal=True)


@row(WHO, "slips a verdict in", r"decision 9 was not added by camkit")
def _(desk: Desk) -> str:
    with desk.raw() as raw:
        raw.execute(
            "INSERT INTO decisions SELECT 9, event, 'match', image, choice, decided_at, operator, software"
            " FROM decisions LIMIT 1"
        )
    return desk.verify()


@row(WHO, "makes the whole chain again", r"never had the seal")
def _(desk: Desk) -> str:
    with desk.raw("decisions", "chain") as raw:
        raw.execute("UPDATE decisions SET verdict = 'match' WHERE id = 2")
        _make_again(raw)
    assert "altered" not in desk.verify()
    return desk.verify(seal=True)


@row(
    WHO,
    "links a harmless row over a gap, rewrites what is before it, and shows the seal after it",
    r"altered: ",
)
def _(desk: Desk) -> str:
    with desk.raw("chain") as raw:
        last = raw.execute("SELECT max(number) FROM chain").fetchone()[0]
        stamp = Stamp("Owner").columns("noted_at")
        raw.execute("INSERT INTO notes VALUES (2, 0, 'harmless', :noted_at, :operator, :software)", stamp)
        (_, *values) = raw.execute("SELECT rowid, * FROM notes WHERE id = 2").fetchone()
        raw.execute(
            "INSERT INTO chain VALUES (?, 'notes', 2, ?)", [last + 2, chain._link("", "notes", values)]
        )
        desk.seal = chain.seal(raw)
    with desk.raw("decisions", "chain") as raw:
        raw.execute("UPDATE decisions SET verdict = 'match' WHERE id = 2")
        _make_again(raw, up_to=last)
    return desk.verify(seal=True)


@row(WHO, "gives a verdict the highest number there is, so that it always counts", r"altered: ")
def _(desk: Desk) -> str:
    with desk.raw() as raw:
        raw.execute(
            "INSERT INTO decisions SELECT 9223372036854775807, 1, 'match', NULL, NULL, decided_at, operator, software"
            " FROM decisions LIMIT 1"
        )
        chain.add_link(raw, "decisions", "id", 9223372036854775807)
    return desk.verify()


@row(WHO, "moves all rows of a table by the same number", r"altered: ")
def _(desk: Desk) -> str:
    with desk.raw("events") as raw:
        raw.execute("UPDATE events SET rowid = rowid + 1000")
        raw.execute("UPDATE events SET rowid = rowid - 990")
    return desk.verify(seal=True)


@row(WHO, "shows the events in another order", r"not in the order|altered: ")
def _(desk: Desk) -> str:
    with desk.raw("events") as raw:
        raw.execute("UPDATE events SET rowid = 100 WHERE event = 0")
    return desk.verify(seal=True)


@row(WHO, "adds a blank to a name in the chain", r"altered: ")
def _(desk: Desk) -> str:
    with desk.raw("chain") as raw:
        raw.execute("UPDATE chain SET table_name = table_name || ' ' WHERE number = 3")
    return desk.verify(seal=True)


@row(WHO, "adds a blank to the end of a note", f"note 1 {CHANGED}")
def _(desk: Desk) -> str:
    with desk.raw("notes") as raw:
        raw.execute("UPDATE notes SET note = note || ' '")
    return desk.verify()


@row(WHO, "puts bytes in the place of a text", r"altered: ")
def _(desk: Desk) -> str:
    with desk.raw("notes") as raw:
        raw.execute("UPDATE notes SET note = CAST(note AS BLOB)")
    return desk.verify()


@row(WHO, "turns a number of an image's size into text", r"altered: ")
def _(desk: Desk) -> str:
    with desk.raw("images") as raw:
        raw.execute("UPDATE images SET bytes = 'many' WHERE rowid = 1")
    return desk.verify()


@row(WHO, "points an image to a file elsewhere", r"names a place outside the folder of images")
def _(desk: Desk) -> str:
    with desk.raw("images") as raw:
        raw.execute("UPDATE images SET path = '../../etc/passwd' WHERE rowid = 1")
    return desk.verify()


@row(WHO, "lets a view say that all is a match", r"the view overview is missing or altered")
def _(desk: Desk) -> str:
    with desk.raw() as raw:
        ((made,),) = raw.execute("SELECT sql FROM sqlite_master WHERE name = 'overview'").fetchall()
        raw.execute("DROP VIEW overview")
        raw.execute(made.replace("said.verdict,", "'match' AS verdict,"))
    return desk.verify()


@row(WHO, "adds a trigger that swallows verdicts", r"did not accept a row of decisions.* Run verify\(\)")
def _(desk: Desk) -> str:
    with desk.raw() as raw:
        raw.execute("CREATE TRIGGER quiet BEFORE INSERT ON decisions BEGIN SELECT RAISE(IGNORE); END")
    return said(lambda: desk.case.record_verdict(0, "mismatch"))


@row(
    WHO,
    "takes somebody's verdict back in their name, a day later",
    r"only the own latest verdict, within seconds",
)
def _(desk: Desk) -> str:
    with desk.raw() as raw:
        return _refused(
            raw, "INSERT INTO withdrawals VALUES (2, '2099-01-01T00:00:00.000000Z', 'Owner', 'camkit')"
        )


@row(
    WHO,
    "takes it back behind the guard's back, with a link",
    r"decision 2 was taken back by Insider at .*, which camkit does not do",
)
def _(desk: Desk) -> str:
    with desk.raw("withdrawals") as raw:
        insert(raw, "withdrawals", {"decision": 2, **Stamp("Insider").columns("withdrawn_at")})
    return desk.verify()


@row(
    WHO,
    "takes the first of two verdicts back in their owner's name, at a time that is not a time",
    r"(?s)withdrawn_at of withdrawal 1 is '2\d+\.\d+', which is not a time.*decision 1 was taken back by Owner",
)
def _(desk: Desk) -> str:
    return _taken_back(desk, "printf('%.9f', julianday(decided_at) + 2 / 86400.0)")


@row(
    WHO,
    "does so at a time of another zone",
    r"withdrawn_at of withdrawal 1 is '.*\+01:00', which is not a time",
)
def _(desk: Desk) -> str:
    return _taken_back(desk, "strftime('%Y-%m-%dT%H:%M:%f000', julianday(decided_at) + 1 / 24.0) || '+01:00'")


@row(
    WHO, "does so at the very time", r"altered: withdrawal 1 was added at .*, but what was added before it at"
)
def _(desk: Desk) -> str:
    return _taken_back(desk, "decided_at")


@row(
    WHO,
    "takes a verdict back that its owner has changed since",
    r"decision 1 was taken back by Owner at .*, which camkit does not do",
)
def _(desk: Desk) -> str:
    desk.case.record_verdict(0, "mismatch")
    with desk.raw("withdrawals") as raw:
        insert(raw, "withdrawals", {"decision": 1, **Stamp("Owner").columns("withdrawn_at")})
    return desk.verify(seal=True)


@row(WHO, "gives an event a day that does not exist", r"CaseError: .*column event_time of the table events")
def _(desk: Desk) -> str:
    with desk.raw() as raw:
        raw.execute(
            "INSERT INTO events SELECT 9, '2026-02-30T07:00:00.000000Z', timezone, cardholder_id, reader_id, access,"
            " file, line, extras, row_sha256, added_at, operator, software FROM events LIMIT 1"
        )
        chain.add_link(raw, "events", "event", 4)
    assert "event_time of event 9 is '2026-02-30T07:00:00.000000Z', which is not a time" in desk.verify()
    return said(desk.case.report)


@row(
    WHO,
    "opens the case with verdicts of their own, in which a mismatch is shown as a match",
    r"InputError: The verdict 'mismatch' is shown as 'Mismatch' in this case, not 'Match'",
)
def _(desk: Desk) -> str:
    mismatch = desk.case.labels()["mismatch"]
    return said(lambda: Case(desk.folder, verdicts=[replace(mismatch, title="Match")]))


@row(
    WHO,
    "records a verdict that no key can give",
    r"CaseError: .*a verdict that camkit does not record: The key",
)
def _(desk: Desk) -> str:
    label = {"name": "Match", "title": "Match", "meaning": "nothing", "key": "mm"}
    with desk.raw() as raw:
        insert(raw, "verdict_labels", {**label, **Stamp("Owner").columns("added_at")})
    return said(desk.case.report)


@row(
    WHO,
    "adds the judged picture again, as if it were of another day",
    r"the picture [0-9a-f]{64} of event 1 was recorded with two moments of camera Q2XX",
)
def _(desk: Desk) -> str:
    before = desk.case.events().loc[1]
    with desk.raw() as raw:
        cursor = raw.execute("SELECT * FROM snapshots WHERE id = 2")
        again = dict(zip([name for name, *_ in cursor.description], cursor.fetchone(), strict=True))
        day = "2020-01-01T00:00:00.000000Z"
        again |= {"id": 4, "captured_at": day, "requested_at": day, **Stamp("Owner").columns("added_at")}
        insert(raw, "snapshots", again)
        insert(raw, "camera_views", {"snapshot": 4, "camera_rank": 0, "is_demo": 0})
    after = desk.case.events().loc[1]
    assert before.equals(after)
    return desk.verify(seal=True)


@row(
    WHO,
    "adds an event whose label reads the same",
    r"two events have the label 1, one as a number and one as",
)
def _(desk: Desk) -> str:
    with desk.raw() as raw:
        cursor = raw.execute("SELECT * FROM events WHERE event = 1")
        twin = dict(zip([name for name, *_ in cursor.description], cursor.fetchone(), strict=True))
        insert(raw, "events", {**twin, "event": "1", **Stamp("Owner").columns("added_at")})
    return desk.verify()


def _setting(desk: Desk, value: str) -> None:
    with desk.raw() as raw:
        row = {"name": "site", "value": value, **Stamp("Owner").columns("added_at")}
        insert(raw, "settings", row)


@row(WHO, "says that a real case is of the demo site", r"^False$")
def _(desk: Desk) -> str:
    _setting(desk, '{"is_demo": true, "services": {}}')
    return str("DEMO" in desk.case.report().read_text("utf-8"))


@row(
    WHO,
    "adds a setting that is no JSON",
    r"CaseError: The case's setting 'site' does not say what camkit puts",
)
def _(desk: Desk) -> str:
    _setting(desk, '{"is_demo": fal')
    assert "setting 1 does not say what camkit puts there" in desk.verify()
    return said(desk.case.report)


@row(WHO, "adds one that says something else", r"CaseError: .*setting 1 does not say what camkit puts there")
def _(desk: Desk) -> str:
    for services in ("3", '{"een": 3}'):
        _setting(desk, f'{{"is_demo": false, "services": {services}}}')
        assert said(desk.case.report).startswith("CaseError: The case's setting")
    return said(desk.case.export)


@row(
    WHO,
    "gives a verdict on a picture of another event",
    r"CaseError: .*row 4 of decisions is about a picture that event 0 does not have",
)
def _(desk: Desk) -> str:
    image = desk.case.events()["sha256"][1]
    given = {"event": 0, "verdict": "mismatch", "image": image, **Stamp("Owner").columns("decided_at")}
    with desk.raw() as raw:
        insert(raw, "decisions", given)
    assert "is about a picture that event 0 does not have" in desk.verify()
    return said(desk.case.report)


@row(
    WHO,
    "gives an event a zone that does not exist",
    r"TimestampError: The time zone 'UTC\+99:99' is not known",
)
def _(desk: Desk) -> str:
    with desk.raw() as raw:
        cursor = raw.execute("SELECT * FROM events WHERE event = 1")
        twin = dict(zip([name for name, *_ in cursor.description], cursor.fetchone(), strict=True))
        insert(
            raw, "events", {**twin, "event": 9, "timezone": "UTC+99:99", **Stamp("Owner").columns("added_at")}
        )
    return said(desk.case.report)


@row(
    WHO,
    "gives a verdict on an event that is not there",
    r"CaseError: .*row 4 of decisions points to a row of",
)
def _(desk: Desk) -> str:
    with desk.raw() as raw:
        insert(raw, "decisions", {"event": 77, "verdict": "unclear", **Stamp("Owner").columns("decided_at")})
    return said(desk.case.report)


@row(WHO, "dates a verdict back", r"decision 4 was added at 2020-.*, but what was added before it at")
def _(desk: Desk) -> str:
    with desk.raw() as raw:
        early = {
            "event": 2,
            "verdict": "unclear",
            "decided_at": "2020-01-01T00:00:00.000000Z",
            "operator": "Owner",
            "software": "camkit",
        }
        insert(raw, "decisions", early)
    return str(desk.case.verify().findings.to_dict("records"))


@row(
    WHO,
    "gives a picture another view",
    r"the view of snapshot 1 was not recorded with it|rows are only ever added",
)
def _(desk: Desk) -> str:
    with desk.raw() as raw:
        return _refused(raw, "INSERT OR REPLACE INTO camera_views VALUES (1, 'car park', 0, 0)")


@row(WHO, "claims an upgrade that never was", r"upgrade 1 is from version 2, but a row of")
def _(desk: Desk) -> str:
    with desk.raw() as raw:
        step = {"from_version": 2, "to_version": 3, "seal": chain.seal(raw)}
        step["schema_sha256"] = schema.digest(schema.as_made(2))
        insert(raw, "upgrades", {**step, **Stamp("Owner").columns("upgraded_at")})
    return desk.verify()


@row(WHO, "calls the database another program's", r"CaseError: .*is not a case of camkit")
def _(desk: Desk) -> str:
    desk.case.close()
    with desk.raw() as raw:
        raw.execute("PRAGMA application_id = 7")
    return desk.opened()


@row(WHO, "replaces the case's name by a view that never ends", r"CaseError: .*(altered|damaged|not a case)")
def _(desk: Desk) -> str:
    desk.case.close()
    with closing(sqlite3.connect(desk.database, isolation_level=None)) as raw:
        raw.execute("DROP TABLE about")
        raw.execute(
            "CREATE VIEW about AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
            " SELECT x AS id, x AS name, x AS created_at, x AS operator, x AS software FROM n WHERE x < 0"
        )
    return desk.opened()


def _refused(raw: sqlite3.Connection, statement: str) -> str:
    """What SQLite says to a statement; it must not be accepted."""
    try:
        raw.execute(statement)
    except sqlite3.IntegrityError as error:
        return str(error)
    return "accepted"


def _taken_back(desk: Desk, time: str) -> str:
    """What verify says when the first verdict is taken back after another one, at a time that SQL gives."""
    desk.case.record_verdict(0, "mismatch")
    with desk.raw("withdrawals") as raw:
        (at,) = raw.execute(f"SELECT {time} FROM decisions WHERE id = 1").fetchone()
        insert(
            raw, "withdrawals", {"decision": 1, **Stamp("Owner").columns("withdrawn_at"), "withdrawn_at": at}
        )
    return desk.verify(seal=True)


def _make_again(raw: sqlite3.Connection, up_to: int | None = None) -> None:
    """Make the links again, as somebody can who knows how."""
    links = raw.execute("SELECT number, table_name, row_key FROM chain ORDER BY number").fetchall()
    before = ""
    for number, table, name in links:
        if up_to is not None and number > up_to:
            break
        key = schema.KEYS[schema.VERSION][table]
        values = raw.execute(f"SELECT * FROM {table} WHERE {key} = ?", [name]).fetchone()
        before = chain._link(before, table, [*values])
        raw.execute("UPDATE chain SET sha256 = ? WHERE number = ?", [before, number])


@row(
    WHO,
    "adds a trigger that never ends to what is taken out of a bag",
    r"trigger endless was not made by camkit",
)
def _(desk: Desk) -> str:
    desk.case.exclude(2, "picked by mistake")
    with desk.raw() as raw:
        raw.execute(
            "CREATE TRIGGER endless AFTER DELETE ON events BEGIN SELECT ("
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n); END"
        )
    return said(desk.case.export) + desk.verify()
