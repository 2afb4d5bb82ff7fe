"""Two connections made one: what arrives on either goes out on the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from zope.interface import implementer

from ..internet.defer import CancelledError, Deferred
from ..internet.error import ConnectionDone
from ..internet.interfaces import IHalfCloseableProtocol
from ..protocols.portforward import Proxy
from ..python.failure import Failure
from ._asking import check_positive, clock_or_reactor
from ._taking_over import as_failure, give_back, is_clean, promise_half_close, take_over

__all__ = ["Relay", "RelayCounts", "relay"]


class RelayCounts(NamedTuple):
    """How many bytes a relay has passed on, each way."""

    a_to_b: int
    b_to_a: int


class _CountedReceiver:
    """Stands for the connection that bulk is forwarded to, and counts it."""

    def __init__(self, side: _Side, connection: Any) -> None:
        self._side = side
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def _forward(self, content: Any) -> None:
        self._side.forwarded += content.remaining_bytes
        self._connection._forward(content)


@implementer(IHalfCloseableProtocol)
class _Side(Proxy):
    """The protocol of one of the two connections.

    :ivar forwarded: how many bytes have gone from here to the other side.
    """

    noisy = False

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.forwarded = 0
        self.previous: Any = None
        self.is_at_end = False
        self.is_lost = False
        self._counted: _CountedReceiver | None = None
        promise_half_close(self)

    def dataReceived(self, data: bytes) -> None:
        """Count it, and write it to the other side."""
        peer = self.peer
        if peer is not None:
            self.forwarded += len(data)
            peer.transport.write(data)

    def receiver(self) -> Any:
        """Where bulk goes that nobody looks at, or None if it has to be received and written."""
        peer = self.peer
        if (
            peer is None
            or getattr(self.transport, "protocol", None) is not self
            or getattr(type(peer.transport), "relay_to", None) is None
        ):
            return None
        if self._counted is None:
            self._counted = _CountedReceiver(self, peer.transport)
        return self._counted

    def readConnectionLost(self) -> None:
        """The peer sends no more: so neither will the other side, after all that has come."""
        self.is_at_end = True
        self.relay._has_ended(self)

    def writeConnectionLost(self) -> None:
        """The sending half is closed, as was wanted."""

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """Close the other side behind everything that is on its way there, or reset it."""
        self.is_lost = True
        if self.peer is not None and self.peer.transport is not None:
            # Somebody who is gone will not unregister, and a close would wait for that.
            self.peer.transport.unregisterProducer()
        # Proxy knows only one package's words for a clean end.
        super().connectionLost(Failure(ConnectionDone()) if is_clean(reason) else reason)
        try:
            if self.previous is not None:
                self.previous.connectionLost(reason)
        finally:
            self.relay._has_lost(self, reason)


class Relay:
    """Two connections that are one; begins at once.

    :ivar done: what :func:`relay` returns.
    """

    def __init__(
        self,
        a: Any,
        b: Any,
        *,
        resets: bool = True,
        half_close_timeout_s: float | None = None,
        clock: Any = None,
    ) -> None:
        if half_close_timeout_s is not None:
            check_positive(half_close_timeout_s, "half_close_timeout_s")
        if a is b:
            raise ValueError("a relay needs two transports")
        for transport in (a, b):
            if not callable(getattr(transport, "registerProducer", None)):
                raise TypeError(f"{transport!r} cannot be relayed to: it is not a consumer")
        self.done: Deferred[RelayCounts] = Deferred(self._cancelled)
        self._timeout_s = half_close_timeout_s
        self._clock = clock
        self._timer: Any = None
        self._reason: Failure | None = None
        self._sides = side_a, side_b = _Side(self), _Side(self)
        side_a.previous = take_over(a, side_a)
        try:
            side_b.previous = take_over(b, side_b)
            a.registerProducer(b, True)
            try:
                b.registerProducer(a, True)
            except BaseException:
                a.unregisterProducer()
                raise
        except BaseException:
            give_back(a, side_a, side_a.previous)
            give_back(b, side_b, side_b.previous)
            raise
        for side in self._sides:
            side.abort_on_unclean_end = resets
        side_a.setPeer(side_b)
        side_b.setPeer(side_a)
        for side in self._sides:
            # On the class: a wrapper around the transport looks, and would pass the question on.
            relay_to: Callable[..., bool] | None
            relay_to = getattr(type(side.transport), "relay_to", None)
            if relay_to is not None:
                relay_to(side.transport, side, side.receiver)
        for transport in (a, b):
            transport.resumeProducing()

    @property
    def counts(self) -> RelayCounts:
        """What has been passed on so far."""
        return RelayCounts(self._sides[0].forwarded, self._sides[1].forwarded)

    def stop(self) -> None:
        """Drop both connections, and what is on its way."""
        self._stop_timer()
        for side in self._sides:
            if not side.is_lost:
                _drop(side.transport)

    def _cancelled(self, _: Deferred[RelayCounts]) -> None:
        self.done.errback(CancelledError())
        self.stop()

    def _has_ended(self, side: _Side) -> None:
        """Nothing more comes from *side*."""
        peer: Any = side.peer
        if peer is None:
            return
        peer.transport.unregisterProducer()
        if peer.is_at_end or not hasattr(peer.transport, "loseWriteConnection"):
            self._stop_timer()
            for each in (side, peer):
                each.transport.unregisterProducer()
                each.transport.loseConnection()
            return
        peer.transport.loseWriteConnection()
        if self._timeout_s is not None and self._timer is None:
            clock = clock_or_reactor(self._clock)
            self._timer = clock.callLater(self._timeout_s, self._took_too_long)

    def _took_too_long(self) -> None:
        self._timer = None
        self.stop()

    def _has_lost(self, side: _Side, reason: Failure) -> None:
        if self._reason is None or is_clean(self._reason):
            self._reason = as_failure(reason)
        if not all(each.is_lost for each in self._sides):
            return
        self._stop_timer()
        if self.done.called:
            return
        if is_clean(self._reason):
            self.done.callback(self.counts)
        else:
            self.done.errback(self._reason)

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()


def _drop(transport: Any) -> None:
    if hasattr(transport, "abortConnection"):
        transport.abortConnection()
    else:
        transport.unregisterProducer()
        transport.loseConnection()


def relay(
    a: Any,
    b: Any,
    *,
    resets: bool = True,
    half_close_timeout_s: float | None = None,
    clock: Any = None,
) -> Deferred[RelayCounts]:
    """Pass on what arrives on *a* to *b*, and the other way, until both are closed.

    When a peer closes its half, the same half of the other connection is closed, behind everything
    that has come; the other direction goes on. Each is paused while the other side does not take
    what comes. Between two TCP connections bulk is moved by the kernel
    (:doc:`zero copy </zero-copy>`).

    :param a: a connection; its protocol is replaced, and still hears ``connectionLost``.
    :param b: another.
    :param resets: pass an unclean end on as a reset; otherwise the other side sees a clean close
        (contract X9).
    :param half_close_timeout_s: how long the second direction may go on after the end of the first;
        then both are dropped. By default as long as it likes.
    :param clock: what has ``callLater``; by default the reactor.
    :returns: a Deferred of the :class:`RelayCounts` when both are closed. It fails with the first
        reason that was not a clean close. Cancelling it drops both connections.
    :raises TypeError: one of them cannot be relayed.
    :raises ValueError: both are the same, or the time-out is not positive.
    :raises ConnectionLost: one of them is lost already.
    """
    return Relay(a, b, resets=resets, half_close_timeout_s=half_close_timeout_s, clock=clock).done
