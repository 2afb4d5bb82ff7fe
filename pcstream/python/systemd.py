"""Sockets that systemd has opened for this process, or any other supervisor that does as it does.

The protocol is that of sd_listen_fds(3): descriptors from 3 on, how many in ``LISTEN_FDS``, their
names in ``LISTEN_FDNAMES``, and for which process in ``LISTEN_PID``.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass

from . import log

__all__ = ["ListenFDs"]

# What sd_listen_fds_with_names(3) calls descriptors that nobody has named.
_NAMELESS = "unknown"


@dataclass(init=False)
class ListenFDs:
    """The descriptors that were passed to this process, and their names."""

    __slots__ = ("_descriptors", "_names")

    _descriptors: Sequence[int]
    _names: Sequence[str]

    #: SD_LISTEN_FDS_START
    _START = 3

    def __init__(self, descriptors: Sequence[int], names: Sequence[str] = ()) -> None:
        self._descriptors = descriptors
        self._names = names

    @classmethod
    def fromEnvironment(
        cls, environ: MutableMapping[str, str] | None = None, start: int | None = None
    ) -> ListenFDs:
        """Read what was passed, and take it out of the environment.

        :param environ: None for ``os.environ``.
        :param start: the first descriptor; None for 3.
        :returns: without descriptors if there are none for this process.
        """
        if environ is None:
            environ = os.environ
        if start is None:
            start = cls._START
        try:
            pid = int(environ["LISTEN_PID"])
            count = int(environ["LISTEN_FDS"])
        except (KeyError, ValueError):
            return cls([], ())
        if pid != os.getpid():
            return cls([], ())
        # Gone, so that neither a child nor a second call takes them again.
        del environ["LISTEN_PID"], environ["LISTEN_FDS"]
        names_text = environ.get("LISTEN_FDNAMES")
        if names_text is None:
            names = (_NAMELESS,) * count
        else:
            names = tuple(names_text.split(":")) if names_text or count == 1 else ()
        if len(names) != count:
            log.msg(
                f"LISTEN_FDNAMES has {len(names)} names for {count} descriptors; they are not used"
            )
            return cls([], ())
        return cls(list(range(start, start + count)), names)

    def inheritedDescriptors(self) -> list[int]:
        """The descriptors, in the order in which they were passed."""
        return list(self._descriptors)

    def inheritedNamedDescriptors(self) -> dict[str, int]:
        """The descriptors by name; of those that share one, the last."""
        return dict(zip(self._names, self._descriptors, strict=False))
