"""The Protocol twins against the interfaces that they repeat."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from zope.interface import implementer
from zope.interface.interface import Method
from zope.interface.verify import verifyObject

from pcstream import typing as twins
from pcstream.internet import interfaces


def own_methods(twin: Any) -> dict[str, Any]:
    return {
        name: value
        for name, value in vars(twin).items()
        if inspect.isfunction(value) and not name.startswith("_")
    }


def signature_info(function: Any) -> dict[str, Any]:
    """A function's parameters without ``self``, in the form in which zope tells a method's."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    names = {p.kind: p.name for p in parameters}
    return {
        "positional": tuple(p.name for p in positional),
        "required": tuple(p.name for p in positional if p.default is p.empty),
        "optional": {p.name: p.default for p in positional if p.default is not p.empty},
        "varargs": names.get(inspect.Parameter.VAR_POSITIONAL),
        "kwargs": names.get(inspect.Parameter.VAR_KEYWORD),
    }


@pytest.mark.parametrize("name", twins.__all__)
def test_a_twin_has_its_interfaces_methods_and_signatures(name: str) -> None:
    twin, iface = getattr(twins, name), getattr(interfaces, f"I{name}")
    inherited = {
        method: function
        for base in reversed(twin.__mro__)
        for method, function in own_methods(base).items()
    }
    assert set(inherited) == {n for n, m in iface.namesAndDescriptions(all=True)}
    for method, description in iface.namesAndDescriptions(all=True):
        assert isinstance(description, Method)
        assert signature_info(inherited[method]) == description.getSignatureInfo(), method


@pytest.mark.parametrize("name", twins.__all__)
def test_a_twin_is_derived_as_its_interface_is(name: str) -> None:
    twin, iface = getattr(twins, name), getattr(interfaces, f"I{name}")
    bases = {base.__name__ for base in twin.__bases__ if base.__module__ == twins.__name__}
    assert bases == {base.__name__[1:] for base in iface.__bases__} - {"nterface"}


@pytest.mark.parametrize("name", twins.__all__)
def test_a_twin_says_what_it_is(name: str) -> None:
    twin = getattr(twins, name)
    assert f"``I{name}``" in inspect.getdoc(twin)
    assert all(function.__doc__ for function in own_methods(twin).values())


def test_a_class_derived_from_a_twin_can_declare_the_interface_as_well() -> None:
    @implementer(interfaces.IPullProducer)
    class Pull(twins.PullProducer):
        def resumeProducing(self) -> None: ...
        def stopProducing(self) -> None: ...

    assert verifyObject(interfaces.IPullProducer, Pull())
