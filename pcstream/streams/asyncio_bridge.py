"""Both ways between asyncio's transports and streams and ours, with back-pressure both ways.

All of it is used in the thread of a running asyncio loop.  What awaits Deferreds, and what needs
the reactor, wants the reactor to run on that loop
(:mod:`pcstream.internet.asyncioreactor`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from typing import Any, TypeVar

from zope.interface import implementer

from .._engine.producer_slot import ProducerSlot
from ..internet import error
from ..internet.defer import Deferred
from ..internet.interfaces import (
    IConsumer,
    IHalfCloseableProtocol,
    IPushProducer,
    ITransport,
)
from ..internet.protocol import Protocol
from ..python import log
from ..python.failure import Failure
from ._asking import PullToPush
from ._taking_over import is_clean, promise_half_close, take_over

__all__ = [
    "AsyncioConsumer",
    "AsyncioOnTransport",
    "ProtocolOnAsyncio",
    "from_asyncio",
    "open_streams",
    "run_protocol",
]

_T = TypeVar("_T")

# What a StreamReader is asked for at a time.
_READ_BYTES = 2**16


class _LoopClock:
    """A loop's time for what wants ``callLater``; works without a reactor."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def callLater(self, delay: float, call: Callable[..., Any], *args: Any) -> Any:
        """Call a function after *delay* seconds."""
        return self._loop.call_later(delay, call, *args)

    def seconds(self) -> float:
        """The loop's time."""
        return self._loop.time()


class _Consumer:
    """The consumer's half of an asyncio transport."""

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._asyncio_transport = transport
        self._slot = ProducerSlot()
        self._adapter: PullToPush | None = None
        self._clock = _LoopClock(loop)
        self._is_lost = False
        self._is_full = False

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Take a producer; a pull producer is asked a turn later.

        On a transport that is lost it is stopped instead.

        :raises RuntimeError: one is registered already.
        """
        adapter = None if streaming else PullToPush(producer, self, self._clock)
        newcomer = producer if adapter is None else adapter
        self._slot.register(newcomer, True)
        if self._slot.producer is not newcomer:
            return
        self._adapter = adapter
        if self._is_full:
            self._slot.overfull()
        if adapter is not None and self._slot.producer is newcomer:
            adapter.start()

    def unregisterProducer(self) -> None:
        """Let the producer go; without one this does nothing (contract C13)."""
        if self._adapter is not None:
            self._adapter.stop()
            self._adapter = None
        self._slot.unregister()

    def write(self, data: bytes) -> None:
        """Send *data*; after the end it is dropped.

        :raises TypeError: it is not ``bytes``.
        """
        if not isinstance(data, bytes):
            raise TypeError("Data must be bytes")
        if not data or self._is_lost or self._takes_no_more():
            return
        if self._adapter is not None:
            self._adapter.note_write()
        self._asyncio_transport.write(data)

    def _takes_no_more(self) -> bool:
        # One that is closing flushes what it has and takes no more.
        return bool(self._asyncio_transport.is_closing())

    # What asyncio says.

    def _full(self) -> None:
        self._is_full = True
        self._slot.overfull()

    def _has_room(self) -> None:
        self._is_full = False
        self._slot.drained()

    def _give_up(self) -> None:
        """The producer raised: it gets no second chance."""
        producer = self._slot.producer
        log.err(None, f"{producer!r} raised in resumeProducing")
        self.unregisterProducer()
        try:
            producer.stopProducing()
        except Exception:
            log.err(None, f"{producer!r} raised in stopProducing")

    def _lose(self) -> None:
        self._is_lost = True
        self._slot.lost()
        self._adapter = None


class _Watching:
    """Stands before an asyncio protocol, and hears what a consumer has to know."""

    def __init__(self, consumer: _Consumer, protocol: Any) -> None:
        self._consumer = consumer
        self._protocol = protocol

    def __getattr__(self, name: str) -> Any:
        return getattr(self._protocol, name)

    def pause_writing(self) -> None:
        """The transport is full."""
        try:
            self._consumer._full()
        finally:
            self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """The transport has room."""
        try:
            self._protocol.resume_writing()
        finally:
            self._consumer._has_room()

    def connection_made(self, transport: Any) -> None:
        """Has been long ago; only a transport that starts TLS says so again."""
        self._protocol.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport is gone: stop the producer first, as with all transports."""
        try:
            self._consumer._lose()
        finally:
            self._protocol.connection_lost(exc)


class _WatchingProtocol(_Watching, asyncio.Protocol):
    def data_received(self, data: bytes) -> None:
        self._protocol.data_received(data)

    def eof_received(self) -> bool | None:
        answer: bool | None = self._protocol.eof_received()
        return answer


class _WatchingBuffered(_Watching, asyncio.BufferedProtocol):
    def get_buffer(self, sizehint: int) -> Any:
        return self._protocol.get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        self._protocol.buffer_updated(nbytes)

    def eof_received(self) -> bool | None:
        answer: bool | None = self._protocol.eof_received()
        return answer


@implementer(IConsumer)
class AsyncioConsumer(_Consumer):
    """An asyncio transport, or a ``StreamWriter``, as a consumer.

    Its producer is paused while the transport is above its high-water mark
    (``set_write_buffer_limits``), and stopped when the connection is lost. One that raises when it
    is resumed is stopped as well; the connection stays. Reading, and the transport's protocol, go
    on as before.

    :param writer: of a connection.
    :param loop: it runs on; by default the loop that is running.
    :raises TypeError: it is neither.
    :raises RuntimeError: there is such a consumer for it, with a producer.
    """

    def __init__(
        self,
        writer: asyncio.StreamWriter | asyncio.WriteTransport,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        transport: Any = writer.transport if isinstance(writer, asyncio.StreamWriter) else writer
        for name in ("write", "is_closing", "get_protocol", "set_protocol"):
            if not callable(getattr(transport, name, None)):
                raise TypeError(f"{writer!r} is not a transport of asyncio's: it has no {name}")
        super().__init__(transport, loop or asyncio.get_running_loop())
        if transport.is_closing():
            self._lose()
            return
        _watch(transport, self)
        self._is_full = _is_full(transport)

    def _has_room(self) -> None:
        try:
            super()._has_room()
        except Exception:
            self._give_up()


def _watch(transport: Any, consumer: _Consumer) -> None:
    """Have *consumer* hear what its asyncio transport says to the protocol."""
    protocol = transport.get_protocol()
    if isinstance(protocol, _Watching):
        # That of an earlier consumer, which makes way if nobody writes through it.
        producer = protocol._consumer._slot.producer
        if producer is not None:
            raise RuntimeError(f"{transport!r} has a producer already: {producer!r}")
        protocol._consumer = consumer
        return
    is_buffered = isinstance(protocol, asyncio.BufferedProtocol)
    kind: Any = _WatchingBuffered if is_buffered else _WatchingProtocol
    transport.set_protocol(kind(consumer, protocol))


def _is_full(transport: Any) -> bool:
    try:
        _, high = transport.get_write_buffer_limits()
    except (AttributeError, NotImplementedError):
        return False  # the next write will tell
    return bool(transport.get_write_buffer_size() > high)


@implementer(ITransport, IConsumer, IPushProducer)
class _AsyncioTransport(_Consumer):
    """What a protocol of ours has as its transport on asyncio.

    :ivar protocol: who hears what happens; others may take its place.
    """

    disconnecting = False

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(transport, loop)
        self.protocol: Any = None
        self._is_reading_paused = False
        self._wants_close = False
        self._wants_half_close = False
        self._is_half_closed = False
        self._reason: Failure | None = None

    @property
    def connected(self) -> bool:
        """Whether it is not lost."""
        return not self._is_lost

    @property
    def disconnected(self) -> bool:
        """Whether it is lost."""
        return self._is_lost

    def _takes_no_more(self) -> bool:
        return self._is_half_closed or self._asyncio_transport.is_closing()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Send all of *data*, or nothing if a piece is no bytes.

        :raises TypeError: a piece is not ``bytes``.
        """
        pieces = list(data)
        if not all(isinstance(piece, bytes) for piece in pieces):
            raise TypeError("Data must be bytes")
        self.write(b"".join(pieces))

    def unregisterProducer(self) -> None:
        """Let the producer go; a close may have waited for that."""
        super().unregisterProducer()
        self._close_soon()

    def loseConnection(self) -> None:
        """Close when all is sent and the producer has unregistered."""
        if not self._wants_close and not self._is_lost:
            self._wants_close = self.disconnecting = True
            self.pauseProducing()
            self._close_soon()

    def loseWriteConnection(self) -> None:
        """Close the sending half when all is sent and the producer has unregistered."""
        if self._asyncio_transport.can_write_eof():
            self._wants_half_close = True
            self._close_soon()

    def _close_soon(self) -> None:
        # Not at once: a producer may be about to follow (contract C3); and a transport of asyncio's
        # that is closed from within resume_writing ends twice.
        if (self._wants_close or self._wants_half_close) and self._slot.producer is None:
            self._clock.callLater(0, self._close_if_free)

    def _close_if_free(self) -> None:
        if self._is_lost or self._slot.producer is not None:
            return
        if self._wants_close:
            self._asyncio_transport.close()
        elif not self._is_half_closed and not self._asyncio_transport.is_closing():
            self._is_half_closed = True
            self._slot.lost()  # contract T11: who comes now is stopped
            self._asyncio_transport.write_eof()

    def _has_room(self) -> None:
        try:
            super()._has_room()
        except Exception:
            # Contract C23; asyncio would log it and go on.
            self._reason = Failure()
            self._clock.callLater(0, self.abortConnection)

    def abortConnection(self) -> None:
        """Drop the connection and what is not sent."""
        if not self._is_lost:
            self._slot.cut_off()
            if self._reason is None:
                self._reason = Failure(error.ConnectionAborted())
            self._asyncio_transport.abort()

    def stopConsuming(self) -> None:
        """Let the producer go, and close."""
        self.unregisterProducer()
        self.loseConnection()

    def pauseProducing(self) -> None:
        """Stop reading."""
        if not self._is_reading_paused and not self._is_lost:
            self._is_reading_paused = True
            if not self._asyncio_transport.is_closing():
                self._asyncio_transport.pause_reading()

    def resumeProducing(self) -> None:
        """Read again."""
        if self._is_reading_paused and not self._is_lost and not self.disconnecting:
            self._is_reading_paused = False
            if not self._asyncio_transport.is_closing():
                self._asyncio_transport.resume_reading()

    def stopProducing(self) -> None:
        """Close."""
        self.loseConnection()

    def getPeer(self) -> Any:
        """The other side, as asyncio has it (``peername``)."""
        return self._asyncio_transport.get_extra_info("peername")

    def getHost(self) -> Any:
        """This side, as asyncio has it (``sockname``)."""
        return self._asyncio_transport.get_extra_info("sockname")


class ProtocolOnAsyncio(asyncio.Protocol):
    """An asyncio protocol that runs one of ours: give it to ``loop.create_connection``.

    The transport of *protocol* is a consumer and a push producer, so everything here works on it.

    ::

        await loop.create_connection(lambda: ProtocolOnAsyncio(protocol), host, port)
    """

    def __init__(self, protocol: Any) -> None:
        self.protocol = protocol
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Tell the protocol."""
        self.transport = _AsyncioTransport(transport, asyncio.get_running_loop())
        self.transport.protocol = self.protocol
        self.protocol.makeConnection(self.transport)

    def data_received(self, data: bytes) -> None:
        """Tell the protocol; what it raises ends the connection, as with all transports."""
        protocol = self.transport.protocol
        try:
            protocol.dataReceived(data)
        except Exception:
            log.err(None, f"{protocol!r} raised in dataReceived")
            self.transport.abortConnection()

    def eof_received(self) -> bool:
        """Tell a protocol that can go on with half a connection; others lose it."""
        protocol = IHalfCloseableProtocol(self.transport.protocol, None)
        if protocol is None:
            return False
        protocol.readConnectionLost()
        return True

    def pause_writing(self) -> None:
        """The transport is full."""
        self.transport._full()

    def resume_writing(self) -> None:
        """The transport has room."""
        self.transport._has_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the producer, and tell the protocol."""
        transport = self.transport
        transport._lose()
        protocol, transport.protocol = transport.protocol, None
        protocol.connectionLost(transport._reason or Failure(_in_our_words(exc)))


def _in_our_words(exc: Exception | None) -> error.ConnectionDone | error.ConnectionLost:
    """Why a connection has ended; None is a clean end."""
    if exc is None:
        return error.ConnectionDone()
    return error.ConnectionLost(str(exc))


class AsyncioOnTransport(asyncio.Transport):
    """One of our transports as an asyncio transport; made by :func:`run_protocol`."""

    def __init__(self, transport: Any, side: _OnTransport) -> None:
        super().__init__()
        self._transport = transport
        self._side = side
        self._is_closing = False
        self._is_reading = True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """``peername``, ``sockname`` and ``socket``."""
        transport = self._transport
        if name == "socket" and hasattr(transport, "getHandle"):
            return transport.getHandle()
        place = {"peername": "getPeer", "sockname": "getHost"}.get(name)
        if place is None or not hasattr(transport, place):
            return default
        address = getattr(transport, place)()
        if hasattr(address, "host"):
            return (address.host, address.port)
        return getattr(address, "name", address)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Have *protocol* hear what happens from now on."""
        self._side.protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Who hears what happens."""
        protocol: asyncio.BaseProtocol = self._side.protocol
        return protocol

    def is_closing(self) -> bool:
        """Whether it is closed or being closed."""
        return self._is_closing

    def is_reading(self) -> bool:
        """Whether it reads."""
        return self._is_reading and not self._is_closing

    def pause_reading(self) -> None:
        """Read no more."""
        if self.is_reading():
            self._is_reading = False
            self._transport.pauseProducing()

    def resume_reading(self) -> None:
        """Read again."""
        if not self._is_reading and not self._is_closing:
            self._is_reading = True
            self._transport.resumeProducing()

    def write(self, data: Any) -> None:
        """Send it.

        :raises TypeError: it is not bytes.
        """
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"data has to be bytes, not {type(data).__name__}")
        if not self._is_closing:
            self._transport.write(bytes(data))

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        """Send all of them."""
        self.write(b"".join(list_of_data))

    def get_write_buffer_size(self) -> int:
        """How many bytes wait to be sent, if the transport tells."""
        return int(getattr(getattr(self._transport, "_outbox", None), "size", 0))

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """The marks: a transport of ours has one, and goes on when it is empty."""
        return 0, int(getattr(self._transport, "bufferSize", 2**16))

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set the high mark; there is no other low mark than 0."""
        if high is not None:
            if high < 0:
                raise ValueError(f"high has to be at least 0, not {high!r}")
            self._transport.bufferSize = high

    def can_write_eof(self) -> bool:
        """Whether half of the connection can be closed."""
        return hasattr(self._transport, "loseWriteConnection")

    def write_eof(self) -> None:
        """Close the sending half when all is sent.

        :raises NotImplementedError: the transport cannot.
        """
        if not self.can_write_eof():
            raise NotImplementedError(f"{self._transport!r} cannot close half of a connection")
        self._side.leave()
        self._transport.loseWriteConnection()

    def close(self) -> None:
        """Close when all is sent."""
        if not self._is_closing:
            self._is_closing = True
            self._side.leave()
            self._transport.loseConnection()

    def abort(self) -> None:
        """Drop the connection."""
        self._is_closing = True
        if hasattr(self._transport, "abortConnection"):
            self._transport.abortConnection()
        else:
            self._transport.unregisterProducer()
            self._transport.loseConnection()


@implementer(IHalfCloseableProtocol, IPushProducer)
class _OnTransport(Protocol):
    """Our protocol that tells an asyncio protocol everything, and the producer that is paused."""

    def __init__(self, protocol: Any) -> None:
        self.protocol = protocol
        self.previous: Any = None
        self.asyncio_transport: AsyncioOnTransport
        self._is_paused = False
        self._is_leaving = False
        promise_half_close(self)

    def leave(self) -> None:
        """Nothing more will be written: unregister, but not before a paused writer is told."""
        if self._is_paused:
            self._is_leaving = True
        else:
            self.transport.unregisterProducer()

    def dataReceived(self, data: bytes) -> None:
        """Tell the protocol, in the way it wants to be told."""
        protocol = self.protocol
        if not isinstance(protocol, asyncio.BufferedProtocol):
            protocol.data_received(data)
            return
        rest = memoryview(data)
        while rest:
            buffer = memoryview(protocol.get_buffer(len(rest))).cast("B")
            count = min(len(buffer), len(rest))
            if not count:
                raise RuntimeError("get_buffer() returned an empty buffer")
            buffer[:count] = rest[:count]
            protocol.buffer_updated(count)
            rest = rest[count:]

    def readConnectionLost(self) -> None:
        """The peer sends no more; the protocol says whether the connection stays."""
        if not self.protocol.eof_received():
            self.asyncio_transport.close()

    def writeConnectionLost(self) -> None:
        """The sending half is closed, as was wanted."""

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """The connection is gone."""
        self.asyncio_transport._is_closing = True
        exc: BaseException | None = None
        if not is_clean(reason):
            exc = ConnectionResetError(reason.getErrorMessage())
            exc.__cause__ = reason.value
        try:
            self.protocol.connection_lost(exc)
        finally:
            if self.previous is not None:
                self.previous.connectionLost(reason)

    def pauseProducing(self) -> None:
        """Our transport is full."""
        self._is_paused = True
        self.protocol.pause_writing()

    def resumeProducing(self) -> None:
        """Our transport has room."""
        self._is_paused = False
        try:
            self.protocol.resume_writing()
        finally:
            if self._is_leaving:
                self.transport.unregisterProducer()

    def stopProducing(self) -> None:
        """The connection is lost, which the protocol is about to hear."""


def run_protocol(transport: Any, protocol: asyncio.BaseProtocol) -> AsyncioOnTransport:
    """Have an asyncio protocol run on one of our transports.

    It hears ``connection_made`` before this returns, ``pause_writing`` and ``resume_writing`` as
    our transports pause and resume a producer.

    :param transport: its protocol is replaced, and still hears ``connectionLost``.
    :returns: what *protocol* has as its transport.
    :raises TypeError: *transport* has no protocol to replace.
    :raises RuntimeError: it has a producer.
    """
    side = _OnTransport(protocol)
    side.asyncio_transport = AsyncioOnTransport(transport, side)
    transport.registerProducer(side, True)
    try:
        side.previous = take_over(transport, side)
    except BaseException:
        transport.unregisterProducer()
        raise
    protocol.connection_made(side.asyncio_transport)
    return side.asyncio_transport


def open_streams(
    transport: Any, *, limit: int = 2**16
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A reader and a writer of asyncio's on one of our transports, for coroutines of asyncio.

    :param limit: half of what the reader holds before the transport is paused.
    :raises TypeError: *transport* has no protocol to replace.
    :raises RuntimeError: it has a producer, or no loop is running.
    """
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=limit, loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    asyncio_transport = run_protocol(transport, protocol)
    return reader, asyncio.StreamWriter(asyncio_transport, protocol, reader, loop)


async def from_asyncio(
    source: asyncio.StreamReader | AsyncIterable[_T],
) -> AsyncIterator[Any]:
    """What an asyncio source gives, for loops that await Deferreds, as those of ``send`` do.

    ::

        send(from_asyncio(stream_reader), consumer)

    :param source: a ``StreamReader``, which is read in chunks until its end and no faster than
        asked; or an asynchronous iterable that awaits what asyncio has. Leaving the loop closes it.
    """
    if isinstance(source, asyncio.StreamReader):
        while chunk := await _in_asyncio(source.read(_READ_BYTES)):
            yield chunk
        return
    pieces: Any = source.__aiter__()
    try:
        while True:
            try:
                piece = await _in_asyncio(pieces.__anext__())
            except StopAsyncIteration:
                return
            yield piece
    finally:
        if hasattr(pieces, "aclose"):
            await _in_asyncio(pieces.aclose())


def _in_asyncio(awaitable: Any) -> Deferred[Any]:
    """Have asyncio await it; cancelling the Deferred cancels it."""

    async def awaiting() -> Any:
        try:
            return True, await awaitable
        except StopAsyncIteration as end:
            # A task cannot fail with this one.
            return False, end

    def unwrap(answer: tuple[bool, Any]) -> Any:
        succeeded, result = answer
        return result if succeeded else Failure(result)

    task = asyncio.get_running_loop().create_task(awaiting())
    done: Deferred[Any] = Deferred.fromFuture(task)
    return done.addCallback(unwrap)
