"""What operators say about an event: verdicts, slips, notes, disagreement, exclusion."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from camkit.case import VERDICTS, Case, Decision, VerdictLabel, decisions
from camkit.case.database import Stamp, insert
from camkit.case.times import utc_text
from camkit.errors import CaseError, InputError
from tests.support.cases import CAMERA, DOOR, at_doors, frame, made_up, made_up_events, made_up_snapshot

FOLLOWED = VerdictLabel("followed", "Followed", "somebody came through behind the holder", "f")


@pytest.fixture
def folder(tmp_path):
    "The folder of a case of four events; all but the last have a picture"
    with Case(tmp_path / "front-door", operator="First") as case:
        case.add_events(made_up(4))
        case.add_snapshots(made_up_snapshot(label, b"picture %d" % label) for label in range(3))
    return tmp_path / "front-door"


@pytest.fixture
def case(folder):
    "That case, open"
    with Case(folder, operator="First") as case:
        yield case


@pytest.fixture
def second(folder):
    "The same case, opened by another operator"
    with Case(folder, operator="Second") as case:
        yield case


# Verdicts and pictures


@pytest.mark.parametrize("verdict", ["match", "mismatch", "several", "nobody"])
def test_without_a_picture_nobody_can_say_what_is_in_it(case, verdict):
    "The message names what can be said; nothing is added"
    with pytest.raises(InputError, match="there is none; give Unclear or No picture"):
        case.record_verdict(3, verdict)
    with pytest.raises(InputError, match="there is none; give Unclear or No picture"):
        case.record_verdict(0, verdict, image=None)
    assert case.verdicts().empty
    assert case.table("notes").empty


def test_what_can_be_said_without_a_picture(case):
    "That there is none, or that it is unclear"
    case.record_verdict(3, "no_picture", "The camera was off.")
    case.record_verdict(3, "unclear")
    assert case.verdicts()["image"].isna().all()
    with pytest.raises(InputError, match="No picture is for an event without one; give Match or"):
        case.record_verdict(0, "no_picture")


def test_the_same_verdict_given_twice_is_one(case):
    "A key that was pressed twice; on another picture it is another verdict"
    first = case.record_verdict(0, "match")
    assert case.record_verdict(0, "match") == first
    assert len(case.verdicts()) == 1
    later = frame(made_up_snapshot(0, b""), b"later", 5.0)
    case.add_snapshots([later])
    case.record_verdict(0, "match", image=later.sha256)
    assert case.verdicts()["image"].tolist() == [first.image, later.sha256]


def test_a_note_with_a_refused_verdict_is_not_kept_without_it(case):
    "All of a call counts, or nothing"
    with pytest.raises(CaseError, match="has no picture"):
        case.record_verdict(0, "match", "Her.", image="0" * 64)
    assert case.notes() == {}


# Labels


def test_an_organization_has_verdicts_of_its_own(tmp_path):
    "They are kept in the case with their meaning, and are there when it is opened again"
    with Case(tmp_path / "case", verdicts=[*VERDICTS[:2], FOLLOWED]) as case:
        case.add_events(made_up(1))
        case.add_snapshots([made_up_snapshot(0, b"x")])
        case.record_verdict(0, "followed")
        with pytest.raises(
            InputError, match="'nobody' is not a verdict of this case; use match, mismatch, followed"
        ):
            case.record_verdict(0, "nobody")
    with Case(tmp_path / "case") as case:
        assert list(case.labels().values()) == [*VERDICTS[:2], FOLLOWED]
        assert case.table("verdict_labels")["meaning"].tolist()[-1] == FOLLOWED.meaning
        assert case.verify().ok


def test_verdicts_can_be_added_to_a_case_that_has_some(folder):
    "What was given before keeps its meaning"
    with Case(folder, operator="First") as case:
        case.record_verdict(0, "match")
    with Case(folder, operator="First", verdicts=[FOLLOWED]) as case:
        assert [*case.labels()] == [*(str(label.name) for label in VERDICTS), "followed"]


@pytest.mark.parametrize(
    ("label", "said"),
    [
        (
            replace(VERDICTS[0], meaning="somebody was there"),
            "'match' means .* in this case, not 'somebody was there'",
        ),
        (replace(VERDICTS[1], title="Match"), "'mismatch' is shown as 'Mismatch' in this case, not 'Match'"),
        (replace(VERDICTS[1], key="w"), "'mismatch' has the key 'x' in this case, not 'w'"),
        (
            replace(VERDICTS[1], needs_picture=None),
            "'mismatch' has needs_picture True in this case, not None",
        ),
        (replace(FOLLOWED, key="m"), "Two verdicts have the key 'm'; give 'followed' another"),
    ],
)
def test_a_verdict_that_would_change_others_is_refused(folder, label, said):
    "Nothing of one that the case has can be changed, nor its key taken, also before any verdict was given"
    with pytest.raises(InputError, match=said):
        Case(folder, verdicts=[label])


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "disputed"},
        {"title": ""},
        {"meaning": ""},
        {"key": "ab"},
        {"key": "M"},
        {"key": ""},
    ],
)
def test_a_label_that_nobody_could_read_or_press_is_refused(change):
    "It needs a name, a title, a meaning and one key"
    with pytest.raises(InputError):
        replace(FOLLOWED, **change)


# Slips


def test_a_slip_is_taken_back_and_counts_nowhere(case):
    "Within seconds; the picture that it chose is as before; the row stays in the database"
    later = frame(made_up_snapshot(0, b""), b"later", 5.0)
    case.add_snapshots([later])
    before = case.events()
    case.record_verdict(0, "mismatch", "Slip.", image=later.sha256)
    assert case.events()["sha256"][0] == later.sha256
    case.withdraw_verdict(0)
    assert case.verdicts().empty
    assert case.decisions() == {}
    assert case.choices() == {}
    assert case.summary() == "Case front-door: 4 events, 3 with a picture, 0 reviewed."
    assert case.events()["sha256"].equals(before["sha256"])
    assert case.verify().ok
    with case.database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM decisions").fetchone() == (1,)


def test_the_verdict_before_a_slip_counts_again(case):
    "Also if it is of the same kind as one that was taken back"
    case.record_verdict(0, "match")
    case.record_verdict(0, "mismatch")
    case.withdraw_verdict(0)
    assert case.events()["verdict"][0] == "match"
    case.record_verdict(0, "mismatch")
    assert case.verdicts()["verdict"].tolist() == ["match", "mismatch"]


def test_after_some_seconds_a_verdict_stays(case, monkeypatch):
    "Another one can be given, and both are kept"
    case.record_verdict(0, "match")
    monkeypatch.setattr(decisions, "TAKE_BACK_S", -1.0)
    with pytest.raises(InputError, match="after that it stays"):
        case.withdraw_verdict(0)
    assert case.events()["verdict"][0] == "match"


def test_only_the_own_verdict_can_be_taken_back(case, second):
    "Not another operator's, not one twice, and not one that was never given"
    case.record_verdict(0, "match")
    for operator in (second, second):
        with pytest.raises(InputError, match="Second has given no verdict on this event"):
            operator.withdraw_verdict(0)
    case.withdraw_verdict(0)
    with pytest.raises(InputError, match="First has given no verdict"):
        case.withdraw_verdict(0)


@pytest.mark.parametrize(
    "forged",
    [
        {"operator": "Second"},
        {"withdrawn_at": utc_text(datetime.now(UTC) + timedelta(hours=1))},
        {"withdrawn_at": utc_text(datetime.now(UTC) - timedelta(hours=1))},
        {"withdrawn_at": "2458586.5"},
        {"decision": 1},
    ],
)
def test_the_database_refuses_a_withdrawal_that_camkit_would_not_make(case, forged):
    "Of another operator's verdict, too late or too early, at no time, or of a verdict before the latest"
    case.record_verdict(0, "unclear")
    case.record_verdict(0, "match")
    row = {"decision": 2, **Stamp("First").columns("withdrawn_at")}
    with (
        pytest.raises(CaseError, match="only the own latest verdict, within seconds"),
        case.database.writing() as connection,
    ):
        insert(connection, "withdrawals", row | forged)
    assert case.events()["verdict"][0] == "match"


def test_only_the_verdict_that_is_meant_is_taken_back(folder):
    "Not one that the same operator has given elsewhere meanwhile"
    with Case(folder, operator="First") as one, Case(folder, operator="First") as other:
        meant = one.record_verdict(0, "unclear")
        other.record_verdict(0, "match")
        with pytest.raises(InputError, match="another verdict on this event meanwhile"):
            one.withdraw_verdict(0, meant)
        assert one.events()["verdict"][0] == "match"


def test_nothing_is_taken_back_by_a_clock_that_is_behind(case, second):
    "Else nobody could tell it from a verdict that was taken back days later; slips one after the other can be"
    case.record_verdict(0, "unclear")
    case.record_verdict(0, "match")
    case.withdraw_verdict(0)
    case.withdraw_verdict(0)
    case.record_verdict(0, "mismatch")
    ahead = {"noted_at": utc_text(datetime.now(UTC) + timedelta(hours=1)), "operator": "Second"}
    with second.database.writing() as connection:
        insert(connection, "notes", {"event": 1, "note": "Later.", "software": "camkit", **ahead})
    with pytest.raises(InputError, match="it is earlier now than when something was last added"):
        case.withdraw_verdict(0)
    checked = case.verify()
    assert checked.ok
    assert "2 verdicts were taken back within seconds" in checked.summary()


# Notes


def test_a_note_is_kept_without_a_verdict(folder):
    "And adds none; the latest counts, an empty one says nothing"
    with Case(folder, operator="First") as case:
        case.record_note(3, "Ask about this one.")
        case.record_note(0, "Wrong event.")
        case.record_note(0, "")
    with Case(folder, operator="First") as case:
        assert case.notes() == {3: {"First": "Ask about this one."}}
        assert case.events()["note"].dropna().to_dict() == {3: "Ask about this one."}
        assert case.verdicts().empty
        assert len(case.table("notes")) == 3


def test_the_same_note_is_recorded_once(case):
    "Also with a verdict"
    for verdict in ("match", "mismatch"):
        case.record_verdict(0, verdict, "Her.")
    case.record_note(0, "Her.")
    assert case.table("notes")["note"].tolist() == ["Her."]
    assert case.verdicts()["note"].tolist() == ["Her.", "Her."]


def test_nobody_inherits_anothers_note(case, second):
    "A second operator's verdict is without the first one's words"
    case.record_verdict(0, "match", "It is her.")
    second.record_verdict(0, "match")
    second.record_note(1, "Mine.")
    verdicts = case.verdicts()
    assert verdicts.set_index("operator")["note"].fillna("").to_dict() == {
        "First": "It is her.",
        "Second": "",
    }
    assert case.notes() == {0: {"First": "It is her."}, 1: {"Second": "Mine."}}


# Two operators


def test_reviewers_who_disagree_are_both_heard(case, second):
    "The later one does not override the earlier one; summary and problems say so"
    case.record_verdict(0, "match", "It is her.")
    second.record_verdict(0, "mismatch", "It is not.")
    row = case.events().loc[0]
    assert row["verdict"] == "disputed"
    assert row["operator"] == "First, Second"
    assert row["note"] == "First: It is her.; Second: It is not."
    assert case.summary().endswith("1 reviewed (1 disputed).")
    assert case.problems()[0].startswith("The reviewers disagree (First, Second): Ann Li, Main entrance, ")


def test_reviewers_who_agree_in_the_end_agree(case, second):
    "The latest verdict of each counts"
    case.record_verdict(0, "match")
    second.record_verdict(0, "mismatch")
    case.record_verdict(0, "mismatch")
    assert case.events().loc[0, ["verdict", "operator"]].tolist() == ["mismatch", "Second, First"]
    given = case.decisions()[0]
    assert decisions.agreed(given) == "mismatch"
    assert decisions.agreed(given[:2]) == "disputed"
    assert [*decisions.latest_opinions(given)] == ["Second", "First"]
    assert decisions.agreed([]) is None


def test_a_slip_of_one_reviewer_is_no_disagreement(case, second):
    "It was taken back"
    case.record_verdict(0, "match")
    second.record_verdict(0, "mismatch")
    second.withdraw_verdict(0)
    assert case.events()["verdict"][0] == "match"


# Exclusion


def test_an_event_can_be_left_out_with_a_reason(folder):
    "It stays in the case, and is counted apart"
    with Case(folder, operator="First") as case:
        case.exclude(0, "Picked by mistake.")
        case.exclude(0, "Picked by mistake.")
        case.record_verdict(1, "match")
    with Case(folder) as case:
        assert case.exclusions() == {0: "Picked by mistake."}
        assert len(case.table("exclusions")) == 1
        assert (
            case.summary() == "Case front-door: 3 events, 2 with a picture, 1 reviewed (1 match); 1 excluded."
        )
        assert case.undecided().index.tolist() == [2, 3]
        assert len(case.problems()) == 2
        assert case.image(case.events()["sha256"][0]) == b"picture 0"
        assert case.verify().ok


def test_an_excluded_event_can_be_taken_in_again(case):
    "Each step is kept, with who and when"
    case.include(0)
    case.exclude(0, "Picked by mistake.")
    case.exclude(0, "It was the wrong day.")
    case.include(0, "It matters after all.")
    assert case.exclusions() == {}
    assert case.table("exclusions")["reason"].tolist() == [
        "Picked by mistake.",
        "It was the wrong day.",
        "It matters after all.",
    ]


def test_leaving_out_needs_a_reason_and_an_event(case):
    "Else nothing is recorded"
    with pytest.raises(InputError, match="Say why the event is left out"):
        case.exclude(0, " ")
    with pytest.raises(CaseError, match="not in this case"):
        case.exclude(9, "Wrong.")
    assert case.table("exclusions").empty


# Old verdicts and new ones


def test_verdicts_of_version_2_come_before_the_others(case):
    "In the database they are in another table"
    with case.database.writing() as connection:
        insert(
            connection,
            "verdicts",
            {"event": 0, "verdict": "nobody", "note": "Of old.", **Stamp("First").columns("decided_at")},
        )
    case.record_verdict(0, "match")
    assert case.verdicts()["verdict"].tolist() == ["nobody", "match"]
    assert case.verdicts()["id"].is_unique
    assert case.notes() == {0: {"First": "Of old."}}
    with pytest.raises(InputError, match="has given no verdict"):
        case.withdraw_verdict(1)
    case.withdraw_verdict(0)
    with pytest.raises(InputError, match="can be taken back"):
        case.withdraw_verdict(0)


def test_a_decision_is_read_as_it_was_given(case):
    "By event, with times as objects"
    given = case.record_verdict(0, "match")
    assert case.decisions() == {0: [given]}
    assert isinstance(given, Decision)
    assert given.can_be_taken_back()


def test_the_database_can_be_read_without_camkit(case):
    "The view overview says what camkit says"
    case.record_verdict(0, "match")
    with closing(sqlite3.connect(case.database.path)) as raw:
        assert raw.execute("SELECT verdict FROM overview WHERE event = 0").fetchone() == ("match",)


# What is not decided


def test_a_verdict_on_another_picture_than_the_one_that_stands_is_open(case, second):
    "Until somebody judges that one"
    case.exclude(1, "-"), case.exclude(2, "-"), case.exclude(3, "-")
    later = frame(made_up_snapshot(0, b""), b"later", 5.0)
    case.add_snapshots([later])
    case.record_verdict(0, "match")
    assert case.problems() == []
    case.choose(0, later.sha256)
    (said,) = case.problems()
    assert said.startswith("The verdict is not about the picture that stands for the event now: Ann Li, Main")
    second.record_verdict(0, "match", image=later.sha256)
    assert case.problems() == []


def test_a_verdict_without_a_picture_is_open_once_there_is_one(folder):
    "Such as after the door was added to the doors file; report and bag are drafts until then"
    with Case(folder, operator="First") as case:
        for label in range(3):
            case.exclude(label, "-")
        case.record_verdict(3, "no_picture")
        assert case.problems() == []
        assert "DRAFT" not in case.report().read_text("utf-8")
        case.add_snapshots([made_up_snapshot(3, b"there it is")])
        assert len(case.problems()) == 1
        page = case.report().read_text("utf-8")
        assert "<title>DRAFT: " in page
        assert "The verdict on 1 event is not about the picture" in " ".join(page.split())


def test_a_verdict_before_the_clock_was_corrected_is_open(folder):
    "The picture is as far beside the event as the clock was wrong; report and check say so"
    with Case(folder, operator="First") as case:
        for label in range(1, 4):
            case.exclude(label, "-")
        case.record_verdict(0, "match")
        assert case.problems() == []
        corrected = replace(CAMERA, clock_offset_s=30.0)
        seen = frame(
            made_up_snapshot(0, b"", camera=corrected, door=replace(DOOR, cameras=(corrected,))), b"new", 0.0
        )
        case.add_snapshots([seen])
        (said,) = case.problems()
        assert said.startswith("The clock offset was corrected after the picture was asked for")
        page = " ".join(case.report().read_text("utf-8").split())
        assert "Later the reader's clock was taken to be 30 s ahead of the camera's" in page
        case.record_verdict(0, "match", image=seen.sha256)
        assert case.problems() == []


def test_an_event_is_named_by_the_log_where_the_directory_does_not_know_the_holder(folder):
    "Two people may have one name, but a number alone says nothing"
    with Case(folder) as case:
        events = made_up_events(5, cardholder_name="Maria Schmidt").iloc[4:]
        case.add_events(at_doors(events))
        assert case.problems()[-1].startswith("No verdict yet: Maria Schmidt, ")


@pytest.mark.parametrize("operator", ["", "  "])
def test_a_verdict_is_signed(folder, operator):
    "An empty name is refused; blanks around one do not make another person"
    with pytest.raises(InputError, match="Say who adds to the case"):
        Case(folder, operator=operator)
    with Case(folder, operator=" First ") as case:
        assert case.operator == "First"


def test_a_case_that_cannot_take_its_verdicts_is_closed(folder):
    "No file of it stays open"
    with Case(folder) as case:
        case.record_verdict(0, "match")
    with pytest.raises(InputError):
        Case(folder, verdicts=[replace(VERDICTS[0], meaning="something else")])
    assert not [path for path in Path("/proc/self/fd").iterdir() if str(folder) in os.path.realpath(path)]
