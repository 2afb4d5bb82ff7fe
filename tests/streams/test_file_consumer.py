"""A file as a consumer: order, pace, and what happens when the disk does not want."""

from __future__ import annotations

import io
import os
import threading
from typing import Any

import pytest
from loopback_pairs import MUCH, End, content, pair

from pcstream.internet import reactor
from pcstream.internet.defer import CancelledError
from pcstream.internet.task import deferLater
from pcstream.protocols.basic import FileSender
from pcstream.streams import FileConsumer, send
from pcstream.trial.unittest import TestCase


class Gate(io.RawIOBase):
    """A file that waits in write until it may, and takes a part at a time."""

    def __init__(self, part: int = 10**9) -> None:
        self.data = bytearray()
        self.open = threading.Event()
        self.part = part
        self.threads: set[Any] = set()
        self.failure: Exception | None = None
        self.close_failure: Exception | None = None
        self.closings = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.threads.add(threading.current_thread())
        assert self.open.wait(30)
        if self.failure is not None:
            raise self.failure
        self.data += data[: self.part]
        return min(len(data), self.part)

    def close(self) -> None:
        if not self.closed:
            self.closings += 1
            super().close()
            if self.close_failure is not None:
                raise self.close_failure


class Producer:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def pauseProducing(self) -> None:
        self.calls.append("pause")

    def resumeProducing(self) -> None:
        self.calls.append("resume")

    def stopProducing(self) -> None:
        self.calls.append("stop")


class FileConsumerTestCase(TestCase):
    timeout = 30

    def setUp(self) -> None:
        self.path = self.mktemp()

    async def until(self, condition: Any) -> None:
        while not condition():
            await deferLater(reactor, 0.001)

    async def test_a_connection_into_a_file(self) -> None:
        consumer = FileConsumer(open(self.path, "wb"), fsync=True)

        class Saving(End):
            def connectionMade(self) -> None:
                super().connectionMade()
                consumer.registerProducer(self.transport, True)

            def dataReceived(self, data: bytes) -> None:
                consumer.write(data)

            def connectionLost(self, reason: Any = None) -> None:
                consumer.unregisterProducer()
                consumer.finish()
                super().connectionLost(reason)

        near, _ = await pair(self, far=Saving)
        data = content(MUCH)
        await send(data, near.transport)
        near.transport.loseConnection()
        assert await consumer.done == MUCH
        with open(self.path, "rb") as file:
            assert file.read() == data

    async def test_a_pull_producer_and_one_behind_it(self) -> None:
        data = content(3 * 2**20)
        consumer = FileConsumer(open(self.path, "wb", buffering=0))
        await FileSender().beginFileTransfer(io.BytesIO(data), consumer)
        await send(b"and more", consumer)
        assert await consumer.finish() == len(data) + 8
        with open(self.path, "rb") as file:
            assert file.read() == data + b"and more"

    async def test_a_pull_producer_that_is_not_done_is_waited_for(self) -> None:
        data = content(2**20)
        consumer = FileConsumer(open(self.path, "wb"))
        sent = FileSender().beginFileTransfer(io.BytesIO(data), consumer)
        assert await consumer.finish() == len(data)
        await sent

    async def test_it_is_written_in_another_thread_in_order_in_parts(self) -> None:
        file = Gate(part=7)
        consumer = FileConsumer(file)
        consumer.write(b"first, ")
        for number in range(100):
            consumer.write(b"%d," % number)
        file.open.set()
        await consumer.finish()
        assert file.data == b"first, " + b"".join(b"%d," % n for n in range(100))
        assert threading.current_thread() not in file.threads
        assert file.closed

    async def test_C5_C9_the_producer_is_paused_above_the_mark_and_resumed(self) -> None:
        file = Gate()
        consumer = FileConsumer(file, high_water=100)
        producer = Producer()
        consumer.registerProducer(producer, True)
        consumer.write(b"x" * 100)
        assert producer.calls == []
        consumer.write(b"x")
        assert producer.calls == ["pause"]
        consumer.write(b"x")
        assert producer.calls == ["pause"]
        file.open.set()
        await self.until(lambda: producer.calls[-1] == "resume")
        assert producer.calls == ["pause", "resume"]
        consumer.unregisterProducer()
        assert await consumer.finish() == 102

    async def test_a_fast_connection_waits_for_a_slow_disk(self) -> None:
        file = Gate()
        consumer = FileConsumer(file, high_water=2**16)
        near, far = await pair(self)
        far.dataReceived = consumer.write
        consumer.registerProducer(far.transport, True)
        sent = send(content(MUCH), near.transport)
        for _ in range(20):
            await deferLater(reactor, 0.005)
        assert not sent.called
        assert consumer._unwritten_bytes < 2**20
        file.open.set()
        await sent
        await self.until(lambda: consumer.written == MUCH)
        assert file.data == content(MUCH)
        consumer.unregisterProducer()
        await consumer.finish()

    async def test_a_full_disk_stops_the_producer_and_fails(self) -> None:
        file = Gate()
        file.failure = OSError(28, "No space left on device")
        consumer = FileConsumer(file)
        producer = Producer()
        consumer.registerProducer(producer, True)
        consumer.write(b"x")
        file.open.set()
        failed = await self.assertFailure(consumer.done, OSError)
        assert failed.args[0] == 28
        assert producer.calls == ["stop"]
        assert file.closings == 1
        consumer.write(b"ignored")
        late = Producer()
        consumer.registerProducer(late, True)
        assert late.calls == ["stop"]

    async def test_a_real_full_disk(self) -> None:
        if not os.path.exists("/dev/full"):
            self.skipTest("needs /dev/full")
        consumer = FileConsumer(open("/dev/full", "wb", buffering=0))
        sent = send(content(2**20), consumer)
        await self.assertFailure(consumer.done, OSError)
        await self.assertFailure(sent, Exception)

    async def test_what_a_buffered_file_finds_out_at_its_close_is_told(self) -> None:
        if not os.path.exists("/dev/full"):
            self.skipTest("needs /dev/full")
        consumer = FileConsumer(open("/dev/full", "wb"))
        consumer.write(b"little")
        await self.assertFailure(consumer.finish(), OSError)

    async def test_fsync_is_asked_for_if_wanted_before_the_end_is_told(self) -> None:
        for wanted in (False, True):
            synced: list[int] = []
            self.patch(os, "fsync", synced.append)
            file = open(self.path, "wb")
            number = file.fileno()
            consumer = FileConsumer(file, fsync=wanted)
            consumer.write(b"x")
            await consumer.finish()
            assert synced == [number] * wanted

    async def test_a_disk_that_cannot_sync_is_told(self) -> None:
        def failing(fd: int) -> None:
            raise OSError(5, "Input/output error")

        self.patch(os, "fsync", failing)
        file = open(self.path, "wb")
        consumer = FileConsumer(file, fsync=True)
        consumer.write(b"x")
        await self.assertFailure(consumer.finish(), OSError)
        assert file.closed

    async def test_cancelling_stops_the_producer_and_closes_behind_the_write_under_way(
        self,
    ) -> None:
        file = Gate()
        consumer = FileConsumer(file)
        producer = Producer()
        consumer.registerProducer(producer, True)
        consumer.write(b"under way")
        consumer.write(b"not yet")
        consumer.done.cancel()
        assert producer.calls == ["stop"]
        assert not file.closed
        file.open.set()
        await consumer.closed
        assert file.closed
        assert file.data == b"under way"
        await self.assertFailure(consumer.done, CancelledError)

    async def test_cancelling_an_idle_one_closes_its_file(self) -> None:
        file = Gate()
        consumer = FileConsumer(file)
        consumer.done.cancel()
        await self.assertFailure(consumer.done, CancelledError)
        await consumer.closed
        assert file.closed

    async def test_a_file_that_fails_twice_is_told_once_and_logged_once(self) -> None:
        file = Gate()
        file.open.set()
        file.failure = OSError(5, "write")
        file.close_failure = OSError(5, "close")
        consumer = FileConsumer(file)
        consumer.write(b"x")
        failed = await self.assertFailure(consumer.done, OSError)
        assert failed.args[1] == "write"
        assert [f.value.args[1] for f in self.flushLoggedErrors(OSError)] == ["close"]

    async def test_it_can_be_left_open(self) -> None:
        file = io.BytesIO()
        consumer = FileConsumer(file, close=False)
        consumer.write(b"all")
        assert await consumer.finish() == 3
        assert file.getvalue() == b"all"

    async def test_a_producer_that_raises_when_it_is_resumed_fails_it(self) -> None:
        class Broken(Producer):
            def resumeProducing(self) -> None:
                raise LookupError("broken")

        file = Gate()
        consumer = FileConsumer(file, high_water=1)
        broken = Broken()
        consumer.registerProducer(broken, True)
        consumer.write(b"xy")
        file.open.set()
        await self.assertFailure(consumer.done, LookupError)
        assert broken.calls == ["pause", "stop"]


def test_what_is_no_file_for_bytes_is_refused(tmp_path):
    with pytest.raises(TypeError, match="has no write"):
        FileConsumer(object())
    with open(tmp_path / "text", "w") as text, pytest.raises(TypeError, match="takes text"):
        FileConsumer(text)
    with (
        open(tmp_path / "text", "rb") as only_read,
        pytest.raises(ValueError, match="not open for writing"),
    ):
        FileConsumer(only_read)
    with pytest.raises(ValueError, match="high_water"):
        FileConsumer(io.BytesIO(), high_water=0)
    closed = io.BytesIO()
    closed.close()
    with pytest.raises(ValueError, match="closed"):
        FileConsumer(closed)


def test_C15_only_bytes():
    consumer = FileConsumer(io.BytesIO())
    with pytest.raises(TypeError, match="Data must be bytes"):
        consumer.write("text")  # type: ignore[arg-type]
