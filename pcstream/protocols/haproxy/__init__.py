"""The PROXY protocol: a proxy that passes connections on says first whose they are."""

from __future__ import annotations

from ._wrapper import proxyEndpoint

__all__ = ["proxyEndpoint"]
