"""Text as systems and people really write it: odd rows, headers, quotes, encodings, and columns by position."""

from __future__ import annotations

from pathlib import Path

import pytest

from camkit.badges import BadgeLog, load_badges
from camkit.badges.profiles import unique
from camkit.errors import BadgeFileError

NAMED = {"event_time": "When", "cardholder_id": "Badge", "reader_id": "Door"}


def load(folder: Path, text: str | bytes, **given: object) -> BadgeLog:
    path = folder / "badges.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_badges(path, "America/Denver", **given)  # type: ignore[arg-type]


def counts(log: BadgeLog) -> tuple[int, ...]:
    found = tuple(len(table) for table in (log.events, log.rejected, log.duplicates, log.ignored))
    assert sum(found) == log.rows_read
    return found


def test_a_second_column_of_a_name_has_the_name_that_the_log_gives_it(tmp_path: Path) -> None:
    "A repeated heading can be told apart, and the first is not taken in silence"
    text = "Time,Door,Time,Badge\n2026-05-01 08:02:17,Lobby,2026-05-01 09:30:00,00042\n"
    log = load(tmp_path, text, columns={"event_time": "Time 2", "cardholder_id": "Badge"})
    assert str(log.events["event_time"].iloc[0]) == "2026-05-01 15:30:00+00:00"
    assert log.events["Time"].tolist() == ["2026-05-01 08:02:17"]
    log = load(tmp_path, text, columns={"event_time": "Time", "cardholder_id": "Badge"})
    assert "'Time 2'" in log.problems()[0]


@pytest.mark.parametrize("position", [lambda n: n, str])
def test_columns_are_given_by_position(tmp_path: Path, position: type) -> None:
    "Without a header every row counts, and a header that is there is accounted for"
    columns = {"event_time": position(1), "cardholder_id": position(2), "reader_id": position(3)}
    rows = "2026-05-01 08:02:17,00042,Lobby\n2026-05-01 08:05:00,00043,Lab\n"
    log = load(tmp_path, rows, columns=columns)
    assert (counts(log), log.events["line"].tolist()) == ((2, 0, 0, 0), [1, 2])
    log = load(tmp_path, "Quand,Qui,Où\n" + rows, columns=columns)
    assert (counts(log), log.ignored["reason"].tolist()) == ((2, 0, 0, 1), ["the header"])
    log = load(tmp_path, "?,00041,Lobby\n" + rows, columns=columns | {"event_time": position(1)})
    assert counts(log) == (2, 0, 0, 1)


def test_the_numbers_in_a_row_are_not_headings(tmp_path: Path) -> None:
    "A row that has the number of a position in it is not a header; a heading that is a number is one"
    rows = "2,2026-05-01 08:02:17,1\n1,2026-05-01 08:05:00,2\n"
    log = load(tmp_path, rows, columns={"event_time": "2", "cardholder_id": 1})
    assert log.events["cardholder_id"].tolist() == ["2", "1"]
    rows = "2,1\n2026-05-01 08:02:17,00042\n"
    log = load(tmp_path, rows, columns={"event_time": "2", "cardholder_id": "1"})
    assert log.events["cardholder_id"].tolist() == ["00042"]


@pytest.mark.parametrize("events", [1, 2])
def test_a_header_does_not_count_where_columns_are_given_by_position(tmp_path: Path, events: int) -> None:
    "Also above a single event it is a row that is ignored; without any event, the message says what is lacking"
    position = {"event_time": 2, "cardholder_id": 1}
    log = load(tmp_path, "Badge,When\n" + "00042,2026-05-01 08:02:17\n" * events, columns=position)
    assert (len(log.events), len(log.duplicates)) == (1, events - 1)
    assert log.ignored["reason"].tolist() == ["the header"]
    with pytest.raises(BadgeFileError, match="most rows do not have a time in the column given"):
        load(tmp_path, "Badge,When\n00042,x\n", columns=position)


def test_several_columns_are_joined_for_a_role(tmp_path: Path) -> None:
    "Date and time in two columns are one time, by name or by position"
    text = "Datum;Uhrzeit;Karte\n2026-05-01;08:02:17;00042\n"
    for time in (("Datum", "Uhrzeit"), (1, 2), "Datum + Uhrzeit"):
        log = load(tmp_path, text, columns={"event_time": time, "cardholder_id": "Karte"})
        assert str(log.events["event_time"].iloc[0]) == "2026-05-01 14:02:17+00:00"


def test_a_heading_that_is_misspelt_names_the_nearest(tmp_path: Path) -> None:
    "The message has the heading that was probably meant"
    with pytest.raises(BadgeFileError, match=r"Did you mean 'Badge No'\?"):
        load(tmp_path, "When,Badge No\n1,2\n", columns={"event_time": "When", "cardholder_id": "Badge Nr"})
    with pytest.raises(BadgeFileError, match=r"event_time \(date and time\)"):
        load(tmp_path, "When\n", columns={"whom": "When"})


@pytest.mark.parametrize("more", ["", "\t", "\t0\t0", "\t0\t0\t255\t0"])
@pytest.mark.parametrize("name", ["", "Ann Li\t"])
def test_an_attlog_may_have_more_or_fewer_columns(tmp_path: Path, more: str, name: str) -> None:
    "How many numbers are behind the time differs between firmwares, and some write names"
    text = "".join(f"    {pin}\t{name}2026-05-01 08:0{pin}:17\t1\t0{more}\n" for pin in range(3))
    log = load(tmp_path, text)
    assert counts(log) == (3, 0, 0, 0)
    assert log.events["cardholder_id"].tolist() == ["0", "1", "2"]
    assert ("cardholder_name" in log.events) == bool(name)


def test_a_nameless_cell_of_the_header_that_the_rows_lack_is_left_out(tmp_path: Path) -> None:
    "The headings behind it stand above their own columns again"
    log = load(tmp_path, "No\tEnNo\tName\t\tMode\tDateTime\n1\t00042\tLi\t3\t2026-05-01 08:02:17\n")
    assert counts(log) == (1, 0, 0, 0)
    assert log.events.loc[0, ["cardholder_id", "Mode"]].tolist() == ["00042", "3"]


def test_cells_that_are_not_written_at_the_end_of_a_row_are_empty(tmp_path: Path) -> None:
    "A row with its time, its cardholder and more is an event; a column that was used is named"
    text = "When,Badge,Door,Note\n2026-05-01 08:02:17,00042,Lobby\n2026-05-01 08:05:00,00043,Lab,late\n"
    log = load(tmp_path, text, columns=NAMED)
    assert (counts(log), log.problems()) == ((2, 0, 0, 0), [])
    log = load(tmp_path, text + "2026-05-01 08:05:00,00044\n2026-05-01 08:05:00,00045\n", columns=NAMED)
    assert counts(log) == (4, 0, 0, 0)
    assert "line 4 and 1 more end before the column 'Door'" in log.problems()[0]


def test_a_row_cut_off_at_the_end_of_the_file_is_rejected_as_that(tmp_path: Path) -> None:
    "A last row without a line end that is shorter than every other is not taken for a whole one"
    text = "When,Badge,Door,Note\n2026-05-01 08:02:17,00042,Lobby,\n2026-05-01 08:05:00,00043,Lo"
    log = load(tmp_path, text, columns=NAMED)
    assert (counts(log), log.rejected["reason"].tolist()) == (
        (1, 1, 0, 0),
        ["cut off at the end of the file"],
    )
    log = load(tmp_path, text.removesuffix(",00043,Lo"), columns=NAMED)
    assert (counts(log), log.rejected["reason"].tolist()) == (
        (1, 1, 0, 0),
        ["cut off at the end of the file"],
    )


def test_an_unquoted_comma_in_a_name_is_read_where_all_else_fits(tmp_path: Path) -> None:
    "The surplus goes where only it can be; else the row is rejected as it was"
    letters = "abcdefgh"
    names = [f"N{first}{second} Li" for first in letters[:5] for second in letters]
    rows = [
        f"2026-05-01 08:{at:02d}:17,{at:05d},{name},{('Lobby', 'Lab')[at % 2]}\n"
        for at, name in enumerate(names)
    ]
    text = "When,Badge,Name,Door\n" + "".join(rows)
    log = load(tmp_path, text + "2026-05-01 09:05:00,00043,Li, Bo,Lobby\n", columns=NAMED)
    assert (counts(log), log.events["Name"].iloc[-1]) == ((41, 0, 0, 0), "Li, Bo")
    assert "line 42 have a ',' too many" in log.problems()[0]
    for odd in ("2026-05-01 09:05:00,00043,Bo Li,Lobby, north\n", "2026-05-01 09:05:00,00043,Li, Bo,Attic\n"):
        assert counts(load(tmp_path, text + odd, columns=NAMED))[0] == 40


def test_single_quotes_around_cells_are_quotes(tmp_path: Path) -> None:
    "MySQL may write them; an apostrophe before an identifier or in a name is none"
    log = load(tmp_path, "'timestamp','UserID','n'\n'2026-05-31 08:02:17','00042','Li, Ann'\n")
    assert log.events.loc[0, ["cardholder_id", "n"]].tolist() == ["00042", "Li, Ann"]
    rows = "2026-05-31 08:02:17,'00042,O'Brien\n2026-05-31 08:02:18,'00043,'t Hooft\n"
    log = load(tmp_path, "timestamp,UserID,n\n" + rows)
    assert log.events["n"].tolist() == ["O'Brien", "'t Hooft"]


def test_a_table_from_a_chat_has_no_columns_at_its_edges(tmp_path: Path) -> None:
    "The bars at both ends of a line are not cells"
    text = "| Badge | When |\n| --- | --- |\n| 00042 | 2026-05-01 08:02:17 |\n"
    log = load(tmp_path, text, columns={"event_time": "When", "cardholder_id": "Badge"})
    assert counts(log) == (1, 0, 0, 1)
    assert not [name for name in log.events if name.startswith("column")]


@pytest.mark.parametrize("preface", [70, 5_000])
def test_a_header_far_below_the_start_is_found(tmp_path: Path, preface: int) -> None:
    "A list of filters above the header may be long"
    text = "".join(f"Filter {n}: door {n}\n" for n in range(preface))
    log = load(tmp_path, text + "timestamp,UserID\n2026-05-31 08:02:17,00042\n")
    assert (counts(log), log.events["line"].tolist()) == ((1, 0, 0, 0), [preface + 2])


def test_a_line_that_names_the_delimiter_is_not_the_header(tmp_path: Path) -> None:
    "Excel reads and writes sep=; above the header"
    log = load(tmp_path, "sep=;\ntimestamp;UserID\n2026-05-31 08:02:17;00042\n")
    assert counts(log) == (1, 0, 0, 0)


def test_a_header_of_very_many_columns_is_refused_in_one_sentence(tmp_path: Path) -> None:
    "The message says how many, and does not print them"
    with pytest.raises(BadgeFileError, match="has 16,384 cells in line 1") as caught:
        load(tmp_path, ",".join(map(str, range(16_384))) + "\n")
    assert len(str(caught.value)) < 200


CHINESE = "时间,卡号,姓名\n2026-05-31 08:02:17,00042,李安\n2026-05-31 08:05:00,00043,王伟\n"


@pytest.mark.parametrize("given", [{}, {"encoding": "GBK"}])
def test_headings_outside_ascii_tell_the_encoding(tmp_path: Path, given: dict[str, str]) -> None:
    "The encoding in which the file has the columns that are asked for is the one; or it is passed"
    log = load(
        tmp_path, CHINESE.encode("gbk"), columns={"event_time": "时间", "cardholder_id": "卡号"}, **given
    )
    assert log.events["姓名"].iloc[0] == "李安"


HEADED = "timestamp,UserID,cardholder_name\n2026-05-31 08:02:17,00042,{}\n2026-05-31 08:05:00,00043,{}\n"


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp1251", ("Иванова Анна", "Петров Пётр")),
        ("cp932", ("山田太郎", "鈴木花子")),
        ("cp1256", ("أحمد محمد", "فاطمة علي")),
        ("cp949", ("김철수", "이영희")),
    ],
)
def test_names_in_another_alphabet_are_told_or_doubted(
    tmp_path: Path, encoding: str, names: tuple[str, str]
) -> None:
    "Letters that make no sense as Western ones are read by their alphabet, and a sentence says so"
    log = load(tmp_path, HEADED.format(*names).encode(encoding))
    assert log.events["cardholder_name"].tolist() == list(names)
    assert "encoding" in log.problems()[0]
    assert load(tmp_path, HEADED.format(*names).encode(encoding), encoding=encoding).problems() == []


def test_western_names_are_not_doubted(tmp_path: Path) -> None:
    "Letters of Western languages in cp1252 are the rule"
    log = load(tmp_path, HEADED.format("Bo Østby", "José Peña").encode("cp1252"))
    assert (log.events["cardholder_name"].tolist(), log.problems()) == (["Bo Østby", "José Peña"], [])


def test_an_encoding_that_does_not_exist_or_does_not_fit_says_so(tmp_path: Path) -> None:
    "The message has names to choose from"
    for name in ("latin-99", "zip", "", "a\0b"):
        with pytest.raises(BadgeFileError, match="Unknown encoding"):
            load(tmp_path, HEADED, encoding=name)
    with pytest.raises(BadgeFileError, match="not valid text in gbk"):
        load(tmp_path, HEADED.format("\xff", "\xff").encode("latin-1"), encoding="gbk")


@pytest.mark.parametrize("mark", [b"", "\ufeff".encode()])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf_8_sig", "utf-8", None])
def test_a_byte_order_mark_is_dropped_where_it_is_and_only_there(
    tmp_path: Path, encoding: str | None, mark: bytes
) -> None:
    "Whatever encoding is said, the first bytes of the text are kept"
    path = tmp_path / "a.dat"
    path.write_bytes(mark + b"10021\t2026-05-01 08:00:00\t1\t0\t1\t0\n")
    assert load_badges(path, "UTC", encoding=encoding).events["cardholder_id"].tolist() == ["10021"]
    text = mark + b"When,Badge,Door\n2026-05-01 08:00:00,1,R1\n"
    assert len(load(tmp_path, text, columns=NAMED, encoding=encoding).events) == 1
    wide = mark.decode() + "When,Badge,Door\n2026-05-01 08:00:00,1,R1\n"
    log = load(tmp_path, wide.encode("utf-16-le"), columns=NAMED, encoding="utf-16-le")
    assert len(log.events) == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "punycode", "idna", "utf-7", "unicode_escape"])
def test_text_that_is_not_in_the_encoding_said_is_refused_in_one_sentence(
    tmp_path: Path, encoding: str
) -> None:
    "Also by codecs that report it in other ways"
    with pytest.raises(BadgeFileError, match="not valid text in"):
        load(
            tmp_path,
            b"When,Badge,Door\n2026-05-01 08:00:00,\xff\\ud800\\x,R+//1\n",
            columns=NAMED,
            encoding=encoding,
        )


@pytest.mark.parametrize("name", ["Door", "column 2"])
def test_headings_that_are_there_often_are_numbered_in_one_pass(name: str) -> None:
    "The work grows with the number of headings, not with its square; each name is there once"
    names = unique([name] * 100_000 + ["Door 3", ""])
    assert len({*names}) == len(names) == 100_002
    assert unique(["a", "a 2", "a", "a", "a 2"]) == ("a", "a 2", "a 3", "a 4", "a 2 2")


@pytest.mark.parametrize("line", ["';,|\t" * 200, "Date;" * 900, "a1;b2,c3|d4\t" * 80])
def test_a_file_of_delimiters_is_refused_in_one_sentence(tmp_path: Path, line: str) -> None:
    "Rows that are not a header cost no more than a look at their cells"
    with pytest.raises(BadgeFileError, match=r"badges\.csv is not an export that camkit knows"):
        load(tmp_path, f"{line}\n" * (2_000_000 // len(line)))


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize(
    ("open_", "second"), [('"R1', '"R1'), ('"R1', '"R2"'), ('"late', '"on time" at last')]
)
@pytest.mark.parametrize("times", [1, 3])
def test_a_quote_that_is_not_closed_swallows_no_row(
    tmp_path: Path, delimiter: str, open_: str, second: str, times: int
) -> None:
    "A quote that begins a cell of the next row does not end one of this row: each line is a row"
    header = "When,Badge,Door\n"
    rows = [f"2026-05-01 08:00:{n:02d},{n},{(open_, second)[n % 2]}\n" for n in range(2 * times)]
    text = (header + "".join(rows) + "2026-05-01 08:01:00,99,R1\n").replace(",", delimiter)
    log = load(tmp_path, text, columns=NAMED)
    assert log.events["cardholder_id"].tolist() == [*map(str, range(2 * times)), "99"]
    assert counts(log) == (2 * times + 1, 0, 0, 0)


@pytest.mark.parametrize(
    "text",
    ["Gate 5\n2026-05-01 08:00:01,2,Door 5\n2026-05-01 08:00:02,3,Door 6", "Gate 5\n2026-05-01 08:00:01"],
)
def test_a_quoted_text_with_lines_like_rows_is_doubted(tmp_path: Path, text: str) -> None:
    "It is read as it is written, and the doubt names its line; a note of several lines is not doubted"
    head = "When,Badge,Door\n2026-05-01 07:00:00,9,R1\n"
    log = load(tmp_path, f'{head}2026-05-01 08:00:00,1,"{text}"\n2026-05-01 09:00:00,4,R1\n', columns=NAMED)
    assert (counts(log), "line 3: a quoted text" in "".join(log.problems())) == ((3, 0, 0, 0), True)
    log = load(tmp_path, head + '2026-05-01 08:00:00,1,"Gate 5\nnorth"\n', columns=NAMED)
    assert (len(log.events), log.problems()) == (2, [])


@pytest.mark.parametrize("above", [1, 2, 500])
@pytest.mark.parametrize("below", [0, 1])
@pytest.mark.parametrize("columns", [None, {"event_time": "timestamp", "cardholder_id": "UserID"}])
def test_rows_above_the_header_are_read(
    tmp_path: Path, above: int, below: int, columns: dict[str, str] | None
) -> None:
    "In a sorted log, or one whose first part has no header; the doubt says where"
    rows = [f"2026-05-01 {n // 60:02d}:{n % 60:02d}:00,{n}\n" for n in range(above + below)]
    text = "".join([*rows[:above], "timestamp,UserID\n", *rows[above:]])
    log = load(tmp_path, text, columns=columns)
    assert (counts(log), log.ignored["reason"].tolist()) == (
        (above + below, 0, 0, 1),
        ["the header again"],
    )
    assert f"above the header in line {above + 1}" in log.problems()[0]


def test_titles_above_the_header_are_not_rows(tmp_path: Path) -> None:
    "Also where they have a time; what is between rows and the header is accounted for"
    titles = "Report,2026-05-01 08:00:00\nPrinted 2026-05-01 08:00:00\n2026-05-01 08:00:00,,\n"
    table = "When,Badge,Door\n2026-05-01 08:00:00,1,R1\n"
    log = load(tmp_path, titles + table, columns=NAMED)
    assert (counts(log), log.files["titles"].tolist(), log.problems()) == ((1, 0, 0, 0), [3], [])
    log = load(tmp_path, titles + "2026-05-01 07:00:00,99,R9\nPart two\n" + table, columns=NAMED)
    assert (counts(log), log.files["titles"].tolist()) == ((2, 0, 0, 2), [3])


@pytest.mark.parametrize(
    "other",
    [
        "When,Door,Badge\n2026-05-01 08:00:01,R2,2\n",
        "Time,Door,Badge\n2026-05-01 08:00:01,R2,2\n",
        "When,Door\n2026-05-01 08:00:01,R2\n",
        "When,Door,Badge,Note\n2026-05-01 08:00:01,R2,2,\n",
    ],
)
def test_rows_below_another_header_are_not_read_by_the_first(tmp_path: Path, other: str) -> None:
    "They are rejected, up to the first header again"
    head = "When,Badge,Door\n2026-05-01 08:00:00,1,R1\n"
    log = load(tmp_path, head + other + head.replace("1,R1", "3,R1"), columns=NAMED)
    assert log.events["cardholder_id"].tolist() == ["1", "3"]
    assert sum(counts(log)) == 5
    assert "below another header, as in line 3" in log.rejected["reason"].tolist()


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("cp1250", "Łukasz"),
        ("cp1250", "Michał"),
        ("cp1250", "Leśniak"),
        ("cp1250", "Róża"),
        ("cp1250", "Dvořák"),
        ("cp1250", "Jiří"),
        ("cp1250", "Němec"),
        ("cp1250", "Petrović"),
        ("cp1250", "Erdős"),
        ("cp1250", "Ioniţă"),
        ("cp1254", "Şahin"),
        ("cp1254", "Yıldız"),
        ("cp1257", "Žukas"),
        ("cp1257", "Bērziņš"),
        ("cp1255", "שלום"),
        ("mac_roman", "Jürgen"),
    ],
)
def test_names_that_are_not_like_western_ones_are_doubted(tmp_path: Path, encoding: str, name: str) -> None:
    "The doubt shows how the name is read, and how it reads in the encoding that it may be in"
    log = load(tmp_path, HEADED.format(name, "Ann Li").encode(encoding))
    assert f"{name!r}" in "".join(log.problems())


WESTERN = (
    "José Peña, Øystein Ås, Müller, Strauß, Noël, François, Lefèvre, Cœur, Œuvre, Núñez, João, Conceição, Niccolò, "
    "Forlì, Gesù, Åsa Öberg, Æbelø, Sørensen, André, Mª José, O´Brien, D’Angelo, Coma l·lot, ÉLOÏSE, IÑIGO, Bosch®, "
    "25°C, m², 5 µm, «Tür», £5, Mädchen – Räume, ¿Qué?, São Tomé, Køge, Tromsø"
)


def test_western_text_of_any_language_is_not_doubted(tmp_path: Path) -> None:
    "Nor signs that Western text has"
    rows = "".join(f"2026-05-31 08:00:{n:02d},{n},{name}\n" for n, name in enumerate(WESTERN.split(", ")))
    log = load(tmp_path, ("timestamp,UserID,cardholder_name\n" + rows).encode("cp1252"))
    assert (log.files["encoding"].tolist(), log.problems()) == (["cp1252"], [])
