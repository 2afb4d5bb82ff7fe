"""Protocols over any transport (Twisted's module paths)."""

from .._unmirrored import explain_missing

explain_missing(__name__)
