"""Plain-socket load: it takes bytes and gives bytes, as cheaply as the kernel lets it.

It runs in the measuring process, on another core than the process under test, and its own cost
is not counted.
"""

from __future__ import annotations

import os
import selectors
import socket
import threading
import time

#: one read; larger ones fall out of the processor's cache
READ_BYTES = 256 * 1024
#: what is given, again and again, from memory. By ``sendfile`` it would cost less here, but arrive
#: in pages of 4 KiB, and make others pay who pass it on page by page (a proxy that splices: half as
#: much again); few programs send like that.
BLOCK = memoryview(os.urandom(1024 * 1024))


def connect(port: int, count: int = 1, request: bytes = b"") -> list[socket.socket]:
    """Open *count* connections to a port on loopback, each beginning with *request*."""
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    for sock in sockets:
        sock.sendall(request)
    return sockets


class Flows:
    """Many sockets at once, each giving so many bytes and taking what comes.

    A socket is closed when it has given all and the other side has ended its stream, or, with
    *ends*, when it has given all and taken all that is expected.
    """

    def __init__(self, gives: int = 0, takes: int = 0, *, ends: bool = False) -> None:
        self.gives = gives
        self.takes = takes
        self.ends = ends
        self.taken = 0
        self._waiting = selectors.DefaultSelector()
        self._buffer = bytearray(READ_BYTES)

    def add(self, sock: socket.socket) -> None:
        """Begin with one more socket."""
        sock.setblocking(False)
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.gives else 0)
        self._waiting.register(sock, events, [0, 0])

    def turn(self, timeout: float | None = None) -> bool:
        """Serve whatever is ready; False when no socket is left."""
        if not self._waiting.get_map():
            return False
        for key, events in self._waiting.select(timeout):
            sock, state = key.fileobj, key.data
            assert isinstance(sock, socket.socket)
            is_over = False
            if events & selectors.EVENT_READ:
                is_over = not self._take(sock, state)
            if events & selectors.EVENT_WRITE and state[0] < self.gives:
                is_over = not self._give(sock, state) or is_over
            is_done = state[0] >= self.gives and state[1] >= self.takes
            if is_over or (self.ends and is_done):
                self._waiting.unregister(sock)
                sock.close()
        return True

    def _take(self, sock: socket.socket, state: list[int]) -> bool:
        try:
            count = sock.recv_into(self._buffer)
        except BlockingIOError:
            return True
        except ConnectionError:
            return False
        state[1] += count
        self.taken += count
        return count > 0

    def _give(self, sock: socket.socket, state: list[int]) -> bool:
        try:
            state[0] += sock.send(BLOCK[: self.gives - state[0]])
        except BlockingIOError:
            return True
        except OSError:  # the other side has gone
            return False
        if state[0] >= self.gives:
            self._waiting.modify(sock, selectors.EVENT_READ, state)
        return True

    def close(self) -> None:
        """Close every socket that is left."""
        for key in list(self._waiting.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._waiting.close()


def drain(sockets: list[socket.socket], gives: int = 0) -> int:
    """Read every socket to its end, while giving each so many bytes; return what came."""
    flows = Flows(gives)
    for sock in sockets:
        flows.add(sock)
    while flows.turn():
        pass
    flows.close()
    return flows.taken


class Server:
    """A thread with a listening port: each client is given and is taken so many bytes."""

    def __init__(self, gives: int = 0, takes: int = 0) -> None:
        self._flows = Flows(gives, takes, ends=True)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving, and free everything."""
        self._is_over = True
        self._thread.join()
        self._flows.close()
        self._listener.close()

    def _run(self) -> None:
        while not self._is_over:
            busy = self._flows.turn(0.01)
            try:
                self._flows.add(self._listener.accept()[0])
            except BlockingIOError:
                if not busy:
                    time.sleep(0.001)


def ping(
    sockets: list[socket.socket], message: bytes, count: int, seconds: float = float("inf")
) -> list[float]:
    """Send *message* on every socket and wait for its echo, *count* times over.

    :param seconds: nothing is sent after so long.
    :returns: the seconds that each echo took.
    """
    deadline = time.perf_counter() + seconds
    waiting = selectors.DefaultSelector()
    took = []
    size = len(message)
    for sock in sockets:
        sock.setblocking(True)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting.register(sock, selectors.EVENT_READ, [0, 0, time.perf_counter()])
        sock.sendall(message)
    left = len(sockets)
    while left:
        for key, _ in waiting.select():
            sock, state = key.fileobj, key.data
            assert isinstance(sock, socket.socket)
            state[0] += len(sock.recv(size - state[0]))
            if state[0] == size:
                now = time.perf_counter()
                took.append(now - state[2])
                state[:] = [0, state[1] + 1, now]
                if state[1] < count and now < deadline:
                    sock.sendall(message)
                else:
                    waiting.unregister(sock)
                    left -= 1
    waiting.close()
    return took
