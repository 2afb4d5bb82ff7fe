"""Groups of UDP receivers, by way of the loopback interface."""

from __future__ import annotations

import errno
import os
import socket
import struct
from typing import Any

import pytest
from zope.interface.verify import verifyObject

from pcstream.internet import error, reactor
from pcstream.internet.defer import Deferred
from pcstream.internet.interfaces import IMulticastTransport
from pcstream.internet.protocol import DatagramProtocol
from pcstream.trial.unittest import TestCase

GROUP = "225.0.0.250"
GROUP6 = "ff02::1:5"
LOOPBACK = "127.0.0.1"


def can_join(family: int, option: int, level: int, packed: bytes) -> bool:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as skt:
            skt.setsockopt(level, option, packed)
    except OSError:
        return False
    return True


needs_groups = pytest.mark.skipif(
    not can_join(
        socket.AF_INET,
        socket.IP_ADD_MEMBERSHIP,
        socket.IPPROTO_IP,
        socket.inet_aton(GROUP) + socket.inet_aton(LOOPBACK),
    ),
    reason="this machine lets nobody join an IPv4 group on its loopback interface",
)
needs_groups6 = pytest.mark.skipif(
    not can_join(
        socket.AF_INET6,
        socket.IPV6_JOIN_GROUP,
        socket.IPPROTO_IPV6,
        socket.inet_pton(socket.AF_INET6, GROUP6) + struct.pack("I", 0),
    ),
    reason="this machine lets nobody join an IPv6 group",
)


class Ear(DatagramProtocol):
    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.next: Deferred[None] = Deferred()

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        self.received.append(datagram)
        waiting, self.next = self.next, Deferred()
        waiting.callback(None)


class MulticastTestCase(TestCase):
    timeout = 30

    def listen(self, protocol: Any = None, interface: str = "", **more: Any) -> Any:
        port = reactor.listenMulticast(0, protocol or Ear(), interface, **more)
        self.addCleanup(port.stopListening)
        return port


class TestOptions(MulticastTestCase):
    def test_declares_what_it_is(self) -> None:
        self.assertTrue(verifyObject(IMulticastTransport, self.listen()))

    def test_hops(self) -> None:
        port = self.listen()
        self.assertEqual(port.getTTL(), 1)
        port.setTTL(255)
        self.assertEqual(port.getTTL(), 255)
        with self.assertRaises(struct.error):
            port.setTTL(256)
        self.assertEqual(port.getTTL(), 255)

    def test_coming_back(self) -> None:
        port = self.listen()
        self.assertTrue(port.getLoopbackMode())
        port.setLoopbackMode(0)
        self.assertFalse(port.getLoopbackMode())

    async def test_the_interface(self) -> None:
        port = self.listen()
        self.assertEqual(port.getOutgoingInterface(), "0.0.0.0")
        self.assertEqual(await port.setOutgoingInterface(LOOPBACK), 1)
        self.assertEqual(port.getOutgoingInterface(), LOOPBACK)

    async def test_an_interface_that_is_none(self) -> None:
        with self.assertRaises(error.MulticastJoinError):
            await self.listen().setOutgoingInterface("::1")
        with self.assertRaises(AssertionError):
            await self.listen().setOutgoingInterface(1)

    @needs_groups6
    async def test_ipv6_counts_interfaces(self) -> None:
        port = self.listen(interface="::")
        self.assertEqual(port.getOutgoingInterface(), 0)
        index = socket.if_nametoindex("lo") if os.path.exists("/sys/class/net/lo") else 1
        await port.setOutgoingInterface(index)
        self.assertEqual(port.getOutgoingInterface(), index)
        port.setTTL(300 % 256)
        self.assertEqual(port.getTTL(), 44)
        port.setLoopbackMode(0)
        self.assertFalse(port.getLoopbackMode())


class TestGroups(MulticastTestCase):
    @needs_groups
    async def test_members_hear_and_others_do_not(self) -> None:
        ear = Ear()
        port = self.listen(ear)
        await port.setOutgoingInterface(LOOPBACK)
        await port.joinGroup(GROUP, LOOPBACK)
        here = port.getHost().port
        heard = ear.next
        port.write(b"to the members", (GROUP, here))
        await heard
        await port.leaveGroup(GROUP, LOOPBACK)
        heard = ear.next
        port.write(b"to nobody", (GROUP, here))
        port.write(b"straight", (LOOPBACK, here))
        await heard
        self.assertEqual(ear.received, [b"to the members", b"straight"])

    @needs_groups
    async def test_one_address_for_several(self) -> None:
        first, second = Ear(), Ear()
        one = self.listen(first, listenMultiple=True)
        two = reactor.listenMulticast(one.getHost().port, second, listenMultiple=True)
        self.addCleanup(two.stopListening)
        for port in (one, two):
            await port.joinGroup(GROUP, LOOPBACK)
        heard = [first.next, second.next]
        await one.setOutgoingInterface(LOOPBACK)
        one.write(b"to both", (GROUP, one.getHost().port))
        for each in heard:
            await each
        self.assertEqual((first.received, second.received), ([b"to both"], [b"to both"]))

    def test_one_address_is_for_one_otherwise(self) -> None:
        one = self.listen()
        with self.assertRaises(error.CannotListenError) as raised:
            reactor.listenMulticast(one.getHost().port, Ear())
        self.assertEqual(raised.exception.socketError.errno, errno.EADDRINUSE)

    async def test_what_is_no_group(self) -> None:
        port = self.listen()
        for address in (LOOPBACK, "::1"):
            with self.assertRaises(error.MulticastJoinError):
                await port.joinGroup(address)
        with self.assertRaises(error.MulticastJoinError):
            await port.leaveGroup(GROUP, LOOPBACK)

    @needs_groups6
    async def test_ipv6(self) -> None:
        port = self.listen(interface="::")
        await port.joinGroup(GROUP6)
        await port.leaveGroup(GROUP6)
        with self.assertRaises(error.MulticastJoinError):
            await port.leaveGroup(GROUP6)
