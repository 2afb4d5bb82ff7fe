"""Twisted's producers and consumers, written anew as a drop-in with zero-copy transports."""

from ._unmirrored import explain_missing, explain_missing_modules

__version__ = "0.1.0"

explain_missing_modules()
explain_missing(__name__)
