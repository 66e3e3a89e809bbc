"""What words mean: outcomes in many languages, alarms, nobody, a spreadsheet's errors, footers."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from camkit.badges import BadgeLog, flag_events, load_badges
from camkit.badges.profiles import given_columns, profiles
from camkit.badges.vocabulary import footer_patterns, kind_of, matches, outcome_of, wording
from camkit.errors import BadgeFileError
from tests.conftest import ROOT

FIXTURES = ROOT / "tests" / "fixtures" / "badges"
COLUMNS = {"event_time": "When", "cardholder_id": "Badge", "reader_id": "Door", "outcome": "Result"}


def load(tmp_path: Path, *rows: str, **arguments: object) -> BadgeLog:
    "A log of rows of badge, door and outcome, a minute apart"
    path = tmp_path / "badges.csv"
    lines = [f"2026-05-01T08:{minute:02d}:00Z,{row}" for minute, row in enumerate(rows)]
    path.write_text("\n".join(["When,Badge,Door,Result", *lines, ""]), encoding="utf-8")
    return load_badges(path, columns=COLUMNS, **arguments)


GRANTED = """
Access granted at Main Entrance|Access Granted: Reader 5|Access Granted (D2)|Access Granted on Facility Code, No Entry
Access Granted ✔|Accès autorisé (carte)|Zutritt gewährt mit PIN|Access permitted - token only
Access Granted Under Duress
Granted - Facility Code|Access Granted - Entry Not Made|Access Granted - Door Held Open|Granted (Card)
Access Granted|ACCESS_GRANTED|AccessGranted|Access Granted - Entry Made
Access Granted No Entry Made|SUCCESS|Valid|1:1 Authentication Succeeded (Card)
1:N authentication succeeded (Face)|Host Grant|Visitor Granted|Zutritt gewährt|Zutritt gewaehrt
ZUTRITT GEWÄHRT|Zugang erlaubt|Accès accordé|Acces autorisé|Acceso concedido|Acceso permitido
Accesso consentito|Transito consentito|Acesso permitido|Acesso liberado|Toegang verleend
Tillträde beviljat|Passage godkänd|Adgang gitt|Adgang tilladt|Adgang godkjent|Pääsy sallittu
Dostęp przyznany|Доступ разрешён|ДОСТУП РАЗРЕШЕН|Проход разрешен|Erişim izni verildi|BAŞARILI
GİRİŞ İZNİ VERİLDİ|تم السماح بالدخول|مسموح|允许通行|验证成功|驗證成功|入室許可|認証成功
출입 승인
"""

DENIED = """
Access Denied|Access Granted: No|Access not granted|Not granted|FAILED|Invalid Card
Access refused - unknown card|1:N authentication failed (Fingerprint)|Unauthorized access
Card not valid|No access|User Denied Access|Zutritt verweigert|Zutritt nicht gewährt
Nicht gewährt|Kein Zutritt|Keine Berechtigung|Accès refusé|Accès non autorisé|Non autorisé
Acceso denegado|Acceso no permitido|No autorizado|Accesso negato|Accesso non consentito
Non autorizzato|Acesso negado|Acesso não permitido|Não autorizado|Toegang geweigerd
Toegang niet toegestaan|Geen toegang|Tillträde nekat|Ej godkänd|Inte tillåten|Adgang nektet
Adgang ikke tillatt|Ikke godkjent|Adgang nægtet|Ikke tilladt|Pääsy evätty|Ei sallittu
Odmowa dostępu|Dostęp nieprzyznany|Brak dostępu|Доступ запрещён|Доступ не разрешен|Не разрешен
Отказано в доступе|Erişim reddedildi|Erişim izni verilmedi|İzin verilmedi|غير مسموح
لم يتم السماح|مرفوض|拒绝通行|不允许通行|未授权|拒絕|不允許|入室拒否|許可されていません|不許可
認証失敗|출입 거부
"""

NEITHER = """
Access|Zutritt|Access Granted - Lobby failed|Access granted at unknown door|Accesso concesso: boh
Granted rights changed|Granted access to group 7
Access Granted Level Changed|Granted Access Level Removed|Access Granted but cancelled
Access level granted|Alarm accepted|Perhaps|Never granted|Zutritt gewährt nicht
Accès accordé: non|Access Granted? false alarm|System started|+
"""


ALARMS = {
    "forced": """
Door Forced Open|DOOR_FORCED_OPEN|DoorForcedOpen|Forced Door|Perimeter Forced|Tür aufgebrochen
Взлом двери|Unauthorized Opening|Porte forcée|Puerta forzada|Porta forzata|Kapı zorlandı
强行开门|こじ開け
""",
    "held": """
Door Held Open|Door Open Too Long|Door Ajar|DOOR_HELD_OPEN|DOTL|Propped|Propped Alarm
Tür zu lange offen|Porte restée ouverte|Puerta abierta demasiado tiempo|Deur te lang open
门开超时|Дверь удерживается открытой
""",
    "rex": """
Request to Exit|REX|Exit button|Request to Exit Open|Bouton de sortie|Botón de salida
Кнопка выхода|出门按钮
""",
    "operator": """
Remote unlock|Unlocked by operator|Momentary unlock|Free access|DOOR_REMOTE_UNLOCK_ACCEPTED
Fernöffnung
""",
    "swipe": """
Door Held Open Cleared|Propped Alarm Clear|Forced Door Restored|Request to Exit Closed
Access Granted|Break-in|Unauthorized|Door Access Granted|Access Denied: forced code|Exit Granted
Perhaps
""",
}


def words(text: str) -> list[str]:
    return [word for line in text.split("\n") for word in line.split("|") if word]


@pytest.mark.parametrize("word", words(GRANTED))
def test_words_for_granted(word: str) -> None:
    "In many languages, whatever case, accents and punctuation"
    assert outcome_of(wording(word)) == "granted"


@pytest.mark.parametrize("word", words(DENIED))
def test_words_for_denied_and_what_is_not_granted(word: str) -> None:
    "A negation is a refusal in every language"
    assert outcome_of(wording(word)) == "denied"


@pytest.mark.parametrize("word", words(NEITHER))
def test_what_only_looks_granted_is_unknown(word: str) -> None:
    "Words about rights, and what is taken back in the same breath"
    assert outcome_of(wording(word)) == "unknown"


TAKEN_BACK = """
Zutritt erlaubt: Nein|Zutritt erlaubt (ungültig)|Zutritt erlaubt, Karte gesperrt|Toegang verleend: nee
Toegang toegestaan geblokkeerd|Adgang gitt: nei|Adgang tilladt: nej|Adgang gitt avvist|Pääsy myönnetty evätty
Acceso permitido: falso|Acceso permitido - rechazado|Acceso concedido: tarjeta vencida|Acesso permitido bloqueado
Accès autorisé: faux|Accès autorisé interdit|accesso concesso scaduto|Dostęp przyznany odrzucono
Erişim verildi reddedildi|Доступ разрешен отклонен|Доступ разрешен отменен|Доступ дозволено: ні
تم السماح مرفوض|تم منح الدخول ممنوع|Access Granted - Unauthorized|Access Granted - Unsuccessful
Access Granted: Error|Granted? N|granted 0|Access Allowed 0|Verify success 0|Access Authorized N
access granted nein|Access Granted ✘|!Access Granted|Access Granted (revoked)|Access Granted - 00|❌ granted|¬granted
Unrefuted granted|Adgang gitt utløpt|Access Granted: tidak|Unsuccessful authentication succeeded
"""


@pytest.mark.parametrize("word", words(TAKEN_BACK))
def test_what_stands_beside_a_granted_phrase_may_take_it_back(word: str) -> None:
    "Only what is known to be harmless may stand there, whatever the language"
    profile = given_columns({"event_time": ("When",)})
    assert profile.outcome(word) != "granted"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("kisi", "unlock Bo was refused; Lobby was not unlocked today"),
        ("kisi", "unlock Lobby could not be unlocked by Ann Li"),
        ("kisi", "unlock Ann Li unlocked Lobby (denied)"),
        ("kisi", "unlock Nobody unlocked Lobby"),
        ("prowatch", "No Grant"),
        ("prowatch", "Refused grant"),
        ("prowatch", "Grant grant cancelled"),
        ("salto", "Door opened: key (denied)"),
        ("salto", "Door opened: key cancelled"),
        ("salto", "Door most likely opened - not"),
    ],
)
def test_a_profiles_own_words_are_taken_back_in_the_same_way(name: str, text: str) -> None:
    "A sentence that denies is not an entry, in whatever order"
    assert profiles()[name].outcome(text) != "granted"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("kisi", "unlock Will Can unlocked Door No 5"),
        ("kisi", "unlock Denied Osei unlocked Failed Goods Store"),
        ("kisi", "unlock Ann Li unlocked Blocked Drain Store"),
        ("prowatch", "Host Grant"),
        ("salto", "Door opened: key and PIN"),
        ("salto", "Door most likely opened: key"),
        ("unifi", "ACCESS"),
        ("unifi_api", "ACCESS"),
        ("nedap", "Access granted (first person)"),
    ],
)
def test_documented_words_are_granted_whatever_the_door_is_called(name: str, text: str) -> None:
    "A name in the sentence is not a refusal"
    assert profiles()[name].outcome(text) == "granted"


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("Denied Room: Access Granted", "unknown"),
        ("Failed Goods Store - access permitted", "unknown"),
        ("Access denied, access granted", "unknown"),
        ("Denied: never access granted", "denied"),
        ("Denied: no access granted", "denied"),
        ("Access not granted", "denied"),
    ],
)
def test_a_refusal_that_ends_as_granted_is_unknown(word: str, outcome: str) -> None:
    "It may begin with a door's name"
    assert given_columns({"event_time": ("When",)}).outcome(word) == outcome


def test_a_refused_card_of_nobody_is_an_event(tmp_path: Path) -> None:
    "Without a cardholder, and denied; so is a row with unknown words, which are listed"
    log = load(tmp_path, "42,Lobby,SUCCESS", ",Vault,Invalid Card", ",Vault,Waved on")
    assert log.events["outcome"].tolist() == ["granted", "denied", "unknown"]
    assert log.events["cardholder_id"].isna().tolist() == [False, True, True]
    assert log.rejected.empty
    assert log.problems() == ["Outcome unknown where the export says 'Waved on' (1 x)."]


def test_the_callers_words_for_an_outcome(tmp_path: Path) -> None:
    "With a star for any text; they go before what the kit knows"
    rows = ["1,A,Gate 7 opened", "2,A,Gate 8 opened", "3,A,-- no go", "4,A,Access Granted", "5,A,+"]
    log = load(tmp_path, *rows, granted=["gate * OPENED", "+"], denied=["--*", "Access Granted"])
    assert log.events["outcome"].tolist() == ["granted", "granted", "denied", "denied", "granted"]
    assert log.problems() == []


def test_a_star_does_not_make_a_known_refusal_granted() -> None:
    "The word in full does"
    profile = given_columns({"event_time": ("When",)})
    some = {"granted": ("Access*",), "in full": ("access DENIED",)}
    assert replace(profile, given_granted=some["granted"]).outcome("Access Denied") == "denied"
    assert replace(profile, given_granted=some["granted"]).outcome("Access 7") == "granted"
    assert replace(profile, given_granted=some["in full"]).outcome("Access Denied") == "granted"
    for taken_back in ("Access: nein", "Access 7 ✘", "Access 7 rechazado", "Access 7 被拒"):
        assert replace(profile, given_granted=some["granted"]).outcome(taken_back) != "granted"
    assert replace(profile, given_granted=("Denied*",)).outcome("Denied area, Lobby") == "denied"


def test_a_word_that_is_both_granted_and_denied_is_refused(tmp_path: Path) -> None:
    "The message names it"
    with pytest.raises(BadgeFileError, match="'go' is in granted= and in denied="):
        load(tmp_path, "1,A,Go", granted=["Go"], denied=["GO"])


@pytest.mark.parametrize("kind", ALARMS)
def test_words_for_alarms(kind: str) -> None:
    "Forced, held open, a request to exit, opened from a desk; the end of an alarm is not an alarm"
    assert [word for word in words(ALARMS[kind]) if kind_of(wording(word)) != kind] == []


@pytest.mark.parametrize(
    ("name", "old", "new", "kind", "reader"),
    [
        ("verkada.csv", "DOOR_KEYCARD_ENTERED_REJECTED", "DOOR_FORCED_OPEN", "forced", "Lobby"),
        ("unifi.csv", "BLOCKED,access.door.unlock", "BLOCKED,access.door.held_open", "swipe", "Lobby"),
        ("unifi.csv", "BLOCKED,access.door.unlock", "DOOR_HELD_OPEN,access.door.alarm", "held", "Lobby"),
        ("ccure.csv", "CardRejected", "DoorForced", "forced", "Lobby"),
        ("gallagher.csv", '"Card Event","Door Access Denied"', '"Alarm Event","Forced Door"', "forced", "D2"),
        ("keypad.csv", "Entry Attempt Denied", "Door Open Too Long", "held", None),
        ("brivo.csv", "Access Denied", "Door Ajar", "held", "Lobby"),
        ("genetec.csv", "AccessRefused", "DoorForcedOpen", "forced", "Server room"),
    ],
)
def test_alarms_are_events_in_every_profile(
    tmp_path: Path, name: str, old: str, new: str, kind: str, reader: str | None
) -> None:
    "Of their kind, whatever the profile keeps or ignores; their outcome is unknown, and their words are not listed"
    text = (FIXTURES / name).read_text("utf-8")
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    log = load_badges(tmp_path / name, "America/Denver")
    if kind == "swipe":
        assert "not a badge event" in log.ignored["reason"].tolist()
        return
    alarm = log.events[log.events["kind"] != "swipe"].iloc[0]
    assert (alarm["kind"], alarm["outcome"]) == (kind, "unknown")
    assert alarm["reader_id"] == reader if reader else pd.isna(alarm["reader_id"])
    assert log.problems() == []


def test_the_kind_survives_a_table_that_camkit_wrote(tmp_path: Path) -> None:
    "It is read back from its own column"
    events = load(tmp_path, "42,Lobby,granted", ",Lobby,Door Held Open", "17,Lobby,Remote unlock").events
    events.drop(columns=["file", "line"]).to_csv(tmp_path / "mine.csv", index=False)
    again = load_badges(tmp_path / "mine.csv").events
    assert again["kind"].tolist() == ["swipe", "held", "operator"]
    assert "kind 2" not in again


def test_flags_look_at_swipes_only(tmp_path: Path) -> None:
    "An alarm is nobody's swipe: it is neither unknown nor a step on somebody's way"
    rows = ["42,Lobby,denied", "42,Vault,Remote unlock", "42,Lobby,granted", ",Lobby,Door Forced Open"]
    events = load(tmp_path, *rows).events
    flags = flag_events(events)
    assert events["kind"].tolist() == ["swipe", "operator", "swipe", "forced"]
    assert flags["unknown_cardholder"].tolist() == [False] * 4
    assert flags["first_time_at_reader"].tolist() == [True, False, False, False]
    assert flags["denied_then_granted_event"].tolist()[2] == 0
    by_hand = flag_events(events.drop(columns="kind"))
    assert by_hand["unknown_cardholder"].tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    "word", ["NULL", "null", "N/A", "NA", "-", "--", "none", "(null)", "<NULL>", "nil", "Unknown", "\\N"]
)
def test_nobody_is_not_a_cardholder(tmp_path: Path, word: str) -> None:
    "What systems write where there is nothing is missing, in every column with a role"
    log = load(tmp_path, f"{word},Lobby,denied", f"42,{word},denied", f"42,Lobby,{word}")
    assert log.events["cardholder_id"].isna().tolist() == [True, False, False]
    assert log.events["reader_id"].isna().tolist() == [False, word != "Unknown", False]
    assert log.events["outcome"].tolist() == ["denied", "denied", "unknown"]
    assert log.problems() == (
        [] if word != "Unknown" else ["Outcome unknown where the export says 'Unknown' (1 x)."]
    )


@pytest.mark.parametrize("word", ["0", "0000", "Na", "Nan", "Nadia", "Null-17", "None Such", "NAN7"])
def test_what_may_be_somebody_stays(tmp_path: Path, word: str) -> None:
    "Zero may be a card's number, and a name may begin like nothing"
    assert load(tmp_path, f"{word},Lobby,denied").events["cardholder_id"].tolist() == [word]


@pytest.mark.parametrize(
    "error", ["#REF!", "#VALUE!", "#N/A", "#NAME?", "#DIV/0!", "#NUM!", "#BEZUG!", "#WERT!", "#NV"]
)
def test_a_spreadsheets_error_is_not_a_cardholder(tmp_path: Path, error: str) -> None:
    "The row is rejected with that reason; elsewhere the value is missing, and a sentence says so"
    log = load(tmp_path, "42,Lobby,granted", f"{error},Lobby,denied", f"43,{error},granted")
    assert log.rejected[["line", "value"]].values.tolist() == [[3, error]]
    assert log.rejected["reason"].tolist() == ["a spreadsheet's error instead of an identifier"]
    assert log.events["reader_id"].isna().tolist() == [False, True]
    assert f"the column 'Door' has a spreadsheet's error, such as '{error}' in line 4" in log.problems()[1]


def test_two_joined_columns_of_nothing_are_nobody(tmp_path: Path) -> None:
    "First and last name, both NULL"
    path = tmp_path / "badges.csv"
    path.write_text(
        "When,Badge,First,Last\n2026-05-01T08:00:00Z,42,NULL,NULL\n2026-05-01T08:01:00Z,42,Ann,Li\n"
    )
    columns = {"event_time": "When", "cardholder_id": "Badge", "cardholder_name": "First + Last"}
    assert load_badges(path, columns=columns).events["cardholder_name"].fillna("").tolist() == ["", "Ann Li"]


@pytest.mark.parametrize(
    "door",
    ["Summit Gate", "Counter 3", "Countess", "Total Wine Gate", "Page Street", "Report Room", "Rows House"],
)
def test_a_door_is_not_a_footer(door: str) -> None:
    "Though it begins like one"
    assert not matches(door, footer_patterns())


@pytest.mark.parametrize(
    "cell",
    "Total|TOTAL: 17|Total 17|Total rows: 17|Grand total:|Count: 3|Page 1 of 2|Printed on 1 May|Report:|17 records|"
    "(17 rows affected)|End of report|-----|Summe: 4|Seite 1|Generated by Ann|Records 12".split("|"),
)
def test_totals_and_notes_are_footers(cell: str) -> None:
    "Alone, before a colon, or before a number"
    assert matches(cell, footer_patterns())


NEGATIONS = """
not never nicht kein non pas no não sem niet geen inte ej ikke ingen ei nie не нет değil غير لم لا 不 未 无 非
nein nee nei nej ni ні hayır 0 false faux falso fals error expired revoked unsuccessful n ✘
"""


@pytest.mark.parametrize("negation", NEGATIONS.split())
def test_a_negation_never_comes_out_granted(negation: str) -> None:
    "Wherever it stands: before, between or behind the words for granted, in whatever language they are"
    outcomes = tomllib.loads((ROOT / "camkit" / "badges" / "vocabulary.toml").read_text("utf-8"))["outcomes"]
    granted = [wording(pattern) for pattern in outcomes["granted"]]
    said = [word.split() for word in granted]
    negated = {
        wording(" ".join([*each[:place], negation, *each[place:]]))
        for each in said
        for place in range(len(each) + 1)
    }
    negated -= set(granted)  # as "access granted no entry", which the reader did grant
    assert [words for words in negated if outcome_of(words) == "granted"] == []
