"""Read Eagle Eye's device status: what its bits say, and whether a camera can answer at all.

The vendor's table and rules are in `status_rules`. The look-up table that judges millions at once is made from them, so
it cannot disagree with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, overload

import numpy as np
import pandas as pd

from camkit.cameras.een.status_rules import (
    CONNECTION_STATUS,
    LARGEST,
    STATUS_BITS,
    UNKNOWN_CONNECTION,
    OverallStatus,
    Standing,
    StatusBit,
    deciding_bits,
    reason_for,
    rule_for,
)
from camkit.errors import InputError

BLOCK = 1 << 16  # rows worked on at a time: they and what is made of them stay in the processor's cache
OVERALL = pd.CategoricalDtype([overall.value for overall in OverallStatus], ordered=True)
UNREADABLE = f"This is not a device status, which is a whole number from 0 to {LARGEST}."


def decode_status(statuses: Any) -> pd.DataFrame:
    """Split device statuses into one column for each named bit.

    Parameters
    ----------
    statuses : pandas.Series, sequence or int
        Statuses as the vendor gives them: integers, or the decimal text of ``camera_info``.

    Returns
    -------
    pandas.DataFrame
        One bool column for each `DeviceStatus`, named like it, bit 20 first; the index is kept. When a value
        is not a status (missing, other text, negative, above 32 bits), its row is NA and the columns are of
        pandas' ``boolean`` dtype.
    """
    series = _as_series(statuses)
    codes, unreadable = _codes(series)
    bits = np.empty((len(STATUS_BITS), len(codes)), dtype=bool)
    for rows in _blocks(len(codes)):
        low = codes[rows].astype(np.uint32)
        octets = [(low >> shift).astype(np.uint8) for shift in (0, 8, 16)]  # bytes compare 4 times as fast
        for row, bit in enumerate(STATUS_BITS):
            octet, position = divmod(bit.number, 8)
            np.not_equal(octets[octet] & (1 << position), 0, out=bits[row, rows])
    names = [bit.flag.name for bit in STATUS_BITS]
    decoded = pd.DataFrame(bits.T, index=series.index, columns=names, copy=False)
    if unreadable.any():
        decoded = decoded.astype("boolean")
        decoded.loc[unreadable] = pd.NA
    return decoded


@overload
def overall_status(statuses: str | float | None, device_type: str | None = None) -> OverallStatus: ...
@overload
def overall_status(
    statuses: pd.Series | Sequence[Any] | np.ndarray, device_type: Any = None
) -> pd.Series: ...
def overall_status(statuses: Any, device_type: Any = None) -> OverallStatus | pd.Series:
    """Judge device statuses by the vendor's rules; the first rule that matches decides.

    Parameters
    ----------
    statuses : pandas.Series, sequence or int
        As for `decode_status`.
    device_type : str, pandas.Series or sequence, optional
        The vendor's type of the device, or of each in the order of `statuses`. A ``bridge`` is judged by
        bit 20 alone, everything else as a camera.

    Returns
    -------
    OverallStatus or pandas.Series
        One status for one value. Otherwise an ordered categorical with the values of `OverallStatus` as its
        categories, always all of them, and the index of `statuses`.

    Raises
    ------
    InputError
        If `device_type` has another length than `statuses`.

    Notes
    -----
    A value that is not a status is "Unknown". "Invalid" and "No Change" mean that the status before still holds.
    The vendor states the rules for cameras; judging a bridge by bit 20 follows from its example rows, which
    have neither "streaming" set nor another sign of being offline.
    """
    series = _as_series(statuses)
    codes, unreadable = _codes(series)
    is_bridge = _are_bridges(device_type, len(codes))
    positions = np.empty(len(codes), dtype=np.int8)
    for rows in _blocks(len(codes)):
        keys = _keys(codes[rows].astype(np.uint32), is_bridge[rows])
        # bytes.translate looks up a byte several times faster than indexing an array does.
        positions[rows] = np.frombuffer(keys.tobytes().translate(_positions_by_key()), dtype=np.int8)
    if unreadable.any():
        positions[unreadable] = list(OverallStatus).index(OverallStatus.UNKNOWN)
    overall = pd.Categorical.from_codes(positions, dtype=OVERALL, validate=False)
    if pd.api.types.is_scalar(statuses):
        return OverallStatus(str(overall[0]))
    return pd.Series(overall, index=series.index, name="overall", copy=False)


def overall_of(devices: pd.DataFrame) -> pd.Series:
    """Judge devices by their status: the bitmask of API v1 or, where there is none, the connection status of v3.

    Parameters
    ----------
    devices : pandas.DataFrame
        The device list; ``device_status`` and ``type``, and ``connection_status`` where there is one, are used.

    Returns
    -------
    pandas.Series
        As `overall_status` returns it.
    """
    by_bits = overall_status(devices["device_status"], devices["type"])
    if "connection_status" not in devices:
        return by_bits
    by_word = devices["connection_status"].map(
        {word: meant.overall.value for word, meant in CONNECTION_STATUS.items()}
    )
    is_by_word = devices["device_status"].isna() & devices["connection_status"].notna()
    words = by_word.fillna(OverallStatus.UNKNOWN.value)
    found = by_bits.astype(object).mask(is_by_word, words.astype(object))
    return pd.Series(pd.Categorical(found, dtype=OVERALL), index=devices.index, name="overall")


def explain_status(status: Any, device_type: str | None = "camera") -> str:
    """Say in plain sentences what a device status means.

    Parameters
    ----------
    status : int or str
        A status as the vendor gives it.
    device_type : str, optional
        The vendor's type of the device; only ``bridge`` is judged differently.

    Returns
    -------
    str
        Several lines: the overall status and the rule behind it, each bit that is set with its meaning and
        weight, and the deciding bits that are clear.

    Examples
    --------
    >>> print(explain_status(1179649, "bridge"))
    Status 1179649 (0x00120001), read as a bridge's: Online.
    Bit 20 (REGISTERED) is set: the bridge is connected to the cloud.
    Bits that are set:
      bit 20  REGISTERED         registered: connected to the cloud (decides)
      bit 17  ON                 the camera is switched on (user setting) (does not decide)
      bit  0  DEPRECATED_ONLINE  camera online (deprecated, does not count)
    Deciding bits that are clear:
      bit 16  INVALID            invalid, the state is not known
    """
    codes, unreadable = _codes(_as_series(status))
    if unreadable.any():
        return f"Status {status!r}: {OverallStatus.UNKNOWN}.\n{UNREADABLE}"
    code = int(codes[0])
    is_bridge = bool(_are_bridges(device_type, 1)[0])
    deciding = deciding_bits(is_bridge)
    is_set = [bit for bit in STATUS_BITS if code & bit.flag]
    is_clear = [bit for bit in STATUS_BITS if bit in deciding and bit not in is_set]
    unnamed = [number for number in range(31, 20, -1) if code >> number & 1]
    width = max(len(str(bit.flag.name)) for bit in is_set + is_clear)
    judged_as = "bridge" if is_bridge else "camera"
    return "\n".join(
        [
            f"Status {code} ({_hex(code)}), read as a {judged_as}'s: {rule_for(code, is_bridge).overall}.",
            reason_for(code, is_bridge),
            "Bits that are set:" if code else "No bit is set.",
            *(f"  bit {number:2}  (not in the vendor's table, does not count)" for number in unnamed),
            *(f"{_bit_line(bit, width)} ({_weight(bit, deciding)})" for bit in is_set),
            *(["Deciding bits that are clear:"] if is_clear else []),
            *(_bit_line(bit, width) for bit in is_clear),
        ]
    )


def explained_by_status(devices: pd.DataFrame) -> pd.DataFrame:
    """Say for each device whether its status explains that it gives no picture.

    Parameters
    ----------
    devices : pandas.DataFrame
        Devices by the vendor's column names; ``id``, ``name``, ``type`` and ``device_status`` are used.

    Returns
    -------
    pandas.DataFrame
        One row per device, index kept: ``id``, ``name``, ``device_status``, ``hex`` (text, empty where the
        status cannot be read), ``overall``, ``explains_silence`` (bool) and ``why`` (a sentence).

    Notes
    -----
    Off, Internet Offline, Password Needed and Offline explain a silence. Online contradicts it; No Change,
    Invalid and Unknown say nothing about the present, so they explain nothing.
    """
    codes, unreadable = _codes(devices["device_status"])
    is_bridge = _are_bridges(devices["type"], len(devices))
    words = devices["connection_status"] if "connection_status" in devices else [None] * len(devices)
    rows = []
    for code, bridge, bad, word in zip(codes.tolist(), is_bridge.tolist(), unreadable, words, strict=True):
        if not bad:
            rows.append((_hex(code), rule_for(code, bridge).explains_silence, reason_for(code, bridge)))
        elif isinstance(word, str):
            meant = CONNECTION_STATUS.get(word, UNKNOWN_CONNECTION)
            rows.append(("", meant.explains_silence, f"The connection status is {word}: {meant.meaning}"))
        else:
            rows.append(("", False, UNREADABLE))
    table = devices[["id", "name", "device_status"]].copy()
    table["hex"] = [row[0] for row in rows]
    table["overall"] = overall_of(devices)
    table["explains_silence"] = np.array([row[1] for row in rows], dtype=bool)
    table["why"] = [row[2] for row in rows]
    return table


def _as_series(values: Any) -> pd.Series:
    """One value or many, as a Series."""
    if isinstance(values, pd.Series):
        return values
    return pd.Series([values], dtype=object) if pd.api.types.is_scalar(values) else pd.Series(values)


def _codes(series: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Statuses as int64, and a mask of the values that are not a status."""
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "iu":
        codes = series.to_numpy().astype(np.int64, copy=False)
    elif pd.api.types.is_float_dtype(series.dtype) or pd.api.types.is_integer_dtype(series.dtype):
        values = series.to_numpy(np.float64, na_value=np.nan)  # whole numbers beside missing ones
        is_whole = (values >= 0) & (values <= LARGEST) & (values == np.trunc(values))
        codes = np.where(is_whole, values, -1).astype(np.int64)
    else:
        codes = np.fromiter(map(_code, series), np.int64, len(series))
    unsigned = codes.view(np.uint64)  # a negative number is above LARGEST here: one test for both ends
    if unsigned.max(initial=0) <= LARGEST:
        return codes, np.zeros(len(codes), dtype=bool)
    return codes, unsigned > LARGEST


def _code(value: Any) -> int:
    """One value from a column of mixed types; -1 when it is not a status."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 10:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    is_number = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return int(value) if is_number and 0 <= value <= LARGEST else -1


def _are_bridges(device_type: Any, length: int) -> np.ndarray:
    """Which of the devices are bridges."""
    is_bridge = _as_series(device_type).isin(["bridge"]).to_numpy(dtype=bool)
    if pd.api.types.is_scalar(device_type):
        return np.broadcast_to(is_bridge, length)
    if len(is_bridge) != length:
        raise InputError(
            f"{length} statuses, but {len(is_bridge)} device types: give one type, or one for each."
        )
    return is_bridge


def _blocks(length: int) -> Iterator[slice]:
    """Slices that cover `length` rows."""
    return (slice(start, start + BLOCK) for start in range(0, length, BLOCK))


KEY_IS_ZERO, KEY_IS_BRIDGE = 0x40, 0x80


@cache
def _key_fields() -> list[tuple[int, int]]:
    """Where the deciding bits go in a key: for each byte of a status a shift to the right, and a mask after it."""
    deciding = sum({int(bit.flag) for is_bridge in (False, True) for bit in deciding_bits(is_bridge)})
    fields, taken = [], KEY_IS_ZERO | KEY_IS_BRIDGE
    for start in range(0, 32, 8):
        if bits := deciding >> start & 0xFF:
            up = next(up for up in range(8) if not bits << up & taken)  # the first place that is free
            fields.append((start - up, bits << up))
            taken |= bits << up
    return fields


def _keys(codes: np.ndarray, is_bridge: np.ndarray) -> np.ndarray:
    """Everything the rules look at, in one byte: the deciding bits, "is 0", "is a bridge"."""
    keys = (codes == 0).view(np.uint8) * np.uint8(KEY_IS_ZERO)
    keys |= is_bridge.view(np.uint8) * np.uint8(KEY_IS_BRIDGE)
    for shift, mask in _key_fields():
        keys |= (codes >> shift).astype(np.uint8) & mask
    return keys


@cache
def _positions_by_key() -> bytes:
    """The position of the overall status for each of the 256 keys, as the rules decide it."""
    order, fields = list(OverallStatus), _key_fields()
    # A status with all deciding bits clear is not 0 when another bit is set.
    other_bits = LARGEST & ~sum(mask << shift for shift, mask in fields)
    found = bytearray()
    for key in range(256):
        status = sum((key & mask) << shift for shift, mask in fields) | other_bits
        rule = rule_for(0 if key & KEY_IS_ZERO else status, bool(key & KEY_IS_BRIDGE))
        found.append(order.index(rule.overall))
    return bytes(found)


def _hex(code: int) -> str:
    return f"0x{code:08X}"


def _bit_line(bit: StatusBit, width: int) -> str:
    return f"  bit {bit.number:2}  {bit.flag.name:{width}}  {bit.meaning}"


def _weight(bit: StatusBit, deciding: tuple[StatusBit, ...]) -> str:
    """Whether a bit counts."""
    if bit.standing is not Standing.CURRENT:
        return f"{bit.standing}, does not count"
    return "decides" if bit in deciding else "does not decide"
