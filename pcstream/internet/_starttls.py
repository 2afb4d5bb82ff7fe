"""Putting TLS between a connected transport and its protocol while it is in use."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from zope.interface import alsoProvides

from . import interfaces

#: Whether what TLS needs (the extra ``pcstream[tls]``) is installed; it is imported when used.
HAS_TLS = find_spec("OpenSSL") is not None

# What the application calls on its transport and TLS has to see first.
_TAKEN_OVER = (
    "write",
    "writeSequence",
    "loseConnection",
    "registerProducer",
    "unregisterProducer",
    "pauseProducing",
    "resumeProducing",
    "stopProducing",
    "abortConnection",
)


class _Underneath:
    """A transport as its TLS layer sees it: the methods of its class, not those of TLS.

    Anything else is the transport's own.
    """

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def __getattr__(self, name: str) -> Any:
        if name in _TAKEN_OVER:
            return getattr(type(self._transport), name).__get__(self._transport)
        return getattr(self._transport, name)


class StartTLSMixin:
    """For a connection that has a ``protocol``.

    :ivar TLS: whether TLS has been started.
    :cvar _tlsClientDefault: whether this is the side that begins the handshake.
    """

    TLS = False
    _tlsClientDefault: bool

    def startTLS(self, ctx: Any, normal: bool = True) -> None:
        """Encrypt everything from now on; what is queued already goes out as it is.

        :param ctx: a context factory, or a creator of OpenSSL connections.
        :param normal: whether the roles in the handshake are those of the connection: the one who
            connected begins.
        :raises ImportError: the extra ``tls`` is not installed.
        """
        if not HAS_TLS:
            raise ImportError("TLS needs pyOpenSSL: pip install 'pcstream[tls]'")
        from ..protocols import tls  # the one step up from here: TLS is a protocol, too
        from .protocol import Factory

        transport: Any = self
        is_client = transport._tlsClientDefault == bool(normal)
        factory = tls.TLSMemoryBIOFactory(ctx, is_client, Factory(), _clock_of(transport.reactor))
        layer = tls.BufferingTLSTransport(factory, transport.protocol, False)
        # First of all, because it may fail: the context is the application's.
        layer.makeConnection(_Underneath(transport))
        producer, is_streaming = transport.producer, transport.streamingProducer
        is_owed_a_resume = transport.producerPaused
        if producer is not None:
            transport.unregisterProducer()
        transport.protocol = layer
        for name in _TAKEN_OVER:
            setattr(transport, name, getattr(layer, name))
        transport.getHandle = layer.getHandle
        transport.getPeerCertificate = layer.getPeerCertificate
        transport.TLS = True
        alsoProvides(transport, interfaces.ISSLTransport, interfaces.INegotiated)
        if producer is not None:
            layer.registerProducer(producer, is_streaming)
            if is_owed_a_resume:
                layer.carry_pause_over()
                transport._slot.overfull()

    @property
    def negotiatedProtocol(self) -> bytes | None:
        """The protocol agreed on by ALPN; None without TLS."""
        layer: Any = getattr(self, "protocol", None)
        return layer.negotiatedProtocol if self.TLS and layer is not None else None

    def _forget_tls(self) -> None:
        """Give the class's methods back, and let go of the TLS layer."""
        if self.TLS:
            for name in (*_TAKEN_OVER, "getHandle", "getPeerCertificate"):
                self.__dict__.pop(name, None)


def _clock_of(reactor: Any) -> Any:
    return reactor if interfaces.IReactorTime.providedBy(reactor) else None
