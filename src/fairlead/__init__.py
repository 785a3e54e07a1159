"""Fairlead takes a web application from one file to a production that loses nothing on the way."""

__version__ = "0.1.0"
