"""Who a cardholder is: the directory's entry and photo."""

from camkit.directory.cardholder import Cardholder, Directory, cardholder_html
from camkit.directory.sheet import SheetDirectory, load_directory
from camkit.directory.web import WebDirectory

__all__ = [
    "Cardholder",
    "Directory",
    "SheetDirectory",
    "WebDirectory",
    "cardholder_html",
    "load_directory",
]
