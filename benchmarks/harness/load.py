"""Plain-socket load: it takes bytes and gives bytes, as cheaply as the kernel lets it.

It runs in the measuring process, on another core than the process under test, and its own cost
is not counted.
"""

from __future__ import annotations

import os
import selectors
import socket
import threading
from collections.abc import Iterable

#: one read; larger ones fall out of the processor's cache
READ_BYTES = 256 * 1024
#: one sendfile call
SEND_BYTES = 1024 * 1024


def connect(port: int, count: int = 1) -> list[socket.socket]:
    """Open *count* connections to a port on loopback."""
    return [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]


def drain(sockets: Iterable[socket.socket]) -> int:
    """Read every socket to its end, close it, and return the bytes of all of them."""
    waiting = selectors.DefaultSelector()
    for sock in sockets:
        sock.setblocking(False)
        waiting.register(sock, selectors.EVENT_READ)
    buffer = bytearray(READ_BYTES)
    total = 0
    while waiting.get_map():
        for key, _ in waiting.select():
            sock = key.fileobj
            assert isinstance(sock, socket.socket)
            try:
                count = sock.recv_into(buffer)
            except BlockingIOError:
                continue
            total += count
            if not count:
                waiting.unregister(sock)
                sock.close()
    waiting.close()
    return total


class Source:
    """A server which gives each client *bytes_each* bytes and then the end of the stream."""

    def __init__(self, bytes_each: int) -> None:
        self._file = os.memfd_create("load")
        block = os.urandom(SEND_BYTES)
        for _ in range(-(-bytes_each // SEND_BYTES)):
            os.write(self._file, block)
        self.bytes_each = bytes_each
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._over_r, self._over_w = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop giving, and free everything."""
        os.close(self._over_w)
        self._thread.join()
        os.close(self._over_r)
        os.close(self._file)
        self._listener.close()

    def _run(self) -> None:
        waiting = selectors.DefaultSelector()
        waiting.register(self._listener, selectors.EVENT_READ)
        waiting.register(self._over_r, selectors.EVENT_READ)
        offsets: dict[socket.socket, int] = {}
        while True:
            for key, _ in waiting.select():
                if key.fileobj == self._over_r:
                    for sock in offsets:
                        sock.close()
                    waiting.close()
                    return
                sock = key.fileobj
                assert isinstance(sock, socket.socket)
                if sock is self._listener:
                    client, _ = sock.accept()
                    client.setblocking(False)
                    offsets[client] = 0
                    waiting.register(client, selectors.EVENT_WRITE)
                    continue
                offset = offsets[sock]
                try:
                    left = self.bytes_each - offset
                    offset += os.sendfile(sock.fileno(), self._file, offset, min(SEND_BYTES, left))
                except BlockingIOError:
                    continue
                except OSError:  # the other side has gone
                    offset = self.bytes_each
                offsets[sock] = offset
                if offset >= self.bytes_each:
                    waiting.unregister(sock)
                    del offsets[sock]
                    sock.close()


def ping(sockets: list[socket.socket], message: bytes, count: int) -> None:
    """Send *message* on every socket and wait for its echo, *count* times over."""
    waiting = selectors.DefaultSelector()
    for sock in sockets:
        sock.setblocking(True)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting.register(sock, selectors.EVENT_READ, [0, 0])
        sock.sendall(message)
    size = len(message)
    left = len(sockets)
    while left:
        for key, _ in waiting.select():
            sock, state = key.fileobj, key.data
            assert isinstance(sock, socket.socket)
            state[0] += len(sock.recv(size - state[0]))
            if state[0] == size:
                state[0] = 0
                state[1] += 1
                if state[1] < count:
                    sock.sendall(message)
                else:
                    waiting.unregister(sock)
                    left -= 1
    waiting.close()
