"""Multicast groups on a UDP socket: joining, leaving, and where their datagrams go out.

The two families differ in everything but the idea: IPv4 names an interface by one of its addresses
and counts hops in one byte (ip(7)); IPv6 names it by its index and takes whole integers (ipv6(7)).
:class:`_Family` holds those differences, so that the mixin has none.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .abstract import isIPAddress, isIPv6Address
from .defer import Deferred, maybeDeferred
from .error import MulticastJoinError

if TYPE_CHECKING:
    from .interfaces import IReactorCore


@dataclass(frozen=True)
class _Family:
    """What one address family calls its multicast options."""

    level: int
    interface: int
    loopback: int
    hops: int
    join: int
    leave: int
    any_address: str
    #: How the kernel takes a hop count or a switch: one byte (IPv4) or an int (IPv6).
    number: str


_FAMILIES = {
    socket.AF_INET: _Family(
        level=socket.IPPROTO_IP,
        interface=socket.IP_MULTICAST_IF,
        loopback=socket.IP_MULTICAST_LOOP,
        hops=socket.IP_MULTICAST_TTL,
        join=socket.IP_ADD_MEMBERSHIP,
        leave=socket.IP_DROP_MEMBERSHIP,
        any_address="0.0.0.0",
        number="B",
    ),
    socket.AF_INET6: _Family(
        level=socket.IPPROTO_IPV6,
        interface=socket.IPV6_MULTICAST_IF,
        loopback=socket.IPV6_MULTICAST_LOOP,
        hops=socket.IPV6_MULTICAST_HOPS,
        join=socket.IPV6_JOIN_GROUP,
        leave=socket.IPV6_LEAVE_GROUP,
        any_address="::",
        number="i",
    ),
}


class MulticastMixin:
    """The multicast half of :class:`~pcstream.internet.udp.MulticastPort`."""

    if TYPE_CHECKING:
        addressFamily: Any
        reactor: IReactorCore | Any
        socket: socket.socket

    def _multicast_option(self, name: str) -> int:
        family = _FAMILIES[self.addressFamily]
        size = struct.calcsize(family.number)
        raw = self.socket.getsockopt(family.level, getattr(family, name), size)
        value: int = struct.unpack(family.number, raw)[0]
        return value

    def _set_multicast_option(self, name: str, value: int) -> None:
        family = _FAMILIES[self.addressFamily]
        packed = struct.pack(family.number, value)
        self.socket.setsockopt(family.level, getattr(family, name), packed)

    def _packed_address(self, addr: str) -> bytes:
        try:
            return socket.inet_pton(self.addressFamily, addr)
        except OSError:
            name = socket.AddressFamily(self.addressFamily).name
            raise MulticastJoinError(f"invalid address literal for {name}: {addr!r}")

    def _resolved(self, host: str) -> Deferred[str]:
        """*host* itself if it is a literal, else what the reactor finds."""
        if isIPAddress(host) or isIPv6Address(host):
            literal: Deferred[str] = Deferred()
            literal.callback(host)
            return literal
        found: Deferred[str] = self.reactor.resolve(host)
        return found

    def getOutgoingInterface(self) -> str | int:
        """The interface that group datagrams leave by: an address (IPv4) or an index (IPv6)."""
        family = _FAMILIES[self.addressFamily]
        raw = self.socket.getsockopt(family.level, family.interface, 4)
        if self.addressFamily == socket.AF_INET6:
            index: int = struct.unpack("i", raw)[0]
            return index
        return socket.inet_ntop(socket.AF_INET, raw)

    def setOutgoingInterface(self, addr: str | int) -> Deferred[int]:
        """Choose the interface that group datagrams leave by.

        :param addr: an address or a host name (IPv4), an interface index (IPv6).
        :returns: a Deferred that fires with 1, or fails if the interface is not to be had.
        """
        return maybeDeferred(self._set_outgoing_interface, addr)

    def _set_outgoing_interface(self, addr: str | int) -> Deferred[int] | int:
        family = _FAMILIES[self.addressFamily]

        def choose(packed: bytes) -> int:
            self.socket.setsockopt(family.level, family.interface, packed)
            return 1

        if self.addressFamily == socket.AF_INET6:
            if not isinstance(addr, int):
                raise AssertionError("IPv6 interfaces are specified as integers")
            return choose(struct.pack("i", addr))
        if not isinstance(addr, str):
            raise AssertionError("IPv4 interfaces are specified as addresses")
        return self._resolved(addr).addCallback(self._packed_address).addCallback(choose)

    def getLoopbackMode(self) -> bool:
        """Whether what is sent to a group comes back to this host's own members."""
        return bool(self._multicast_option("loopback"))

    def setLoopbackMode(self, mode: int) -> None:
        """Say whether what is sent to a group comes back to this host's own members."""
        self._set_multicast_option("loopback", bool(mode))

    def getTTL(self) -> int:
        """How many hops a group datagram may make."""
        return self._multicast_option("hops")

    def setTTL(self, ttl: int) -> None:
        """Set how many hops a group datagram may make.

        :raises struct.error: it is no integer, or does not fit into what the family allows.
        """
        self._set_multicast_option("hops", ttl)

    def _change_membership(self, addr: str, interface: str, option: str) -> Deferred[None]:
        family = _FAMILIES[self.addressFamily]
        local = interface or family.any_address

        def change(addresses: tuple[bytes, bytes]) -> None:
            group, by = addresses
            if self.addressFamily == socket.AF_INET6:
                # struct ipv6_mreq holds an interface index; 0 lets the kernel choose.
                by = struct.pack("I", 0)
            try:
                self.socket.setsockopt(family.level, getattr(family, option), group + by)
            except OSError as e:
                raise MulticastJoinError(addr, local, *e.args)

        def with_group(group: bytes) -> Deferred[None]:
            by = self._resolved(local).addCallback(self._packed_address)
            return by.addCallback(lambda packed: (group, packed)).addCallback(change)

        return self._resolved(addr).addCallback(self._packed_address).addCallback(with_group)

    def joinGroup(self, addr: str, interface: str = "") -> Deferred[None]:
        """Become a member of a group.

        :param addr: the group's address, or a name of it.
        :param interface: the local address by which to join; empty lets the kernel choose.
        :returns: a Deferred that fires once joined, or fails with ``MulticastJoinError``.
        """
        return self._change_membership(addr, interface, "join")

    def leaveGroup(self, addr: str, interface: str = "") -> Deferred[None]:
        """Cease to be a member of a group; parameters and result as for :meth:`joinGroup`."""
        return self._change_membership(addr, interface, "leave")
