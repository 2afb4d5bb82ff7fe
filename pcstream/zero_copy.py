"""Bytes that go from descriptor to descriptor without passing through Python.

Two things are done by the kernel alone where nobody would see a difference: a file's content on
its way to a socket (``sendfile``), and what a proxy forwards unread (``splice``).  Whoever could
see a difference gets plain bytes: a transform, a wrapper that looks, TLS, a subclass that overrides
``write`` or ``dataReceived``.
"""

from __future__ import annotations

import os

from zope.interface import Interface

__all__ = ["IFileConsumer", "enabled"]

#: Whether it is done at all; looked at when a transfer or a relay begins. Set it to False, or the
#: environment variable ``PCSTREAM_ZERO_COPY`` to 0, to have every byte pass through Python.
enabled: bool = os.environ.get("PCSTREAM_ZERO_COPY", "1") != "0"


class IFileConsumer(Interface):
    """A consumer that can take a stretch of a file instead of its bytes.

    The method has to be one of the class's own: it is not looked for by ``getattr`` on the
    instance, so that a wrapper which passes on unknown attributes does not offer by accident what
    would go past its own ``write``.
    """

    def write_file(file, offset, count, failed):  # type: ignore[no-untyped-def]
        """Queue a stretch of an open file behind everything written before.

        The consumer is a pull producer's: it asks for more when the stretch has been sent.

        :param file: a :class:`pcstream._engine.sendfile.OpenFile`, kept for as long as needed.
        :param offset: where the stretch begins.
        :param count: how many bytes it has; fewer are sent if the file is shorter by then.
        :param failed: called with the ``OSError`` if the file cannot be read; never from inside
            this call.
        :returns: the stretch, of which ``offset`` and ``remaining_bytes`` are looked at; or None
            if it cannot be taken, in which case nothing has happened.
        """

    def withdraw_file(stretch):  # type: ignore[no-untyped-def]
        """Take back what has not been sent of a stretch.

        :param stretch: what :meth:`write_file` returned.
        """
