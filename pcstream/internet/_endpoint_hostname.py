"""An endpoint for a host by its name, which tries its addresses until one answers.

Addresses are tried in the order of the resolver, each a while after the one before and without
waiting for that one to fail (RFC 8305, "happy eyeballs").  The first connection wins.
"""

from __future__ import annotations

import socket
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from unicodedata import normalize

from zope.interface import implementer

from ..python import log
from ..python.failure import Failure
from ..python.reflect import fullyQualifiedName
from . import threads
from ._endpoint_sockets import TIMEOUT_S, TCP4ClientEndpoint, TCP6ClientEndpoint
from ._idna import _idnaBytes, _idnaText
from ._resolver import HostResolution
from .abstract import isIPAddress, isIPv6Address
from .address import HostnameAddress, IPv4Address, IPv6Address
from .defer import Deferred, fail
from .error import ConnectingCancelledError, DNSLookupError
from .interfaces import (
    Binding,
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IProtocol,
    IProtocolFactory,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
    IStreamClientEndpoint,
    _Binding,
)


def _text(host: bytes | str) -> str:
    return host.decode("ascii") if isinstance(host, bytes) else host


@implementer(IHostnameResolver)
class _SimpleHostnameResolver:
    """Makes a resolver of a function that returns a Deferred of what ``getaddrinfo`` would."""

    def __init__(self, nameResolution: Callable[[str, int], Deferred[Any]]) -> None:
        self._nameResolution = nameResolution

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """Look up *hostName*; a failure is logged, and there are no addresses then."""
        resolution = HostResolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        looking_up = self._nameResolution(hostName, portNumber)

        def tell(found: Iterable[Any]) -> None:
            for family, _, _, _, address in found:
                if family in (socket.AF_INET, socket.AF_INET6):
                    kind = IPv6Address if family == socket.AF_INET6 else IPv4Address
                    resolutionReceiver.addressResolved(kind("TCP", *address))

        def failed(reason: Failure) -> None:
            log.err(
                reason,
                f"while looking up {hostName} with {self._nameResolution}",
                name=hostName,
                callable=self._nameResolution,
            )

        looking_up.addCallback(tell).addErrback(failed)
        looking_up.addBoth(lambda _: resolutionReceiver.resolutionComplete())
        return resolution


class _Attempts:
    """The attempts to reach one host.

    :ivar result: fires with the first protocol that is connected, or with why the last attempt
        failed.
    """

    def __init__(self, clock: Any, delay: float, cancelled: Callable[[], Exception]) -> None:
        """
        :param delay: seconds between the beginnings of two attempts.
        :param cancelled: makes the exception for a cancelled *result*.
        """
        self.result: Deferred[Any] = Deferred(self._cancel)
        self._clock = clock
        self._delay = delay
        self._cancelled = cancelled
        self._waiting: list[Any] = []
        self._factory: Any = None
        self._under_way: list[Deferred[Any]] = []
        self._timer: Any = None
        self._is_over = False

    def start(self, endpoints: Iterable[Any], factory: Any) -> None:
        """Connect to the first of *endpoints*, and to the others when it is their turn."""
        self._waiting = list(endpoints)
        self._factory = factory
        self._try_next()

    def _try_next(self) -> None:
        self._timer = None
        attempt = self._waiting.pop(0).connect(self._factory)
        self._under_way.append(attempt)
        attempt.addCallbacks(
            self._connected, self._failed, callbackArgs=(attempt,), errbackArgs=(attempt,)
        )
        if self._waiting:
            # The next one keeps its time even if this one has failed already: a host that refuses
            # is not to be knocked at without a pause.
            self._timer = self._clock.callLater(self._delay, self._try_next)

    def _connected(self, protocol: Any, attempt: Deferred[Any]) -> None:
        self._under_way.remove(attempt)
        if not self._is_over:
            self._give_up_the_rest()
            self.result.callback(protocol)

    def _failed(self, reason: Failure, attempt: Deferred[Any]) -> None:
        self._under_way.remove(attempt)
        if not (self._under_way or self._waiting or self._is_over):
            self._is_over = True
            self.result.errback(reason)

    def _give_up_the_rest(self) -> None:
        self._is_over = True
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for attempt in list(self._under_way):
            # What comes of it comes to _failed, and nobody waits for it any more.
            attempt.cancel()

    def _cancel(self, result: Deferred[Any]) -> None:
        self._give_up_the_rest()
        result.errback(self._cancelled())


@implementer(IResolutionReceiver)
class _AddressCollector:
    """Hears of a host's addresses, and passes them all on in the end."""

    def __init__(self, complete: Callable[[list[Any]], object]) -> None:
        self._addresses: list[Any] = []
        self._complete = complete

    def resolutionBegan(self, resolutionInProgress: Any) -> None:
        """Do nothing."""

    def addressResolved(self, address: Any) -> None:
        """Keep *address*."""
        self._addresses.append(address)

    def resolutionComplete(self) -> None:
        """Pass on what there is."""
        self._complete(self._addresses)


@implementer(IStreamClientEndpoint)
class HostnameEndpoint:
    """A place to connect to: a TCP port of a host by its name, whatever addresses it has."""

    _getaddrinfo: Any = staticmethod(socket.getaddrinfo)
    _deferToThread: Any = staticmethod(threads.deferToThread)

    # RFC 8305, section 8, recommends 250 ms and allows up to 2 s; this is Twisted's.
    _DEFAULT_ATTEMPT_DELAY = 0.3

    def __init__(
        self,
        reactor: Any,
        host: str | bytes,
        port: int,
        timeout: float = TIMEOUT_S,
        bindAddress: Binding | bytes | str | tuple[bytes | str, int] | None = None,
        attemptDelay: float | None = None,
    ) -> None:
        """
        :param host: a name or an address; text beyond ASCII is encoded by IDNA.  With a name that
            cannot be one, :meth:`connect` fails.
        :param timeout: seconds until each attempt has failed.
        :param bindAddress: from where to connect: an address, a pair of it and a port, or what
            ``makeBinding`` returns.
        :param attemptDelay: seconds between the beginnings of two attempts; None for 0.3.
        """
        self._reactor = reactor
        self._getNameResolverAndMaybeWarn(reactor)
        self._badHostname, self._hostBytes, self._hostText = self._hostAsBytesAndText(host)
        self._port = port
        self._timeout = timeout
        if bindAddress is not None and not isinstance(bindAddress, _Binding):
            if isinstance(bindAddress, (bytes, str)):
                bindAddress = (bindAddress, 0)
            bindAddress = (_text(bindAddress[0]), bindAddress[1])
        self._bindAddress = bindAddress
        self._attemptDelay = self._DEFAULT_ATTEMPT_DELAY if attemptDelay is None else attemptDelay

    def __repr__(self) -> str:
        """The host, as it is looked up, and the port."""
        host = self._hostBytes.decode("ascii")
        if isIPv6Address(host):
            host = f"[{host}]"
        return f"<HostnameEndpoint {host}:{self._port}>"

    def _getNameResolverAndMaybeWarn(self, reactor: object) -> IHostnameResolver:
        """The reactor's resolver; a reactor without one gets ``getaddrinfo``, and a warning."""
        if IReactorPluggableNameResolver.providedBy(reactor):
            resolver: IHostnameResolver = reactor.nameResolver
            return resolver
        warnings.warn(
            "Passing HostnameEndpoint a reactor that does not provide "
            f"IReactorPluggableNameResolver ({fullyQualifiedName(reactor.__class__)}) was "
            "deprecated in Twisted 17.5.0; please use a reactor that provides "
            "IReactorPluggableNameResolver instead",
            DeprecationWarning,
            stacklevel=3,
        )
        return _SimpleHostnameResolver(self._fallbackNameResolution)

    @staticmethod
    def _hostAsBytesAndText(host: bytes | str) -> tuple[bool, bytes, str]:
        """Whether *host* is no name at all, its ASCII form, and its readable form.

        One that is no name is shown with its strange characters escaped, in both forms.
        """
        if not isinstance(host, bytes):
            host = normalize("NFC", host)
            if isIPAddress(host) or isIPv6Address(host):
                return False, host.encode("ascii"), host
            try:
                return False, _idnaBytes(host), host
            except UnicodeError:
                escaped = host.encode("ascii", "backslashreplace")
        else:
            text = host.decode("ascii", "backslashreplace")
            if isIPAddress(text) or isIPv6Address(text):
                return False, host, text
            try:
                return False, host, _idnaText(host)
            except UnicodeError:
                escaped = text.encode("ascii")
        return True, escaped, escaped.decode("ascii")

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Look the name up and connect to the first address that answers.

        :returns: a Deferred of the connected protocol; cancelling it ends all attempts.  It fails
            with ``ValueError`` for what is no name, with ``DNSLookupError`` for a name without
            addresses, and else with the failure of the attempt that was the last to fail.
        """
        if self._badHostname:
            return fail(ValueError(f"invalid hostname: {self._hostText}"))
        attempts = _Attempts(
            self._reactor,
            self._attemptDelay,
            lambda: ConnectingCancelledError(HostnameAddress(self._hostBytes, self._port)),
        )

        def resolved(addresses: list[Any]) -> None:
            if attempts.result.called:
                return  # cancelled meanwhile
            endpoints = [self._endpoint_to(address) for address in addresses]
            known = [endpoint for endpoint in endpoints if endpoint is not None]
            if known:
                attempts.start(known, protocolFactory)
            else:
                attempts.result.errback(
                    DNSLookupError(f"no results for hostname lookup: {self._hostText}")
                )

        resolver: Any = self._getNameResolverAndMaybeWarn(self._reactor)
        try:
            resolver.resolveHostName(
                _AddressCollector(resolved), self._hostText, portNumber=self._port
            )
        except BaseException:
            return fail()
        return attempts.result

    def _endpoint_to(self, address: Any) -> Any:
        """The endpoint of one address; None for a kind that nobody has heard of."""
        kind: Any
        if isinstance(address, IPv6Address):
            kind = TCP6ClientEndpoint
        elif isinstance(address, IPv4Address):
            kind = TCP4ClientEndpoint
        else:
            return None
        return kind(self._reactor, address.host, address.port, self._timeout, self._bindAddress)

    def _fallbackNameResolution(self, host: str, port: int) -> Deferred[Any]:
        """A Deferred of what ``getaddrinfo`` says, called in a thread."""
        result: Deferred[Any] = self._deferToThread(
            self._getaddrinfo, host, port, 0, socket.SOCK_STREAM
        )
        return result
