"""The reactor, its transports, and the interfaces they speak (Twisted's module paths)."""

from .._unmirrored import explain_missing

explain_missing(__name__)
