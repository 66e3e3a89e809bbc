"""Read an export of any format into a table."""

from __future__ import annotations

from camkit.badges.delimited import read_delimited
from camkit.badges.documents import read_document
from camkit.badges.files import Export
from camkit.badges.formats import Format, format_of
from camkit.badges.given import Given
from camkit.badges.printed import read_printed
from camkit.badges.table import ExportTable


def read_export(export: Export, given: Given) -> ExportTable:
    """Read the export by the format that its first bytes show.

    Raises
    ------
    BadgeFileError
        If its format cannot be read, no profile fits it, or not the wanted one.
    """
    kind = format_of(export)
    if kind is Format.TEXT:
        return read_delimited(export, given)
    if kind is Format.PRINTED:
        return read_printed(export, given)
    return read_document(export, kind, given)
