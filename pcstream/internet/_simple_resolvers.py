"""The two resolvers that ask ``gethostbyname``, and the reactor's slot for either kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zope.interface import implementer

from pcstream.internet import defer, error
from pcstream.internet._resolver import ComplexResolverSimplifier, SimpleResolverComplexifier
from pcstream.internet.interfaces import (
    IDelayedCall,
    IHostnameResolver,
    IReactorPluggableNameResolver,
    IReactorPluggableResolver,
    IResolverSimple,
)
from pcstream.python.failure import Failure

if TYPE_CHECKING:
    from pcstream.internet.base import ReactorBase

__all__ = ["BlockingResolver", "PluggableResolverMixin", "ThreadedResolver"]

#: Seconds granted to a look-up for which no time-outs were given.
PATIENCE_S = 60


@implementer(IResolverSimple)
class ThreadedResolver:
    """Calls ``gethostbyname`` in a thread of the reactor's pool.

    The call itself cannot be stopped: after a time-out it goes on, and nobody hears of it.
    """

    def __init__(self, reactor: ReactorBase) -> None:
        self.reactor = reactor
        self._runningQueries: dict[
            defer.Deferred[str], tuple[defer.Deferred[str], IDelayedCall]
        ] = {}

    def getHostByName(
        self, name: str, timeout: Sequence[int] = (1, 3, 11, 45)
    ) -> defer.Deferred[str]:
        """A Deferred of an IPv4 address.

        :param timeout: seconds; their sum is how long to wait altogether.
        """
        from socket import gethostbyname

        from pcstream.internet.threads import deferToThreadPool  # seldom used

        looking: defer.Deferred[str] = deferToThreadPool(
            self.reactor, self.reactor.getThreadPool(), gethostbyname, name
        )
        answer: defer.Deferred[str] = defer.Deferred()
        limit = self.reactor.callLater(
            sum(timeout) if timeout else PATIENCE_S, self._cleanup, name, looking
        )
        self._runningQueries[looking] = (answer, limit)
        looking.addBoth(self._checkTimeout, name, looking)
        return answer

    def _fail(self, name: str, err: str) -> Failure:
        return Failure(error.DNSLookupError(f"address {name!r} not found: {err}"))

    def _cleanup(self, name: str, lookupDeferred: defer.Deferred[str]) -> None:
        answer, _ = self._runningQueries.pop(lookupDeferred)
        answer.errback(self._fail(name, "timeout error"))

    def _checkTimeout(
        self, result: str | Failure, name: str, lookupDeferred: defer.Deferred[str]
    ) -> None:
        waiting = self._runningQueries.pop(lookupDeferred, None)
        if waiting is None:
            return  # too late: the time-out has answered
        answer, limit = waiting
        limit.cancel()
        if isinstance(result, Failure):
            answer.errback(self._fail(name, result.getErrorMessage()))
        else:
            answer.callback(result)


@implementer(IResolverSimple)
class BlockingResolver:
    """Calls ``gethostbyname`` and lets everybody wait."""

    def getHostByName(
        self, name: str, timeout: Sequence[int] = (1, 3, 11, 45)
    ) -> defer.Deferred[str]:
        """A Deferred that has fired already."""
        import socket

        try:
            address = socket.gethostbyname(name)
        except OSError:
            return defer.fail(Failure(error.DNSLookupError(f"address {name!r} not found")))
        return defer.succeed(address)


@implementer(IReactorPluggableNameResolver, IReactorPluggableResolver)
class PluggableResolverMixin:
    """Holds the resolver of either kind that was installed last, and a bridge for the other."""

    resolver: IResolverSimple = BlockingResolver()
    _nameResolver: IHostnameResolver = SimpleResolverComplexifier(resolver)

    def installResolver(self, resolver: IResolverSimple) -> IResolverSimple:
        """Use ``resolver`` from now on, and return the one before."""
        assert IResolverSimple.providedBy(resolver)
        previous = self.resolver
        self.resolver = resolver
        self._nameResolver = SimpleResolverComplexifier(resolver)
        return previous

    def installNameResolver(self, resolver: IHostnameResolver) -> IHostnameResolver:
        """Use ``resolver`` from now on, and return the one before."""
        previous = self._nameResolver
        self._nameResolver = resolver
        self.resolver = ComplexResolverSimplifier(resolver)
        return previous

    @property
    def nameResolver(self) -> IHostnameResolver:
        """The resolver that finds every kind of address."""
        return self._nameResolver
