"""The address classes: values, and for UNIX sockets files."""

from __future__ import annotations

import os
import pickle
import sys
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from zope.interface.verify import verifyObject

from pcstream.internet.address import (
    HostnameAddress,
    IPv4Address,
    IPv6Address,
    UNIXAddress,
    _ProcessAddress,
)
from pcstream.internet.interfaces import IAddress

VALUES: list[tuple[Any, Any, str]] = [
    (
        lambda: IPv4Address("TCP", "127.0.0.1", 80),
        IPv4Address("UDP", "127.0.0.1", 80),
        "IPv4Address(type='TCP', host='127.0.0.1', port=80)",
    ),
    (
        lambda: IPv6Address("TCP", "::1", 80),
        IPv6Address("TCP", "::1", 80, scopeID="lo"),
        "IPv6Address(type='TCP', host='::1', port=80, flowInfo=0, scopeID=0)",
    ),
    (
        lambda: HostnameAddress(b"example.org", 80),
        HostnameAddress(b"example.org", 81),
        "HostnameAddress(hostname=b'example.org', port=80)",
    ),
    (lambda: UNIXAddress("/nowhere/a"), UNIXAddress("/nowhere/b"), "UNIXAddress('/nowhere/a')"),
    (lambda: UNIXAddress(None), UNIXAddress("/nowhere/b"), "UNIXAddress(None)"),
]


@pytest.mark.parametrize(("make", "other", "text"), VALUES)
def test_addresses_are_values(make: Any, other: Any, text: str) -> None:
    one = make()
    assert one == make()
    assert hash(one) == hash(make())
    assert one != other
    assert one != text
    assert repr(one) == text
    assert pickle.loads(pickle.dumps(one)) == one
    assert verifyObject(IAddress, one)
    if is_dataclass(one) and not isinstance(one, type):
        assert replace(one, port=9).port == 9


@pytest.mark.parametrize(("make", "other", "text"), VALUES)
def test_addresses_look_as_twisteds_do(make: Any, other: Any, text: str) -> None:
    twisted = pytest.importorskip("twisted.internet.address")
    assert repr(eval(text, vars(twisted))) == text


def test_addresses_of_one_kind_can_be_sorted() -> None:
    hosts = ["10.0.0.2", "10.0.0.1"]
    ordered = sorted(IPv4Address("TCP", host, 1) for host in hosts)
    assert [address.host for address in ordered] == ["10.0.0.1", "10.0.0.2"]
    with pytest.raises(TypeError):
        IPv4Address("TCP", "h", 1) < IPv6Address("TCP", "h", 1)  # type: ignore[operator]  # noqa: B015


@pytest.mark.parametrize("kind", [IPv4Address, IPv6Address])
def test_a_transport_that_is_neither_tcp_nor_udp_is_refused(kind: Any) -> None:
    with pytest.raises(ValueError, match=r"'type' must be in \['TCP', 'UDP'\] \(got 'SCTP'\)"):
        kind("SCTP", "h", 1)


def test_process_transports_have_an_address_of_a_kind() -> None:
    assert verifyObject(IAddress, _ProcessAddress())


def test_a_unix_path_is_kept_as_bytes() -> None:
    assert UNIXAddress("/tmp/\udcff").name == b"/tmp/\xff"
    assert UNIXAddress(b"/tmp/x").name == b"/tmp/x"
    assert UNIXAddress(Path("/tmp/x")).name == b"/tmp/x"
    with pytest.raises(TypeError):
        UNIXAddress(5)  # type: ignore[arg-type]


def test_unix_paths_to_one_file_are_equal(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.touch()
    os.symlink(target, link)
    assert UNIXAddress(str(target)) == UNIXAddress(str(link))
    assert hash(UNIXAddress(str(target))) == hash(UNIXAddress(str(link)))
    assert UNIXAddress(str(target)) != UNIXAddress(None)
    assert UNIXAddress(str(target)) != UNIXAddress(str(tmp_path / "missing"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="abstract names are Linux's")
def test_abstract_unix_names_are_compared_and_hashed_by_name() -> None:
    assert UNIXAddress(b"\0one") == UNIXAddress(b"\0one")
    assert UNIXAddress(b"\0one") != UNIXAddress(b"\0two")
    assert hash(UNIXAddress(b"\0one")) == hash(UNIXAddress(b"\0one"))
