"""Bring rows with the same key together, through files: each source writes a run, and a bucket reads its part of all.

A run is an Arrow file with one batch for each bucket, so that a bucket is read from it without the others. What is in
memory is one source or one bucket, on whatever machine; the files are on a disk that all machines see.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from camkit.support.files import replacing


def write_run(path: Path, table: pa.Table, bucket: np.ndarray, buckets: int) -> None:
    """Write the rows of a source, each for its bucket, 0 to `buckets` - 1; in a bucket they keep their order."""
    order = np.argsort(bucket, kind="stable")
    borders = np.searchsorted(bucket[order], np.arange(buckets + 1))
    # One piece for each column: text of more than 2 GiB has no place in a "string".
    schema = pa.schema([(field.name, _large(field.type)) for field in table.schema])
    sorted_rows = table.cast(schema).take(pa.array(order)).combine_chunks()
    columns = [
        column.chunk(0) if column.num_chunks else pa.array([], column.type) for column in sorted_rows.columns
    ]
    batch = pa.RecordBatch.from_arrays(columns, schema=schema)
    with replacing(path) as part, pa.OSFile(str(part), "wb") as sink, pa.ipc.new_file(sink, schema) as file:
        for first, end in pairwise(borders):
            file.write_batch(batch.slice(first, end - first))


def read_bucket(paths: Iterable[Path], bucket: int) -> pa.Table:
    """Read a bucket from the runs, in their order."""
    batches = []
    for path in paths:
        with pa.OSFile(str(path), "rb") as source:
            batches.append(pa.ipc.open_file(source).get_batch(bucket))
    return pa.Table.from_batches([batch for batch in batches if len(batch)], schema=batches[0].schema)


def hashed(*columns: pd.Series | np.ndarray) -> np.ndarray:
    """A number, uint64, for each row's values in these columns: the same in any process; a missing one is a value."""
    joined = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        codes, values = pd.factorize(column, use_na_sentinel=True)
        hashes = pd.util.hash_array(
            np.asarray(values, dtype=None if isinstance(column, np.ndarray) else object)
        )
        joined = joined * np.uint64(0x9E3779B97F4A7C15) + np.append(hashes, np.uint64(1))[codes]
        joined ^= joined >> np.uint64(29)
    return joined


def buckets_of(hashes: np.ndarray, buckets: int) -> np.ndarray:
    """The bucket of each hash."""
    return (hashes % np.uint64(buckets)).astype(np.int64)


def _large(kind: pa.DataType) -> pa.DataType:
    return pa.large_string() if pa.types.is_string(kind) else kind
