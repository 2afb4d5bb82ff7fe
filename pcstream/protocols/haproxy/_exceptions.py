"""What can be wrong with a header of the PROXY protocol."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator


class InvalidProxyHeader(Exception):
    """The connection does not begin with a header of the PROXY protocol, or with a broken one."""


class InvalidNetworkProtocol(InvalidProxyHeader):
    """The header tells of a protocol that is unknown."""


class MissingAddressData(InvalidProxyHeader):
    """The header ends before its addresses."""


@contextlib.contextmanager
def convertError(
    sourceType: type[BaseException], targetType: Callable[[], BaseException]
) -> Iterator[None]:
    """Raise one exception in place of another that comes out of the block.

    :param sourceType: the other; subclasses count.
    :param targetType: makes the one.
    """
    try:
        yield
    except sourceType as e:
        raise targetType().with_traceback(e.__traceback__)
