"""As what something can be judged, by name: for the command, the pytest plugin and test cases."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from .report import Report, in_order

__all__ = ["ROLES", "check_for", "numbers_for"]

#: For each role the module with the function that judges it, and that function's name.
ROLES = {
    "push": ("producers", "check_push_producer"),
    "pull": ("producers", "check_pull_producer"),
    "consumer": ("consumers", "check_consumer"),
    "adapter": ("adapters", "check_adapter"),
    "file-sender": ("file_senders", "check_file_sender"),
    "proxy": ("proxies", "check_proxy"),
    "relay": ("relays", "check_relay"),
}


def check_for(role: str) -> Callable[..., Report]:
    """The function that judges a subject as *role*.

    :raises KeyError: there is no such role.
    """
    module, name = ROLES[role]
    check: Callable[..., Report] = getattr(
        importlib.import_module(f"pcstream.conformance.{module}"), name
    )
    return check


def numbers_for(role: str) -> list[str]:
    """The numbers of the rules that are judged for *role*, in order."""
    lists: dict[str, Any] = {
        "push": (("producers", "PUSH_CHECKS"),),
        "pull": (("producers", "PULL_CHECKS"),),
        "consumer": (
            ("consumers", "CHECKS"),
            ("further", "CONSUMER_CHECKS"),
            ("reentrancy", "CHECKS"),
            ("transports", "CHECKS"),
            ("further", "TRANSPORT_CHECKS"),
        ),
    }
    checks = lists.get(role, ((ROLES[role][0], "CHECKS"),))
    return in_order(
        number
        for module, name in checks
        for number in getattr(
            importlib.import_module(f"pcstream.conformance.{module}"), name
        ).numbers
    )
