"""Where Twisted's users import their test doubles from."""

from .._unmirrored import explain_missing

explain_missing(__name__)
