"""Who a cardholder is: the directory's entry and photo."""

from camkit.directory.web import Cardholder, Directory, WebDirectory, cardholder_html

__all__ = ["Cardholder", "Directory", "WebDirectory", "cardholder_html"]
