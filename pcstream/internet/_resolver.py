"""Names to addresses: ``getaddrinfo`` in a thread, and bridges between the two resolver kinds.

An ``IResolverSimple`` gives one IPv4 address; an ``IHostnameResolver`` tells a receiver about
every address of every kind. Either can stand in for the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from zope.interface import implementer

from pcstream.internet._idna import _idnaBytes
from pcstream.internet.defer import Deferred
from pcstream.internet.error import DNSLookupError
from pcstream.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IReactorThreads,
    IResolutionReceiver,
    IResolverSimple,
)
from pcstream.python import log
from pcstream.python.failure import Failure

if TYPE_CHECKING:
    from pcstream.python.threadpool import ThreadPool

__all__ = [
    "ComplexResolverSimplifier",
    "FirstOneWins",
    "GAIResolver",
    "HostResolution",
    "SimpleResolverComplexifier",
]


class _LikeGetAddrInfo(Protocol):
    def __call__(
        self,
        host: bytes | str | None,
        port: bytes | str | int | None,
        family: int = ...,
        type: int = ...,
        proto: int = ...,
        flags: int = ...,
    ) -> Sequence[tuple[int, int, int, str, tuple[Any, ...]]]: ...


@implementer(IHostResolution)
class HostResolution:
    """A look-up under way, which cannot be stopped."""

    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> NoReturn:
        """Refuse.

        :raises NotImplementedError: always.
        """
        raise NotImplementedError()


@implementer(IHostnameResolver)
class GAIResolver:
    """Asks the system's ``getaddrinfo``, in a thread of the pool.

    :param getThreadPool: where to get the pool; the reactor's own if None.
    :param getaddrinfo: asked instead of the system's.
    """

    def __init__(
        self,
        reactor: IReactorThreads,
        getThreadPool: Callable[[], ThreadPool] | None = None,
        getaddrinfo: _LikeGetAddrInfo | None = None,
    ) -> None:
        self._reactor = reactor
        self._getThreadPool: Callable[[], ThreadPool] = (
            reactor.getThreadPool if getThreadPool is None else getThreadPool
        )
        self._asked = getaddrinfo

    @property
    def _getaddrinfo(self) -> _LikeGetAddrInfo:
        from socket import getaddrinfo

        return self._asked or getaddrinfo

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """Tell the receiver about each address, then that there are no more.

        A name that is not known has no addresses; any other failure has none either, and is
        logged.
        """
        # Here, as further down: the reactor makes a resolver, which often is never asked.
        import socket

        from pcstream.internet.address import IPv4Address, IPv6Address
        from pcstream.internet.threads import deferToThreadPool

        address_of: dict[int, Callable[..., IAddress]]
        address_of = {socket.AF_INET: IPv4Address, socket.AF_INET6: IPv6Address}
        families: dict[frozenset[Any], int] = {
            frozenset([IPv4Address]): socket.AF_INET,
            frozenset([IPv6Address]): socket.AF_INET6,
            frozenset([IPv4Address, IPv6Address]): socket.AF_UNSPEC,
        }
        family: int = socket.AF_UNSPEC
        if addressTypes is not None:
            family = families[frozenset(addressTypes)]
        type_of = {"TCP": socket.SOCK_STREAM, "UDP": socket.SOCK_DGRAM}
        semantics_of: dict[int, str] = {number: name for name, number in type_of.items()}
        socket_type = type_of[transportSemantics]

        def look_up() -> Sequence[tuple[int, int, int, str, tuple[Any, ...]]]:
            try:
                return self._getaddrinfo(hostName, portNumber, family, socket_type)
            except socket.gaierror:
                return []

        def deliver(results: Sequence[tuple[int, int, int, str, tuple[Any, ...]]]) -> None:
            for found_family, found_type, _, _, where in results:
                make = address_of.get(found_family)
                # A Python without IPv6 gives such addresses as raw bytes: of no use to anybody.
                if make is None or not isinstance(where[0], str):
                    continue
                kind = semantics_of.get(found_type, transportSemantics)
                resolutionReceiver.addressResolved(make(kind, *where))

        resolution = HostResolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        done = deferToThreadPool(self._reactor, self._getThreadPool(), look_up)
        done.addCallback(deliver)
        done.addErrback(log.err, f"while looking up {hostName!r}")
        done.addCallback(lambda _: resolutionReceiver.resolutionComplete())
        return resolution


@implementer(IHostnameResolver)
class SimpleResolverComplexifier:
    """An ``IResolverSimple`` behind the face of an ``IHostnameResolver``."""

    def __init__(self, simpleResolver: IResolverSimple) -> None:
        self._simpleResolver = simpleResolver

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """Pass on the one address found; a failure other than "no such name" is logged."""
        from pcstream.internet.address import IPv4Address

        try:
            name = hostName.encode("ascii").decode("ascii")
        except UnicodeEncodeError:
            name = _idnaBytes(hostName).decode("ascii")
        resolution = HostResolution(name)
        resolutionReceiver.resolutionBegan(resolution)

        def found(address: str) -> None:
            resolutionReceiver.addressResolved(IPv4Address("TCP", address, portNumber))

        def failed(reason: Failure) -> None:
            if not reason.check(DNSLookupError):
                log.err(reason, f"while looking up {name} with {self._simpleResolver}")

        looked_up = self._simpleResolver.getHostByName(name)
        looked_up.addCallback(found)
        looked_up.addErrback(failed)
        looked_up.addCallback(lambda _: resolutionReceiver.resolutionComplete())
        return resolution


@implementer(IResolutionReceiver)
class FirstOneWins:
    """Fires a Deferred with the first address's host, or with DNSLookupError."""

    def __init__(self, deferred: Deferred[str]) -> None:
        self._deferred = deferred
        self._resolved = False

    def resolutionBegan(self, resolution: IHostResolution) -> None:
        """Remember what is being looked up."""
        self._resolution = resolution

    def addressResolved(self, address: IAddress) -> None:
        """Take the first address, ignore the others."""
        if not self._resolved:
            self._resolved = True
            self._deferred.callback(address.host)  # type: ignore[attr-defined]

    def resolutionComplete(self) -> None:
        """Fail if there was no address."""
        if not self._resolved:
            self._deferred.errback(DNSLookupError(self._resolution.name))


@implementer(IResolverSimple)
class ComplexResolverSimplifier:
    """An ``IHostnameResolver`` behind the face of an ``IResolverSimple``."""

    def __init__(self, nameResolver: IHostnameResolver) -> None:
        self._nameResolver = nameResolver

    def getHostByName(self, name: str, timeouts: Sequence[int] = ()) -> Deferred[str]:
        """A Deferred of the first IPv4 address; the time-outs are the resolver's affair."""
        from pcstream.internet.address import IPv4Address

        result: Deferred[str] = Deferred()
        self._nameResolver.resolveHostName(FirstOneWins(result), name, 0, [IPv4Address])
        return result
