"""What a header of the PROXY protocol says, as a value."""

from __future__ import annotations

from dataclasses import dataclass

from zope.interface import implementer

from ...internet.interfaces import IAddress
from ._interfaces import IProxyInfo


@implementer(IProxyInfo)
@dataclass(frozen=True, order=True, slots=True)
class ProxyInfo:
    """What a header says.

    :ivar header: the header itself; in version 1 without the line's end.
    :ivar source: the client's address; None if the proxy does not tell.
    :ivar destination: the address it has connected to; None likewise.
    """

    header: bytes
    source: IAddress | None
    destination: IAddress | None
