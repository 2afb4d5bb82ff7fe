"""From whatever somebody calls a context factory to something that makes TLS connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias
from warnings import warn

from OpenSSL.SSL import Connection, Context

from ..internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IOpenSSLContextFactory,
    IOpenSSLServerConnectionCreator,
)

#: Whatever the users of TLS may call a context factory.
SomeConnectionCreator: TypeAlias = (
    IOpenSSLContextFactory | IOpenSSLClientConnectionCreator | IOpenSSLServerConnectionCreator
)

#: Makes the OpenSSL connection for one TLS protocol.
ConnectionMaker = Callable[[Any], Any]


class LegacyContextFactoryWarning(Warning):
    """A context factory declares none of the interfaces that say what it is."""


def connection_maker(contextFactory: Any, *, is_client: bool) -> ConnectionMaker:
    """Find out how to get connections from *contextFactory*.

    A plain context factory is asked for its context now, so that a broken one shows at once.

    :param contextFactory: a creator of connections for the side in question, or an object with
        ``getContext``.
    :raises TypeError: it is neither.
    """
    side = "Client" if is_client else "Server"
    creator = IOpenSSLClientConnectionCreator if is_client else IOpenSSLServerConnectionCreator
    if creator.providedBy(contextFactory):
        name = "clientConnectionForTLS" if is_client else "serverConnectionForTLS"
        make: ConnectionMaker = getattr(contextFactory, name)
        return make
    if not IOpenSSLContextFactory.providedBy(contextFactory):
        warn(
            f"{contextFactory!r} does not explicitly provide any OpenSSL connection-creator "
            f"{side} interface; neither {creator.__name__}, nor IOpenSSLContextFactory.",
            category=LegacyContextFactoryWarning,
            stacklevel=3,
        )
    getContext = getattr(contextFactory, "getContext", None)
    if getContext is None:
        raise TypeError(f"{contextFactory!r} does not even have a `getContext` method")
    context = getContext()
    if not isinstance(context, Context):
        raise TypeError(f"{contextFactory!r}'s `getContext` method doesn't return a `Context`")
    return lambda protocol: Connection(context, None)
