"""Giving up this process's user for another one."""

from __future__ import annotations

import os
import pwd


def switchUID(uid: int, gid: int) -> None:
    """Become *uid* and *gid*, with the groups that *uid* is a member of, for good.

    :raises OSError: this process may not do that.
    """
    if uid == os.getuid() and gid == os.getgid():
        return
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        os.setgroups([gid])  # a number that nobody has a name for belongs to no group either
    else:
        os.initgroups(user, gid)
    # The group first: without the old user, the right to change it is gone (setgid(2)).
    os.setgid(gid)
    os.setuid(uid)
