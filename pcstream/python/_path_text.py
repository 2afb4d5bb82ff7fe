"""Paths are text or bytes: turning one into the other, and names nobody will guess."""

from __future__ import annotations

import os
import sys
from base64 import urlsafe_b64encode
from typing import AnyStr

#: Random bytes in a temporary name: 96 bits, sixteen characters of base64 without padding.
RANDOM_BYTES = 12


def _asFilesystemBytes(path: bytes | str, encoding: str | None = "") -> bytes:
    """*path* as bytes; *encoding* defaults to the file system's."""
    if isinstance(path, bytes):
        return path
    return path.encode(encoding) if encoding else os.fsencode(path)


def _asFilesystemText(path: bytes | str, encoding: str | None = None) -> str:
    """*path* as text; *encoding* defaults to the file system's."""
    if isinstance(path, str):
        return path
    return path.decode(encoding) if encoding else os.fsdecode(path)


def _coerceToFilesystemEncoding(
    path: AnyStr, newpath: bytes | str, encoding: str | None = None
) -> AnyStr:
    """*newpath* as whichever of text and bytes *path* is."""
    if isinstance(path, bytes):
        return _asFilesystemBytes(newpath, encoding or sys.getfilesystemencoding())
    return _asFilesystemText(newpath, encoding)


def _secureEnoughString(path: AnyStr) -> AnyStr:
    """A random file name, text or bytes as *path* is."""
    name = urlsafe_b64encode(os.urandom(RANDOM_BYTES))
    return _coerceToFilesystemEncoding(path, name)
