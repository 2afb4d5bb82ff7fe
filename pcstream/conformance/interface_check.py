"""The first step of every run: has the object the methods of the interfaces that it declares?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zope.interface import providedBy
from zope.interface.exceptions import Invalid
from zope.interface.verify import verifyObject

from ..internet import interfaces
from .report import INTERFACE, Fault


def declared_interfaces(obj: Any, name: str) -> list[Any]:
    """The interfaces called *name* that *obj* provides, whichever package they are from."""
    return [each for each in providedBy(obj).flattened() if each.__name__ == name]


def interface_faults(make: Callable[[], Any], name: str) -> list[Fault]:
    """What ``verifyObject`` has to say about an object, as faults.

    An object need not declare anything; then only its methods are looked at.

    :param make: makes the object.
    :param name: the interface that it is to provide, by its name in ``internet.interfaces``.
    """
    try:
        obj = make()
    except Exception as raised:
        return [Fault(INTERFACE, f"could not be made: {raised!r}", ("make()",))]
    declared = declared_interfaces(obj, name)
    faults = []
    for interface in declared or [getattr(interfaces, name)]:
        try:
            verifyObject(interface, obj, tentative=not declared)
        except Invalid as invalid:  # one, or several in one
            each = getattr(invalid, "exceptions", [invalid])
            faults += [_fault(interface, one) for one in each]
    if not faults:
        return []
    return [Fault(INTERFACE, "; ".join(fault.seen for fault in faults), ("verifyObject",))]


def _fault(interface: Any, invalid: Exception) -> Fault:
    text = " ".join(str(invalid).split())
    return Fault(INTERFACE, f"{interface.__module__}.{interface.__name__}: {text}")
