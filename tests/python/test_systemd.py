"""Descriptors that systemd passes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from pcstream.python import log
from pcstream.python.systemd import ListenFDs


def environment(**changes: str | None) -> dict[str, str]:
    """What systemd would set for two sockets, with changes; None for not set."""
    values = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "2", "LISTEN_FDNAMES": "web:admin"}
    return {name: value for name, value in {**values, **changes}.items() if value is not None}


@pytest.fixture
def logged() -> Iterator[list[str]]:
    said: list[str] = []

    def observer(event: Any) -> None:
        said.append(log.textFromEventDict(event) or "")

    log.addObserver(observer)
    yield said
    log.removeObserver(observer)


def test_descriptors_and_names() -> None:
    passed = ListenFDs.fromEnvironment(environment())
    assert passed.inheritedDescriptors() == [3, 4]
    assert passed.inheritedNamedDescriptors() == {"web": 3, "admin": 4}
    assert passed == ListenFDs([3, 4], ("web", "admin"))
    assert ListenFDs.fromEnvironment(environment(), 7).inheritedDescriptors() == [7, 8]


def test_they_are_taken_once() -> None:
    environ = environment()
    assert ListenFDs.fromEnvironment(environ).inheritedDescriptors()
    assert set(environ) == {"LISTEN_FDNAMES"}
    assert not ListenFDs.fromEnvironment(environ).inheritedDescriptors()


@pytest.mark.parametrize(
    "changes",
    [
        {"LISTEN_PID": None},
        {"LISTEN_PID": "1"},
        {"LISTEN_PID": "me"},
        {"LISTEN_FDS": None},
        {"LISTEN_FDS": "some"},
    ],
)
def test_not_for_this_process(changes: dict[str, Any]) -> None:
    environ = environment(**changes)
    assert ListenFDs.fromEnvironment(environ) == ListenFDs([], ())
    assert environ == environment(**changes)


def test_an_older_systemd_gives_no_names() -> None:
    passed = ListenFDs.fromEnvironment(environment(LISTEN_FDNAMES=None))
    assert passed.inheritedDescriptors() == [3, 4]
    assert passed.inheritedNamedDescriptors() == {"unknown": 4}


@pytest.mark.parametrize("names", ["web", "a:b:c", ""])
def test_as_many_names_as_descriptors(names: str, logged: list[str]) -> None:
    environ = environment(LISTEN_FDNAMES=names)
    assert not ListenFDs.fromEnvironment(environ).inheritedDescriptors()
    assert "LISTEN_FDNAMES" in logged[0]


def test_the_list_is_a_copy() -> None:
    passed = ListenFDs([3], ("web",))
    passed.inheritedDescriptors().append(9)
    assert passed.inheritedDescriptors() == [3]


def test_the_environment_is_the_process_s(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    assert ListenFDs.fromEnvironment().inheritedDescriptors() == [3, 4]
    assert "LISTEN_PID" not in os.environ
