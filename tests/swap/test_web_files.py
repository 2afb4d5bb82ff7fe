"""Files of Twisted's web server, unchanged, sent by the kernel; or as ever where they cannot be."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import os
import random
import re
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.usefixtures("twisted"),
    pytest.mark.skipif(not hasattr(os, "sendfile"), reason="there is no sendfile here"),
]

MIB = 1024 * 1024
#: of no round number, and more than two of the steps in which files are sent
SIZE = 9 * MIB + 4321
#: up to here the producer of Twisted writes the bytes
SMALL = 2**16
DEADLINE_S = 90

Serve = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    where = tmp_path / "files"
    where.mkdir()
    (where / "big").write_bytes(random.Random(6).randbytes(SIZE))
    (where / "small").write_bytes(b"small")
    return where


class Client:
    """One connection that is kept for many requests."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)

    def ask(self, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
        self.connection.request(method, path, headers=headers)
        return self.connection.getresponse()

    def get(self, path: str, **headers: str) -> bytes:
        return self.ask(path, **headers).read()

    def state(self) -> tuple[int, int, int]:
        """Bytes sent by the kernel, KiB of memory, open descriptors."""
        by_kernel, memory, files = map(int, self.get("/state").split())
        return by_kernel, memory, files

    def by_kernel(self) -> int:
        return self.state()[0]


@pytest.fixture
def client(serve: Serve, folder: Path) -> Iterator[Client]:
    made = Client(serve("web_files", folder).port)
    yield made
    made.connection.close()


def raw_get(port: int, path: str, **headers: str) -> socket.socket:
    """A connection that has asked for *path* and reads with a small buffer."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**16)
    sock.settimeout(DEADLINE_S)
    sock.connect(("127.0.0.1", port))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
    return sock


def until_the_end(sock: socket.socket) -> bytes:
    chunks = []
    try:
        while chunk := sock.recv(MIB):
            chunks.append(chunk)
    except ConnectionResetError:
        pass
    return b"".join(chunks)


def test_whole_files_and_ranges_on_one_connection(client: Client, folder: Path) -> None:
    big = (folder / "big").read_bytes()
    client.connection.connect()
    first = client.connection.sock
    for _ in range(2):
        assert client.get("/files/small") == b"small"
        before = client.by_kernel()
        answer = client.ask("/files/big")
        assert answer.getheader("Content-Length") == str(SIZE)
        assert hashlib.sha256(answer.read()).digest() == hashlib.sha256(big).digest()
        assert client.by_kernel() - before == SIZE
    for words, start, end in (
        ("0-0", 0, 1),
        ("70000-2000000", 70000, 2000001),
        ("1-", 1, SIZE),
        ("-6000000", SIZE - 6000000, SIZE),
        (f"10-{SMALL + 9}", 10, SMALL + 10),
        (f"10-{SMALL + 10}", 10, SMALL + 11),
    ):
        before = client.by_kernel()
        answer = client.ask("/files/big", Range=f"bytes={words}")
        assert answer.status == 206
        assert answer.getheader("Content-Range") == f"bytes {start}-{end - 1}/{SIZE}"
        assert answer.read() == big[start:end]
        by_kernel = client.by_kernel() - before
        assert by_kernel == (end - start if end - start > SMALL else 0), words
    assert client.connection.sock is first


def test_the_log_of_requests_has_the_true_lengths(serve: Serve, folder: Path) -> None:
    server = serve("web_files", folder)
    client = Client(server.port)
    client.get("/files/big")
    client.get("/sent/big?length=1")
    client.get("/files/big?range", Range="bytes=100000-4999999")
    client.connection.close()
    said, errors = server.close()
    assert said.splitlines() == [
        f"answered /files/big {SIZE}",
        f"answered /sent/big?length=1 {SIZE}",
        "answered /files/big?range 4900000",
    ]
    assert "Traceback" not in errors


def test_pipelined_requests_are_answered_in_order(client: Client, folder: Path) -> None:
    big = (folder / "big").read_bytes()
    with raw_get(client.port, "/files/big") as sock:
        asked = b"GET /files/%s HTTP/1.1\r\nHost: x\r\n%s\r\n"
        sock.sendall(asked % (b"small", b"") + asked % (b"big", b"Range: bytes=1-200000\r\n"))
        sock.sendall(asked % (b"small", b"Connection: close\r\n"))
        answers = until_the_end(sock)
    parts = re.split(rb"HTTP/1\.1 20[06][^\r]*\r\n.*?\r\n\r\n", answers, flags=re.DOTALL)
    assert [
        part == wanted
        for part, wanted in zip(parts, [b"", big, b"small", big[1:200001], b"small"], strict=True)
    ] == [True] * 5
    assert client.by_kernel() == SIZE + 200000


@pytest.mark.parametrize("path", ["/files/big", "/sent/big?length=1"])
def test_no_body_for_HEAD(client: Client, folder: Path, path: str) -> None:
    answer = client.ask(path, "HEAD")
    assert answer.getheader("Content-Length") == str(SIZE)
    assert answer.read() == b""
    assert client.get("/files/small") == b"small"
    assert client.by_kernel() == 0


def test_what_is_sent_as_ever(client: Client, folder: Path) -> None:
    big = (folder / "big").read_bytes()
    answer = client.ask("/files/big", Range="bytes=10-19,1000000-2999999")
    assert answer.getheader("Content-Type", "").startswith("multipart/byteranges")
    body = answer.read()
    assert big[10:20] in body
    assert big[1000000:3000000] in body
    answer = client.ask("/packed", **{"Accept-Encoding": "gzip"})
    assert answer.getheader("Content-Encoding") == "gzip"
    assert gzip.decompress(answer.read()) == big
    answer = client.ask("/sent/big")
    assert answer.getheader("Transfer-Encoding") == "chunked"
    assert answer.read() == big
    assert client.by_kernel() == 0


def test_an_encoder_that_the_client_does_not_want(client: Client, folder: Path) -> None:
    assert client.get("/packed") == (folder / "big").read_bytes()
    assert client.by_kernel() == SIZE


def test_a_file_sender_to_a_request(client: Client, folder: Path) -> None:
    big = (folder / "big").read_bytes()
    for _ in range(2):
        before = client.by_kernel()
        answer = client.ask("/sent/big?length=1")
        assert (answer.getheader("Content-Length"), answer.read() == big) == (str(SIZE), True)
        assert client.by_kernel() - before == SIZE
        assert client.get("/sent/small?length=1") == b"small"


def test_a_request_that_looks_at_what_is_written(serve: Serve, folder: Path) -> None:
    client = Client(serve("web_files", folder, "looked-at").port)
    assert client.get("/files/big") == (folder / "big").read_bytes()
    assert client.by_kernel() == 0
    client.connection.close()


def test_switched_off(serve: Serve, folder: Path, environment: dict[str, str]) -> None:
    environment["PCSTREAM_ZERO_COPY"] = "0"
    client = Client(serve("web_files", folder).port)
    assert client.get("/files/big") == (folder / "big").read_bytes()
    assert client.by_kernel() == 0
    client.connection.close()


def test_https(serve: Serve, folder: Path, tls_identity: Any) -> None:
    client = Client(serve("web_files", folder, "tls", tls_identity.pem).port)
    context = ssl.create_default_context(cafile=str(tls_identity.pem))
    client.connection = http.client.HTTPSConnection(
        "localhost", client.port, timeout=DEADLINE_S, context=context
    )
    assert client.get("/files/big") == (folder / "big").read_bytes()
    assert (
        client.get("/files/big", Range="bytes=5-4999999")
        == (folder / "big").read_bytes()[5:5000000]
    )
    assert client.by_kernel() == 0
    client.connection.close()


def test_http_2(serve: Serve, folder: Path, tls_identity: Any) -> None:
    connection_module = pytest.importorskip("h2.connection")
    events: Any = pytest.importorskip("h2.events")
    server = serve("web_files", folder, "tls", tls_identity.pem)
    context = ssl.create_default_context(cafile=str(tls_identity.pem))
    context.set_alpn_protocols(["h2"])
    plain = socket.create_connection(("127.0.0.1", server.port), DEADLINE_S)
    body = b""
    with context.wrap_socket(plain, server_hostname="localhost") as sock:
        assert sock.selected_alpn_protocol() == "h2"
        h2 = connection_module.H2Connection()
        h2.initiate_connection()
        names = ((":method", "GET"), (":path", "/files/big"), (":scheme", "https"))
        h2.send_headers(1, [*names, (":authority", "localhost")], end_stream=True)
        sock.sendall(h2.data_to_send())
        is_open = True
        while is_open:
            for event in h2.receive_data(sock.recv(MIB)):
                if isinstance(event, events.DataReceived):
                    body += event.data
                    h2.acknowledge_received_data(event.flow_controlled_length, 1)
                is_open = is_open and not isinstance(event, events.StreamEnded)
            sock.sendall(h2.data_to_send())
    assert body == (folder / "big").read_bytes()


needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")


@needs_proc
def test_a_gigabyte_and_a_slow_client_in_flat_memory(client: Client, folder: Path) -> None:
    size = 1024 * MIB
    marks = {0: b"first", 7 * MIB - 2: b"between", 700 * MIB: b"middle", size - 4: b"last"}
    with (folder / "huge").open("wb") as file:
        file.truncate(size)
        for at, mark in marks.items():
            file.seek(at)
            file.write(mark)
    _, before, _ = client.state()
    with raw_get(client.port, "/files/huge", Connection="close") as sock:
        head = b""
        while b"\r\n\r\n" not in head:
            head += sock.recv(1)
        got, buffer = 0, bytearray(MIB)
        found: dict[int, bytearray] = {}
        wanted = list(marks.items())
        while count := sock.recv_into(buffer):
            for at, mark in wanted:
                for n in range(max(at, got), min(at + len(mark), got + count)):
                    found.setdefault(at, bytearray()).append(buffer[n - got])
            got += count
            if got < 20 * MIB:  # so slow at first that it is waited for, and seen from outside
                _, during, _ = client.state()
                assert during - before < 8 * 1024
    assert f"Content-Length: {size}".encode() in head
    assert got == size
    assert {at: bytes(mark) for at, mark in found.items()} == marks
    by_kernel, after, _ = client.state()
    assert by_kernel == size
    assert after - before < 8 * 1024


@pytest.mark.parametrize("words", [None, "bytes=5-"])
def test_a_file_that_shrinks_ends_the_connection(
    serve: Serve, folder: Path, words: str | None
) -> None:
    # plain Twisted keeps the connection, and the client waits; or asks on for ever, for a range
    server = serve("web_files", folder)
    with (folder / "long").open("wb") as file:
        file.truncate(200 * MIB)
    headers = {} if words is None else {"Range": words}
    with raw_get(server.port, "/files/long", **headers) as sock:
        assert sock.recv(5) == b"HTTP/"
        os.truncate(folder / "long", 100 * MIB)
        body = b"HTTP/" + until_the_end(sock)  # which comes
    head, _, content = body.partition(b"\r\n\r\n")
    missing = 0 if words is None else 5
    assert f"Content-Length: {200 * MIB - missing}".encode() in head
    assert len(content) == 100 * MIB - missing
    said, errors = server.close()
    assert said.splitlines() == [f"lost /files/long {len(content)}"]
    assert "Traceback" not in errors


def test_what_is_appended_is_not_part_of_the_answer(client: Client, folder: Path) -> None:
    # plain Twisted sends it, and the next answer begins in the wrong place
    with (folder / "long").open("wb") as file:
        file.truncate(100 * MIB)
    answer = client.ask("/files/long")
    os.truncate(folder / "long", 101 * MIB)
    assert len(answer.read()) == 100 * MIB
    assert client.get("/files/small") == b"small"
    assert client.by_kernel() == 100 * MIB


@needs_proc
def test_clients_that_give_up_leave_nothing_open(serve: Serve, folder: Path) -> None:
    server = serve("web_files", folder)
    client = Client(server.port)
    _, _, before = client.state()
    for path in ("/files/big", "/files/big", "/sent/big?length=1"):
        with raw_get(server.port, path) as sock:
            assert sock.recv(1000)
    assert client.get("/files/small") == b"small"
    while client.state()[2] > before:
        pass  # each asks the server, which has heard of all ends soon
    client.connection.close()
    said, errors = server.close()
    assert len(re.findall(r"^lost /files/big \d+$", said, re.MULTILINE)) == 2
    assert "Traceback" not in errors
