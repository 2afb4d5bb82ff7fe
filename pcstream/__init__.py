"""Twisted's producers and consumers, written anew as a drop-in with zero-copy transports."""

__version__ = "0.1.0"
