"""Files that the kernel sends by itself, over TCP and UNIX sockets: nobody may see a difference.

The numbers in names are the contract's rules for FileSender.
"""

from __future__ import annotations

import errno
import gzip
import io
import os
import tempfile
from array import array
from functools import cache
from typing import Any

import pytest
from zope.interface.verify import verifyObject

from pcstream import zero_copy
from pcstream._engine.sendfile import STEP_BYTES
from pcstream.internet import abstract, error, reactor, tcp
from pcstream.internet.defer import CancelledError, Deferred, succeed
from pcstream.internet.protocol import ClientFactory, Factory, Protocol
from pcstream.internet.task import deferLater
from pcstream.internet.testing import StringTransport
from pcstream.protocols import _file_sender
from pcstream.protocols.basic import FileSender
from pcstream.protocols.policies import ProtocolWrapper, TimeoutProtocol, WrappingFactory
from pcstream.trial.unittest import TestCase

pytestmark = pytest.mark.skipif(not hasattr(os, "sendfile"), reason="no sendfile here")

# More than a loopback connection holds by itself.
MUCH = 12 * 2**20


class End(Protocol):
    """Keeps what arrives; may be told not to read."""

    reads = True

    def __init__(self) -> None:
        self.received = bytearray()
        self.made: Deferred[End] = Deferred()
        self.lost: Deferred[Any] = Deferred()
        self._wanted: tuple[int, Deferred[None]] | None = None

    def connectionMade(self) -> None:
        if not self.reads:
            self.transport.pauseProducing()
        self.made.callback(self)

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        if self._wanted is not None and len(self.received) >= self._wanted[0]:
            wanted, self._wanted = self._wanted, None
            wanted[1].callback(None)

    def connectionLost(self, reason: Any = None) -> None:
        self.lost.callback(reason.value)

    def until(self, size: int) -> Deferred[None]:
        if len(self.received) >= size:
            return succeed(None)
        wanted: Deferred[None] = Deferred()
        self._wanted = (size, wanted)
        return wanted


@cache
def content(size: int, seed: int = 1) -> bytes:
    """Bytes that tell where they are."""
    return array("Q", range(seed, seed + -(-size // 8))).tobytes()[:size]


async def failure_of(deferred: Deferred[Any]) -> Any:
    """What it fails with."""
    try:
        await deferred
    except Exception as e:
        return e
    raise AssertionError("it did not fail")


class Over(TestCase):
    """What both kinds of connection share."""

    def setUp(self) -> None:
        self.sent: list[int] = []
        really = os.sendfile

        def counted(*arguments: Any) -> int:
            count = really(*arguments)
            self.sent.append(count)
            return count

        self.counted = counted
        self.patch(os, "sendfile", counted)
        self.patch(zero_copy, "enabled", True)
        self.patch(_file_sender, "STRETCH_BYTES", STEP_BYTES)

    def _connect(self, server: Any, client: Any) -> None:
        raise NotImplementedError

    async def pair(self, *, reads: bool = True, wrapper: Any = None) -> tuple[Any, End]:
        """The transport of the sending end, as its protocol sees it, and the receiving end."""
        near, far = End(), End()
        far.reads = reads
        factory: Any = Factory.forProtocol(lambda: near)
        if wrapper is not None:
            factory = WrappingFactory(factory)
            factory.protocol = wrapper
        factory.noisy = False
        client: Any = ClientFactory.forProtocol(lambda: far)
        client.noisy = False
        self._connect(factory, client)
        await near.made
        await far.made
        self.near = near
        for end in (near, far):
            self.addCleanup(self._drop, end)
        return near.transport, far

    async def _drop(self, end: End) -> None:
        if not end.lost.called:
            end.transport.abortConnection()
            await end.lost

    def file(self, data: bytes, mode: str = "rb", **more: Any) -> Any:
        path = self.mktemp()
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "wb") as made:
            made.write(data)
        opened = open(path, mode, **more)
        self.addCleanup(opened.close)
        self.path = path
        return opened


class Together:
    """The tests, for each kind of connection."""

    # What arrives, and in which order

    async def test_F1_all_of_it_by_sendfile(self: Any) -> None:
        transport, far = await self.pair()
        data = content(3_000_001)
        file, sender = self.file(data), FileSender()
        last = await sender.beginFileTransfer(file, transport)
        await far.until(len(data))
        assert far.received == data
        assert sum(self.sent) == len(data)
        assert last == sender.lastSent == data[-1:]
        assert type(last) is bytes
        assert file.tell() == len(data)
        assert transport.producer is None

    async def test_F3_the_file_is_not_closed(self: Any) -> None:
        transport, _ = await self.pair()
        file = self.file(b"abc")
        before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
        sender = FileSender()
        await sender.beginFileTransfer(file, transport)
        assert not file.closed
        if before:
            assert len(os.listdir("/proc/self/fd")) == before, "the duplicate stays open"

    async def test_order_with_writes_before_and_after(self: Any) -> None:
        transport, far = await self.pair()
        data = content(MUCH)
        transport.write(b"before" * 50_000)
        finished = FileSender().beginFileTransfer(self.file(data), transport)
        transport.writeSequence([b"in", b"between"])
        finished.addCallback(lambda last: transport.write(b"after" + last))
        finished.addCallback(lambda _: transport.loseConnection())
        await far.lost
        step = STEP_BYTES
        assert far.received == (
            b"before" * 50_000 + data[:step] + b"inbetween" + data[step:] + b"after" + data[-1:]
        )

    async def test_the_first_stretch_is_queued_inside_registerProducer(self: Any) -> None:
        transport, _ = await self.pair()
        file = self.file(content(100_000))
        finished = FileSender().beginFileTransfer(file, transport)
        assert len(transport._tempDataBuffer) == 100_000
        assert file.tell() == 100_000
        await finished

    async def test_from_where_the_file_is(self: Any) -> None:
        for kind, move in (
            ("seek", lambda file: file.seek(70_000)),
            ("read", lambda file: file.read(70_000)),
            ("peek", lambda file: (file.read(70_000), file.peek(10))),
            ("line", lambda file: (file.seek(69_992), file.read(3), file.seek(70_000))),
        ):
            transport, far = await self.pair()
            data = content(200_000)
            file = self.file(data)
            move(file)
            await FileSender().beginFileTransfer(file, transport)
            await far.until(130_000)
            assert far.received == data[70_000:], kind
            assert sum(self.sent) == 130_000
            assert file.read() == b""
            self.sent.clear()

    async def test_a_file_without_buffer(self: Any) -> None:
        transport, far = await self.pair()
        data = content(200_000)
        file = self.file(data, buffering=0)
        file.seek(5)
        await FileSender().beginFileTransfer(file, transport)
        await far.until(len(data) - 5)
        assert far.received == data[5:]
        assert sum(self.sent) == len(data) - 5

    async def test_beyond_4_GiB(self: Any) -> None:
        transport, far = await self.pair()
        end = 2**32 + 2**31
        file = self.file(b"")
        try:
            os.truncate(self.path, end)
        except OSError:
            pytest.skip("no sparse files of this size here")
        tail = content(2**20)
        with open(self.path, "r+b") as written:
            written.seek(end - len(tail))
            written.write(tail)
        file.seek(end - len(tail))
        last = await FileSender().beginFileTransfer(file, transport)
        await far.until(len(tail))
        assert far.received == tail
        assert last == tail[-1:]
        assert file.tell() == end
        assert sum(self.sent) == len(tail)

    async def test_F2_an_empty_file_and_one_that_is_at_its_end(self: Any) -> None:
        transport, _ = await self.pair()
        found: list[Any] = []
        FileSender().beginFileTransfer(self.file(b""), transport).addCallback(found.append)
        file = self.file(b"abc")
        file.seek(0, 2)
        FileSender().beginFileTransfer(file, transport).addCallback(found.append)
        assert found == ["", ""]

    async def test_one_sender_again_and_again(self: Any) -> None:
        transport, far = await self.pair()
        sender, expected = FileSender(), b""
        for size in (1, 70_000, 2_000_000):
            data = content(size, size)
            expected += data
            assert await sender.beginFileTransfer(self.file(data), transport) == data[-1:]
        await far.until(len(expected))
        assert far.received == expected

    # The ends

    async def test_F8_all_of_it_before_the_close(self: Any) -> None:
        transport, far = await self.pair(reads=False)
        data = content(MUCH)
        finished = FileSender().beginFileTransfer(self.file(data), transport)
        transport.loseConnection()
        far.transport.resumeProducing()
        assert await finished == data[-1:]
        assert isinstance(await far.lost, error.ConnectionDone)
        assert far.received == data

    async def test_T10_half_a_close_waits_too(self: Any) -> None:
        transport, far = await self.pair()
        data = content(MUCH)
        finished = FileSender().beginFileTransfer(self.file(data), transport)
        transport.loseWriteConnection()
        assert await finished == data[-1:]
        assert isinstance(await far.lost, error.ConnectionDone)
        assert far.received == data

    async def test_F4_an_abort_fails_the_transfer(self: Any) -> None:
        transport, far = await self.pair(reads=False)
        file, sender = self.file(content(MUCH)), FileSender()
        finished = sender.beginFileTransfer(file, transport)
        transport.abortConnection()
        failure = await failure_of(finished)
        assert failure.args == ("Consumer asked us to stop producing",)
        assert sender._stretch is None
        far.transport.resumeProducing()
        await far.lost

    async def test_F4_a_lost_peer_fails_the_transfer(self: Any) -> None:
        transport, far = await self.pair(reads=False)
        finished = FileSender().beginFileTransfer(self.file(content(MUCH)), transport)
        await deferLater(reactor, 0)
        far.transport.abortConnection()
        failure = await failure_of(finished)
        assert failure.args == ("Consumer asked us to stop producing",)
        await self.near.lost

    async def test_F4_a_dead_transport_takes_nothing(self: Any) -> None:
        transport, _ = await self.pair()
        transport.loseConnection()
        await self.near.lost
        file = self.file(b"abc")
        failed = FileSender().beginFileTransfer(file, transport)
        self.failureResultOf(failed, Exception)
        assert file.tell() == 0

    async def test_F4_a_busy_transport_refuses(self: Any) -> None:
        transport, _ = await self.pair(reads=False)
        finished = FileSender().beginFileTransfer(self.file(content(MUCH)), transport)
        sender, file = FileSender(), self.file(b"abc")
        with pytest.raises(RuntimeError):
            sender.beginFileTransfer(file, transport)
        assert sender.deferred is None
        assert file.tell() == 0
        finished.cancel()
        await failure_of(finished)

    async def test_F7_cancelling_takes_back_what_has_not_gone(self: Any) -> None:
        transport, far = await self.pair(reads=False)
        data = content(MUCH)
        transport.write(b"before")
        finished = FileSender().beginFileTransfer(self.file(data), transport)
        await deferLater(reactor, 0)
        finished.cancel()
        self.failureResultOf(finished, CancelledError)
        assert transport.producer is None
        transport.write(b"after")
        transport.loseConnection()
        far.transport.resumeProducing()
        await far.lost
        body = bytes(far.received).removeprefix(b"before").removesuffix(b"after")
        assert len(body) == len(far.received) - 11
        assert body == data[: len(body)]
        assert len(body) < MUCH

    async def test_the_position_after_a_loss_is_where_sending_ended(self: Any) -> None:
        transport, _ = await self.pair(reads=False)
        self.patch(_file_sender, "STRETCH_BYTES", MUCH)
        file = self.file(content(MUCH))
        finished = FileSender().beginFileTransfer(file, transport)
        while not self.sent:
            await deferLater(reactor, 0)
        transport.abortConnection()
        await failure_of(finished)
        assert file.tell() == sum(self.sent) < MUCH

    async def test_the_position_after_cancelling_is_where_sending_ended(self: Any) -> None:
        transport, _ = await self.pair(reads=False)
        file = self.file(content(MUCH))
        finished = FileSender().beginFileTransfer(file, transport)
        while not self.sent:
            await deferLater(reactor, 0)
        finished.addErrback(lambda failure: failure.trap(CancelledError))
        finished.cancel()
        assert file.tell() == sum(self.sent) < MUCH

    async def test_F7_cancelling_at_once_sends_nothing(self: Any) -> None:
        transport, far = await self.pair()
        finished = FileSender().beginFileTransfer(self.file(content(100_000)), transport)
        finished.addErrback(lambda failure: failure.trap(CancelledError))
        transport.loseConnection()
        finished.cancel()
        await far.lost
        assert far.received == b""

    async def test_unregistering_it_ends_the_wait_of_a_close(self: Any) -> None:
        transport, far = await self.pair()
        FileSender().beginFileTransfer(self.file(content(MUCH)), transport)
        transport.unregisterProducer()
        transport.loseConnection()
        await far.lost
        assert far.received == content(MUCH)[:STEP_BYTES]

    # Files that change

    async def test_a_file_that_grows(self: Any) -> None:
        transport, far = await self.pair(reads=False)
        data = content(MUCH)
        finished = FileSender().beginFileTransfer(self.file(data), transport)
        await deferLater(reactor, 0)
        with open(self.path, "ab") as more:
            more.write(b"more")
        far.transport.resumeProducing()
        assert await finished == b"e"
        await far.until(MUCH + 4)
        assert far.received == data + b"more"

    async def test_a_file_that_shrinks_and_grows_again(self: Any) -> None:
        transport, far = await self.pair(reads=False)
        data = content(MUCH)
        file = self.file(data)
        finished = FileSender().beginFileTransfer(file, transport)
        while not self.sent or len(transport._tempDataBuffer) > STEP_BYTES - 1:
            await deferLater(reactor, 0)
        gone = MUCH - STEP_BYTES
        os.truncate(self.path, gone)
        far.transport.resumeProducing()
        last = await finished
        await far.until(gone)
        assert far.received == data[:gone]
        assert last == data[gone - 1 : gone]
        assert file.tell() == gone

    async def test_a_file_shortened_before_anything_was_sent(self: Any) -> None:
        transport, far = await self.pair()
        file = self.file(content(100_000))
        finished = FileSender().beginFileTransfer(file, transport)
        os.truncate(self.path, 0)
        assert await finished == ""
        assert file.tell() == 0
        transport.write(b"after")
        await far.until(5)
        assert far.received == b"after"

    async def test_a_position_that_was_skipped_is_not_the_last_byte(self: Any) -> None:
        transport, _ = await self.pair()
        file = self.file(content(100_000))
        file.seek(50_000)
        finished = FileSender().beginFileTransfer(file, transport)
        os.truncate(self.path, 50_000)
        assert await finished == ""
        assert file.tell() == 50_000

    async def test_a_deleted_file(self: Any) -> None:
        transport, far = await self.pair(reads=False)
        data = content(MUCH)
        finished = FileSender().beginFileTransfer(self.file(data), transport)
        os.remove(self.path)
        far.transport.resumeProducing()
        assert await finished == data[-1:]
        await far.until(MUCH)
        assert far.received == data

    async def test_F5_a_file_closed_too_early(self: Any) -> None:
        transport, far = await self.pair(reads=False)
        data = content(MUCH)
        file = self.file(data)
        finished = FileSender().beginFileTransfer(file, transport)
        file.close()
        far.transport.resumeProducing()
        assert isinstance(await failure_of(finished), ValueError)
        assert transport.producer is None
        transport.loseConnection()
        await far.lost
        assert far.received == data[:STEP_BYTES]

    async def test_F5_a_file_that_was_closed(self: Any) -> None:
        transport, _ = await self.pair()
        file = self.file(b"abc")
        file.close()
        self.failureResultOf(FileSender().beginFileTransfer(file, transport), ValueError)
        assert transport.producer is None

    # sendfile says no

    def refuse(self: Any, code: int, *, since: int = 1, until: int = 10**9) -> None:
        counted, calls = os.sendfile, [0]

        def refusing(*arguments: Any) -> int:
            calls[0] += 1
            if since <= calls[0] < until:
                raise OSError(code, os.strerror(code))
            return counted(*arguments)

        self.patch(os, "sendfile", refusing)

    async def test_no_byte_is_lost_or_sent_twice_when_sendfile_refuses(self: Any) -> None:
        data = content(5_000_000)
        for code in (errno.EINVAL, errno.ENOSYS, errno.EIO, errno.EOVERFLOW):
            for since, until in ((1, 2), (3, 4), (1, 10**9), (4, 10**9)):
                with self.subTest(code=code, since=since, until=until):
                    transport, far = await self.pair()
                    self.refuse(code, since=since, until=until)
                    last = await FileSender().beginFileTransfer(self.file(data), transport)
                    transport.loseConnection()
                    assert isinstance(await far.lost, error.ConnectionDone)
                    assert far.received == data
                    assert last == data[-1:]

    async def test_F5_an_unreadable_file_fails_and_the_connection_goes_on(self: Any) -> None:
        transport, far = await self.pair()
        data = content(5_000_000)
        file, sender, really = self.file(data), FileSender(), os.pread
        self.refuse(errno.EIO, since=3)
        self.patch(os, "pread", lambda fd, count, at: self.broken(really, fd, count, at))
        finished = sender.beginFileTransfer(file, transport)
        transport.write(b"between")
        failure = await failure_of(finished)
        assert failure.errno == errno.EIO
        assert transport.producer is None
        assert sender.deferred is None
        assert sender._stretch is None
        sent = sum(self.sent)
        transport.write(b"after")
        transport.loseConnection()
        await far.lost
        received = bytes(far.received).replace(b"between", b"")
        assert received == data[:sent] + b"after"

    def broken(self: Any, really: Any, fd: int, count: int, at: int) -> bytes:
        if count == 1:
            return bytes(really(fd, count, at))  # what was sent is still in memory
        raise OSError(errno.EIO, "the disk is gone")

    async def test_F5_a_failure_may_abort_or_begin_anew(self: Any) -> None:
        really = os.pread
        self.patch(os, "pread", lambda fd, count, at: self.broken(really, fd, count, at))
        for then in ("abort", "lose", "again"):
            transport, far = await self.pair()
            self.refuse(errno.EIO)
            file = self.file(content(2_000_000))
            sender = FileSender()

            def go_on(
                failure: Any, then: Any = then, transport: Any = transport, again: Any = sender
            ) -> Any:
                if then == "again":
                    os.sendfile = self.counted
                    return again.beginFileTransfer(self.file(b"other"), transport)
                (transport.abortConnection if then == "abort" else transport.loseConnection)()
                return None

            finished = sender.beginFileTransfer(file, transport).addErrback(go_on)
            await finished
            transport.loseConnection()
            await far.lost
            assert far.received == (b"other" if then == "again" else b"")

    # Who gets plain bytes

    async def plainly(self: Any, transport: Any, far: End, file: Any, data: bytes) -> None:
        sender = FileSender()
        assert await sender.beginFileTransfer(file, transport) == data[-1:]
        await far.until(len(data))
        assert far.received == data
        assert self.sent == []

    async def test_files_that_are_more_than_a_descriptor(self: Any) -> None:
        data = content(100_000)
        packed = self.file(gzip.compress(data))
        temporary = tempfile.NamedTemporaryFile()
        self.addCleanup(temporary.close)
        temporary.write(data)
        temporary.seek(0)

        class Own(io.FileIO):
            def read(self, size: int = -1) -> bytes:  # type: ignore[override]
                return (super().read(size) or b"").lower()

        spied = self.file(data)
        read, seen = spied.read, []
        spied.read = lambda size: seen.append(size) or read(size)
        for name, file in {
            "BytesIO": io.BytesIO(data),
            "BufferedRandom": self.file(data, "r+b"),
            "a named temporary file": temporary,
            "gzip": gzip.GzipFile(fileobj=packed),
            "buffered gzip": io.BufferedReader(
                gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(data)))
            ),
            "a gzip file's descriptor": io.BufferedReader(
                gzip.open(self._written(gzip.compress(data)))  # type: ignore[arg-type]
            ),
            "a FileIO of somebody's own": Own(self._written(data)),
            "a replaced read": spied,
        }.items():
            with self.subTest(name):
                transport, far = await self.pair()
                await self.plainly(transport, far, file, data.lower() if "own" in name else data)
                file.close()
        assert seen

    def _written(self: Any, data: bytes) -> str:
        self.file(data).close()
        return str(self.path)

    async def test_a_file_that_cannot_be_read(self: Any) -> None:
        transport, _ = await self.pair()
        file = open(self._written(b"abc"), "ab", buffering=0)
        self.addCleanup(file.close)
        failed = FileSender().beginFileTransfer(file, transport)
        self.failureResultOf(failed, io.UnsupportedOperation)

    async def test_text_fails_as_it_does_otherwise(self: Any) -> None:
        transport, _ = await self.pair()
        failed = FileSender().beginFileTransfer(self.file(b"abc", "r"), transport)
        self.failureResultOf(failed, TypeError)
        assert transport.producer is None

    async def test_a_pipe(self: Any) -> None:
        transport, far = await self.pair()
        reading, writing = os.pipe()
        os.write(writing, b"abc")
        os.close(writing)
        with open(reading, "rb") as file:
            await self.plainly(transport, far, file, b"abc")

    async def test_a_transform_sees_all_of_it(self: Any) -> None:
        transport, far = await self.pair()
        file = self.file(b"abc" * 50_000)
        assert await FileSender().beginFileTransfer(file, transport, bytes.upper) == b"C"
        await far.until(150_000)
        assert far.received == b"ABC" * 50_000
        assert self.sent == []

    async def test_a_transform_is_given_several_chunks_of_the_usual_size_in_a_turn(
        self: Any,
    ) -> None:
        transport, far = await self.pair()
        turns: list[list[int]] = [[]]
        resumed = FileSender.resumeProducing

        def resume(sender: FileSender) -> None:
            turns.append([])
            resumed(sender)

        def through(chunk: bytes) -> bytes:
            turns[-1].append(len(chunk))
            return chunk

        self.patch(FileSender, "resumeProducing", resume)
        data = content(5 * 2**14 + 7)
        assert (
            await FileSender().beginFileTransfer(self.file(data), transport, through) == data[-1:]
        )
        await far.until(len(data))
        assert far.received == data
        assert [turn for turn in turns if turn] == [[2**14] * 4, [2**14, 7]]

    async def test_F5_a_transform_that_raises_at_a_later_chunk_of_a_turn(self: Any) -> None:
        transport, far = await self.pair()
        seen = 0

        def through(chunk: bytes) -> bytes:
            nonlocal seen
            seen += 1
            if seen == 3:
                raise ZeroDivisionError
            return chunk

        data = content(100_000)
        sender = FileSender()
        failure = await failure_of(sender.beginFileTransfer(self.file(data), transport, through))
        assert isinstance(failure, ZeroDivisionError)
        assert sender.lastSent == data[2 * 2**14 - 1 : 2 * 2**14]
        transport.write(b"after")
        await far.until(2 * 2**14 + 5)
        assert far.received == data[: 2 * 2**14] + b"after"

    async def test_a_chunk_size_of_somebodys_own(self: Any) -> None:
        data = content(100_000)
        transport, far = await self.pair()
        self.patch(FileSender, "CHUNK_SIZE", 1000)
        await self.plainly(transport, far, self.file(data), data)

    async def test_the_switch(self: Any) -> None:
        data = content(100_000)
        transport, far = await self.pair()
        self.patch(zero_copy, "enabled", False)
        await self.plainly(transport, far, self.file(data), data)

    async def test_the_switch_in_the_middle(self: Any) -> None:
        data = content(MUCH)
        transport, far = await self.pair()
        finished = FileSender().beginFileTransfer(self.file(data), transport)
        self.patch(zero_copy, "enabled", False)
        assert await finished == data[-1:]
        await far.until(MUCH)
        assert far.received == data
        assert sum(self.sent) == STEP_BYTES

    async def test_a_write_that_was_replaced_sees_all_of_it(self: Any) -> None:
        data = content(100_000)
        for owner in ("instance", "sending", "class"):
            transport, far = await self.pair()
            seen: list[bytes] = []

            def spy(really: Any, seen: list[bytes] = seen) -> Any:
                def write(*arguments: Any) -> Any:
                    seen.append(bytes(arguments[-1]))
                    return really(*arguments)

                return write

            if owner == "instance":
                transport.write = spy(transport.write)
            elif owner == "sending":
                transport.writeSomeData = spy(transport.writeSomeData)
            else:
                self.patch(abstract.FileDescriptor, "write", spy(abstract.FileDescriptor.write))
            await self.plainly(transport, far, self.file(data), data)
            assert b"".join(seen)[: len(data)] == data, owner

    async def test_a_wrapper_passes_it_on(self: Any) -> None:
        transport, far = await self.pair(wrapper=ProtocolWrapper)
        assert type(transport) is ProtocolWrapper
        data = content(3_000_000)
        assert await FileSender().beginFileTransfer(self.file(data), transport) == data[-1:]
        await far.until(len(data))
        assert far.received == data
        assert sum(self.sent) == len(data)

    async def test_cancelling_through_a_wrapper(self: Any) -> None:
        transport, far = await self.pair(wrapper=ProtocolWrapper)
        finished = FileSender().beginFileTransfer(self.file(content(100_000)), transport)
        finished.cancel()
        self.failureResultOf(finished, CancelledError)
        transport.write(b"after")
        await far.until(5)
        assert far.received == b"after"

    async def test_wrappers_that_look(self: Any) -> None:
        seen: list[bytes] = []

        class Looking(ProtocolWrapper):
            def write(self, data: bytes) -> None:
                seen.append(data)
                super().write(data)

        class Timing(TimeoutProtocol):
            def __init__(self, factory: Any, wrapped: Any) -> None:
                super().__init__(factory, wrapped, None)

        data = content(100_000)
        for wrapper in (Looking, Timing):
            transport, far = await self.pair(wrapper=wrapper)
            await self.plainly(transport, far, self.file(data), data)
        assert b"".join(seen) == data

    async def test_a_stranger_that_passes_on_what_it_does_not_know(self: Any) -> None:
        class Stranger:
            def __init__(self, transport: Any) -> None:
                self.transport = transport
                self.seen: list[bytes] = []

            def write(self, data: bytes) -> None:
                self.seen.append(data)
                self.transport.write(data)

            def __getattr__(self, name: str) -> Any:
                return getattr(self.transport, name)

        data = content(100_000)
        transport, far = await self.pair()
        stranger = Stranger(transport)
        await self.plainly(stranger, far, self.file(data), data)
        assert b"".join(stranger.seen) == data

    async def test_interface(self: Any) -> None:
        transport, _ = await self.pair()
        assert verifyObject(zero_copy.IFileConsumer, transport)


class OverTCP(Together, Over):
    def _connect(self, server: Any, client: Any) -> None:
        port: Any = reactor.listenTCP(0, server, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        reactor.connectTCP("127.0.0.1", port.getHost().port, client)

    async def test_a_subclass_that_overrides_write(self) -> None:
        seen: list[bytes] = []

        class Own(tcp.Server):
            def write(self, data: bytes) -> None:
                seen.append(data)
                super().write(data)

        self.patch(tcp.Port, "transport", Own)
        transport, far = await self.pair()
        data = content(100_000)
        await self.plainly(transport, far, self.file(data), data)  # type: ignore[attr-defined]
        assert b"".join(seen) == data


class OverUNIX(Together, Over):
    def _connect(self, server: Any, client: Any) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        path = os.path.join(directory.name, "s")
        port: Any = reactor.listenUNIX(path, server)
        self.addCleanup(port.stopListening)
        reactor.connectUNIX(path, client)

    async def test_a_descriptor_goes_with_the_first_byte_of_a_file(self) -> None:
        from zope.interface import directlyProvides

        from pcstream.internet.interfaces import IFileDescriptorReceiver

        transport, far = await self.pair()
        given: list[tuple[int, int]] = []

        def take(descriptor: int) -> None:
            given.append((descriptor, len(far.received)))
            os.close(descriptor)

        far.fileDescriptorReceived = take  # type: ignore[attr-defined]
        directlyProvides(far, IFileDescriptorReceiver)
        data = content(2_000_000)
        transport.write(b"before")
        transport.sendFileDescriptor(0)
        finished = FileSender().beginFileTransfer(self.file(data), transport)
        transport.sendFileDescriptor(0)
        await finished
        await far.until(len(data) + 6)
        assert far.received == b"before" + data
        assert len(given) == 2


def test_a_test_double_takes_bytes(tmp_path: Any) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    transport = StringTransport()
    with open(tmp_path / "file", "rb") as file:
        sender = FileSender()
        finished = sender.beginFileTransfer(file, transport)  # type: ignore[arg-type]
        sender.resumeProducing()
        sender.resumeProducing()
    assert finished.result == b"c"
    assert transport.value() == b"abc"
