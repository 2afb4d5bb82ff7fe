"""Which descriptors are copied and closed, in which order, to make the parent's the child's."""

from __future__ import annotations


def _getFileActions(
    fdState: list[tuple[int, bool]],
    childToParentFD: dict[int, int],
    doClose: int,
    doDup2: int,
) -> list[tuple[int, ...]]:
    """The steps that turn the parent's descriptors into the child's.

    Each step is ``(doClose, fd)`` or ``(doDup2, old, new)``, as ``posix_spawn`` takes them.

    :param fdState: each open descriptor and whether exec closes it.
    :param childToParentFD: for each descriptor that the child gets, the parent's that it copies.
    """
    closes_on_exec = dict(fdState)
    source_of = dict(childToParentFD)
    actions: list[tuple[int, ...]] = []

    def unused() -> int:
        fd = 0
        while fd in closes_on_exec or fd in childToParentFD:
            fd += 1
        return fd

    def copy(old: int, new: int) -> None:
        actions.append((doDup2, old, new))
        closes_on_exec[new] = False  # a copy never closes on exec (dup(2))

    def close(fd: int) -> None:
        actions.append((doClose, fd))
        del closes_on_exec[fd]

    for child in sorted(childToParentFD):
        source = source_of.pop(child)
        if source == child:
            if closes_on_exec.get(child, False):
                # Only a copy loses the flag, and a copy onto itself is none.
                spare = unused()
                copy(child, spare)
                copy(spare, child)
                close(spare)
            continue
        if child in source_of.values():
            # What is here now is still wanted elsewhere.
            spare = unused()
            copy(child, spare)
            source_of = {c: spare if s == child else s for c, s in source_of.items()}
        copy(source, child)
        if source not in childToParentFD and source not in source_of.values():
            if closes_on_exec.get(source) is False:
                close(source)
    for fd, closes in list(closes_on_exec.items()):
        if not closes and fd not in childToParentFD:
            close(fd)
    return actions
