"""Twisted's web server, unchanged, on our transports: ranges, keep-alive, clients that give up."""

from __future__ import annotations

import hashlib
import http.client
import random
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("twisted")

SIZE = 3 * 1024 * 1024 + 17


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    where = tmp_path / "files"
    where.mkdir()
    (where / "big.bin").write_bytes(random.Random(6).randbytes(SIZE))
    (where / "small.txt").write_bytes(b"small")
    return where


def get(
    connection: http.client.HTTPConnection, path: str, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()


def test_ranges_on_one_connection(serve: Callable[..., Any], folder: Path) -> None:
    server = serve("web_static", folder)
    big = (folder / "big.bin").read_bytes()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.connect()
    first = connection.sock
    for _ in range(2):
        assert get(connection, "/small.txt")[2] == b"small"
        status, headers, body = get(connection, "/big.bin")
        assert (status, headers["content-length"]) == (200, str(SIZE))
        assert hashlib.sha256(body).digest() == hashlib.sha256(big).digest()
    for words, start, end in (
        ("0-0", 0, 1),
        ("70000-2000000", 70000, 2000001),
        (f"{SIZE - 5}-", SIZE - 5, SIZE),
        ("-100000", SIZE - 100000, SIZE),
    ):
        status, headers, body = get(connection, "/big.bin", Range=f"bytes={words}")
        assert status == 206
        assert headers["content-range"] == f"bytes {start}-{end - 1}/{SIZE}"
        assert body == big[start:end]
    status, headers, body = get(connection, "/big.bin", Range="bytes=10-19,1000000-1999999")
    assert status == 206
    assert headers["content-type"].startswith("multipart/byteranges")
    assert big[10:20] in body
    assert big[1000000:2000000] in body
    assert get(connection, "/big.bin", Range=f"bytes={SIZE}-")[0] == 416
    assert get(connection, "/nosuch")[0] == 404
    assert connection.sock is first
    connection.close()
    _, errors = server.close()
    ours, theirs = errors.split(" were Twisted's:")
    assert " tcp" in ours
    assert " static" in theirs


def test_pipelined_requests_are_answered_in_order(serve: Callable[..., Any], folder: Path) -> None:
    server = serve("web_static", folder)
    big = (folder / "big.bin").read_bytes()
    asked = b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /small.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), 60) as sock:
        sock.sendall(asked % b"big.bin" + asked % b"small.txt" + asked % b"big.bin" + last)
        answers = b"".join(iter(lambda: sock.recv(1 << 20), b""))
    bodies = [answers.find(big), answers.find(b"\r\n\r\nsmall"), answers.rfind(big)]
    assert -1 not in bodies
    assert bodies == sorted(bodies)
    assert answers.endswith(b"small")


def test_a_client_that_gives_up_hurts_nobody(serve: Callable[..., Any], folder: Path) -> None:
    server = serve("web_static", folder)
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", server.port), 60) as sock:
            sock.sendall(b"GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n")
            assert sock.recv(1000)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    assert len(get(connection, "/big.bin")[2]) == SIZE
    connection.close()
    _, errors = server.close()
    assert "Traceback" not in errors
