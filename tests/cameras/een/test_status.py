"""The device-status bitmask: its table, its rules, and what comes out for odd values."""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camkit.cameras.een.status import (
    BLOCK,
    decode_status,
    explain_status,
    explained_by_status,
    overall_of,
    overall_status,
)
from camkit.cameras.een.status_rules import (
    CONNECTION_STATUS,
    STATUS_BITS,
    DeviceStatus,
    OverallStatus,
    Standing,
    reason_for,
    rule_for,
)
from camkit.errors import InputError

ON, REGISTERED, STREAMING, INVALID, PASSWORD = 0x020000, 0x100000, 0x040000, 0x010000, 0x000100
# The integers that the vendor and users of its service have published, with their bits.
PUBLISHED = {
    1441847: [20, 18, 17, 5, 4, 2, 1, 0],
    1441831: [20, 18, 17, 5, 2, 1, 0],
    1179649: [20, 17, 0],
    1441855: [20, 18, 17, 5, 4, 3, 2, 1, 0],
    32803: [15, 5, 1, 0],
}
NOT_A_STATUS = [
    None,
    pd.NA,
    float("nan"),
    "",
    "Online",
    "-1",
    "0x20",
    "١",
    -1,
    2**32,
    2**70,
    1.5,
    float("inf"),
    True,
]
statuses_32_bit = st.integers(0, 2**32 - 1)


def by_the_book(status: int, is_bridge: bool) -> str:
    """The rules once more, as the vendor writes them."""
    if status == 0:
        return "No Change"
    if status & INVALID:
        return "Invalid"
    if is_bridge:
        return "Online" if status & REGISTERED else "Internet Offline"
    if not status & ON:
        return "Off"
    if not status & REGISTERED:
        return "Internet Offline"
    if status & STREAMING:
        return "Online"
    return "Password Needed" if status & PASSWORD else "Offline"


def test_the_table_names_each_of_the_21_bits_once():
    "Bits 20 to 0 follow each other without a gap, and each is a flag"
    assert [bit.number for bit in STATUS_BITS] == list(range(20, -1, -1))
    assert {bit.flag for bit in STATUS_BITS} == set(DeviceStatus)


def test_flag_names_distinguish_bits_without_a_meaning():
    "A flag is named for its standing exactly when the vendor gives it no meaning, or no longer"
    for bit in STATUS_BITS:
        prefix = str(bit.flag.name).split("_")[0].lower()
        assert (prefix == bit.standing) == (bit.standing is not Standing.CURRENT)


@pytest.mark.parametrize(("status", "bits"), PUBLISHED.items())
def test_decodes_published_statuses(status, bits):
    "The columns that are true are the bits of the published value"
    decoded = decode_status(status).iloc[0]
    assert [bit.number for bit in STATUS_BITS if decoded[bit.flag.name]] == bits


@given(st.lists(statuses_32_bit))
def test_decode_is_the_bit_test_for_every_value(values):
    "Each column is what masking with its flag gives"
    decoded = decode_status(values)
    for flag in DeviceStatus:
        assert decoded[flag.name].tolist() == [bool(value & flag) for value in values]


def test_decode_keeps_the_index_and_gives_plain_bools():
    "Labels stay with their rows, also repeated ones, and a clean column needs no nullable dtype"
    decoded = decode_status(pd.Series([32803, 1441847], index=["b", "b"]))
    assert list(decoded.index) == ["b", "b"]
    assert set(decoded.dtypes) == {np.dtype(bool)}


def test_decode_is_right_across_blocks():
    "Rows after the first block of the calculation are decoded like those in it"
    values = np.arange(2 * BLOCK + 3)
    decoded = decode_status(values)
    assert (decoded["DEPRECATED_ONLINE"].to_numpy() == (values % 2 == 1)).all()
    assert (decoded["ON"].to_numpy() == (values & ON != 0)).all()


@pytest.mark.parametrize("value", NOT_A_STATUS)
def test_what_is_not_a_status_decodes_to_missing(value):
    "No bit is claimed to be clear when there was no status"
    decoded = decode_status(pd.Series([value, 32803], dtype=object))
    assert decoded.iloc[0].isna().all()
    assert decoded.iloc[1]["LOCATED"]


@pytest.mark.parametrize("value", NOT_A_STATUS)
def test_what_is_not_a_status_is_unknown(value):
    "Alone and in a column, an odd value is Unknown and no crash"
    assert overall_status(value) is OverallStatus.UNKNOWN
    assert list(overall_status(pd.Series([value, 0], dtype=object))) == ["Unknown", "No Change"]


@pytest.mark.parametrize(
    "dtype", ["int32", "uint64", "int64", "float64", "Int64", "str", "object", "category"]
)
def test_reads_every_kind_of_column(dtype):
    "A status is the same whatever dtype pandas made of the column"
    column = pd.Series([1441847, 32803, 0]).astype(dtype)
    assert list(overall_status(column)) == ["Online", "Off", "No Change"]
    assert decode_status(column)["LOCATED"].tolist() == [True, True, False]


def test_a_fraction_in_a_column_of_numbers_is_unknown():
    "A float column is read where its numbers are whole, and only there"
    assert list(overall_status(pd.Series([32803.0, 32803.5, np.inf, -1.0]))) == ["Off"] + ["Unknown"] * 3


@pytest.mark.parametrize("dtype", ["float64", "Int64", "str", "object"])
def test_a_missing_value_in_a_column_is_unknown(dtype):
    "One device without a status does not disturb the others"
    column = pd.Series([1441847, None, 32803], dtype=object).astype(dtype)
    assert list(overall_status(column)) == ["Online", "Unknown", "Off"]


@pytest.mark.parametrize("device_type", ["camera", "bridge"])
def test_overall_status_follows_the_rules_for_every_combination_of_deciding_bits(device_type):
    "The fast table gives what the rules say, with and without bits that decide nothing"
    flags = [
        ON,
        REGISTERED,
        STREAMING,
        INVALID,
        PASSWORD,
        DeviceStatus.RECORDING,
        PASSWORD << 1,
        PASSWORD >> 1,
        1,
    ]
    values = [sum(combination) for combination in product(*((0, flag) for flag in flags))]
    expected = [by_the_book(value, device_type == "bridge") for value in values]
    assert list(overall_status(values, device_type)) == expected


@pytest.mark.not_quick
@given(st.lists(st.tuples(statuses_32_bit, st.booleans()), min_size=1))
def test_overall_status_follows_the_rules_for_every_value(devices):
    "Alone and in a column, with a type for each"
    values, bridges = zip(*devices, strict=True)
    types = ["bridge" if is_bridge else "camera" for is_bridge in bridges]
    expected = [by_the_book(*device) for device in devices]
    assert list(overall_status(pd.Series(values), pd.Series(types))) == expected
    assert [overall_status(*pair) for pair in zip(values, types, strict=True)] == expected


@pytest.mark.parametrize("status", [INVALID | ON | REGISTERED | STREAMING, INVALID])
def test_invalid_is_tested_before_everything_else(status):
    "An invalid status is neither Online nor Off"
    assert overall_status(status) == "Invalid"


def test_off_is_tested_before_internet_offline():
    "A camera that is switched off is Off, though its registered bit is clear as well"
    assert overall_status(32803) == "Off"


def test_a_deprecated_bit_alone_is_not_no_change():
    "Only the value 0 means that nothing changed"
    assert overall_status(1) == "Off"


def test_a_bridge_is_judged_by_bit_20():
    "The bridge's usual value, which reads Offline for a camera, is Online"
    assert overall_status(1179649, "bridge") == "Online"
    assert overall_status(1179649, "camera") == "Offline"
    assert overall_status(1 << 17 | 1, "bridge") == "Internet Offline"


@pytest.mark.parametrize("missing", [None, pd.NA, float("nan")])
def test_a_device_without_a_type_is_judged_as_a_camera(missing):
    "Alone, in a column of text, and in the explanation"
    types = pd.Series(["bridge", missing], dtype="string")
    assert list(overall_status([1179649, 1179649], types)) == ["Online", "Offline"]
    assert overall_status(1179649, missing) == "Offline"
    assert "read as a camera's" in explain_status(1179649, missing)


def test_device_types_go_by_position():
    "The index of the types does not matter, nor that labels repeat"
    statuses = pd.Series([1179649] * 3, index=[7, 7, 7])
    assert list(overall_status(statuses, pd.Series(["bridge", None, "camera"]))) == [
        "Online",
        "Offline",
        "Offline",
    ]


def test_a_type_short_is_an_error():
    "Statuses and types that cannot belong together are refused"
    with pytest.raises(InputError, match="2 statuses, but 1 device types"):
        overall_status([0, 0], ["camera"])


def test_overall_series_is_categorical_with_fixed_categories():
    "Whatever occurs, the categories are all statuses in the order of the rules; the index is kept"
    overall = overall_status(pd.Series([0], index=["x"]))
    assert list(overall.cat.categories) == [str(status) for status in OverallStatus]
    assert overall.cat.ordered
    assert list(overall.index) == ["x"]


def test_the_input_is_left_alone():
    "Neither function writes to the Series it was given"
    column = pd.Series([1441847, -1, 32803])
    decode_status(column)
    overall_status(column)
    assert column.tolist() == [1441847, -1, 32803]


def test_nothing_in_nothing_out():
    "An empty column gives an empty table with all columns, and an empty Series"
    assert decode_status(pd.Series([], dtype="int64")).shape == (0, 21)
    assert len(overall_status([])) == 0


def test_explains_32803():
    "The published question is answered: Off by bit 17; the old online bits do not count"
    text = explain_status(32803, device_type="camera")
    assert text.startswith("Status 32803 (0x00008023), read as a camera's: Off.\nBit 17 (ON) is clear")
    assert "bit 15  RESERVED_15                 no meaning given (reserved, does not count)" in text
    assert "bit  0  DEPRECATED_ONLINE           camera online (deprecated, does not count)" in text
    clear = text.partition("Deciding bits that are clear:")[2]
    assert [line.split()[1] for line in clear.strip().splitlines()] == ["20", "18", "17", "16", "8"]


def test_explains_a_bridge_by_its_own_rules():
    "For a bridge, on and streaming decide nothing, and are not listed among the deciding bits that are clear"
    text = explain_status(1179649, "bridge")
    assert "read as a bridge's: Online.\nBit 20 (REGISTERED) is set" in text
    assert "bit 17  ON                 the camera is switched on (user setting) (does not decide)" in text
    assert "STREAMING" not in text


def test_explains_a_bit_outside_the_table():
    "A bit that the vendor does not name is shown, not swallowed"
    assert "bit 25  (not in the vendor's table, does not count)" in explain_status(1 << 25 | ON)


@given(statuses_32_bit, st.booleans())
def test_the_reason_states_each_bit_as_it_is(status, is_bridge):
    "The sentence names the bit that decides, and no bit as set that is clear, or the other way round"
    rule, clause = rule_for(status, is_bridge), reason_for(status, is_bridge).partition(":")[0]
    assert rule.flag is None or f"({rule.flag.name})" in clause
    for part in clause.split(" but "):
        flags = [DeviceStatus(1 << int(number)) for number in re.findall(r"\d+(?= \()", part)]
        assert {bool(status & flag) for flag in flags} <= {part.endswith("set")}


def test_the_reason_lists_bits_in_the_order_of_the_rules():
    "First those that are set, then those that are clear, then what that means"
    assert reason_for(ON | REGISTERED | PASSWORD) == (
        "Bits 17 (ON), 20 (REGISTERED) and 8 (NEEDS_PASSWORD) are set but bit 18 (STREAMING) is clear: "
        "the bridge cannot sign in to the camera, which is as good as offline."
    )


@given(statuses_32_bit, st.sampled_from(["camera", "bridge", None]))
def test_explanation_agrees_with_overall_status_and_names_every_set_bit(status, device_type):
    "The text never contradicts the table, and no set bit is missing from it"
    text = explain_status(status, device_type)
    assert f": {overall_status(status, device_type)}." in text.splitlines()[0]
    listed = text.partition("Deciding bits that are clear:")[0]
    assert listed.count("\n  bit ") == status.bit_count()


def test_explains_that_a_value_is_not_a_status():
    "A missing status is not mistaken for 0"
    assert explain_status(None).startswith("Status None: Unknown.\nThis is not a device status")


def test_only_a_definite_absence_explains_a_silence():
    "Online, Invalid, No Change and Unknown do not explain why no picture came; the four offline states do"
    values = [32803, ON, ON | REGISTERED | PASSWORD, ON | REGISTERED, 1441847, INVALID, 0, None]
    devices = pd.DataFrame(
        {
            "id": list("abcdefgh"),
            "name": "n",
            "type": "camera",
            "device_status": pd.Series(values, dtype=object),
        }
    )
    table = explained_by_status(devices)
    assert table["explains_silence"].tolist() == [True] * 4 + [False] * 4
    assert table["hex"].tolist()[::7] == ["0x00008023", ""]
    assert table["why"].str.startswith(("Bit", "The value", "This is not")).all()


def test_explained_by_status_of_no_devices_has_its_columns():
    "An account without devices gives an empty table, not an error"
    devices = pd.DataFrame({"id": [], "name": [], "type": [], "device_status": []})
    table = explained_by_status(devices)
    assert list(table.columns) == ["id", "name", "device_status", "hex", "overall", "explains_silence", "why"]


# Tables of either API version


def test_a_table_is_judged_by_bits_where_there_are_some_and_else_by_its_word():
    "Bits count more than a word; a word that is not documented and none are Unknown; a bridge as a bridge"
    devices = pd.DataFrame(
        {
            "id": list("abcdef"),
            "name": list("ABCDEF"),
            "type": ["camera", "camera", "camera", "camera", "bridge", "camera"],
            "device_status": pd.array([32803, None, None, None, 1179649, None], dtype="Int64"),
            "connection_status": pd.array(
                ["online", "bridgeOffline", "offline", None, None, "error"], dtype="string"
            ),
        },
        index=pd.RangeIndex(3, 9, name="position"),
    )
    expected = ["Off", "Internet Offline", "Unknown", "Unknown", "Online", "Offline"]
    assert overall_of(devices).tolist() == expected and overall_of(devices).index.equals(devices.index)
    assert overall_of(devices.head(0)).cat.categories.tolist() == [str(each) for each in OverallStatus]
    table = explained_by_status(devices)
    assert table["overall"].tolist() == expected
    assert table["explains_silence"].tolist() == [True, True, False, False, False, True]
    assert "bridgeOffline" in table["why"].iloc[1] and "offline" in table["why"].iloc[2]


@pytest.mark.parametrize("words", [True, False])
def test_a_table_without_words_is_judged_by_its_bits(words):
    "A published list does not have the column, a list of API v1 has it empty"
    devices = pd.DataFrame({"id": ["a"], "name": ["A"], "type": ["camera"], "device_status": [32803]})
    if words:
        devices["connection_status"] = pd.array([None], dtype="string")
    assert overall_of(devices).tolist() == ["Off"]
    assert explained_by_status(devices)["explains_silence"].tolist() == [True]


def test_each_word_of_the_vendor_has_a_meaning_by_its_table():
    "Seven words; unknown is the only one besides online that explains nothing"
    assert {word: str(meant.overall) for word, meant in CONNECTION_STATUS.items()} == {
        "online": "Online", "off": "Off", "bridgeOffline": "Internet Offline", "deviceOffline": "Offline",
        "invalidCredentials": "Password Needed", "error": "Offline", "unknown": "Unknown",
    }  # fmt: skip
    silent = {word for word, meant in CONNECTION_STATUS.items() if not meant.explains_silence}
    assert silent == {"online", "unknown"}
