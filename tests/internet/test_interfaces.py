"""The interfaces: complete, documented, and Twisted's to the letter where Twisted is installed."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from zope.interface import Interface, implementer
from zope.interface.interface import InterfaceClass, Method
from zope.interface.verify import verifyObject

from pcstream.internet import interfaces
from pcstream.internet.interfaces import (
    IConsumer,
    IProducer,
    IPullProducer,
    IPushProducer,
    _Binding,
)


def interfaces_of(module: Any) -> dict[str, Any]:
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, InterfaceClass) and value is not Interface
    }


OURS = interfaces_of(interfaces)
EVERY = pytest.mark.parametrize("name", sorted(OURS))


@EVERY
def test_interface_and_each_of_its_names_say_what_they_are(name: str) -> None:
    iface = OURS[name]
    assert inspect.getdoc(iface), name
    for member in iface.names():
        doc = iface[member].__doc__
        assert doc is not None, f"{name}.{member}"
        assert doc.strip(), f"{name}.{member}"


@EVERY
def test_parameters_that_are_described_exist(name: str) -> None:
    for member in OURS[name].names():
        method = OURS[name][member]
        if not isinstance(method, Method):
            continue
        info = method.getSignatureInfo()
        known = {*info["positional"], info["varargs"], info["kwargs"]}
        for line in (method.__doc__ or "").splitlines():
            if line.strip().startswith(":param "):
                described = line.strip()[len(":param ") :].split(":")[0]
                assert described in known, f"{name}.{member}: {described}"


@EVERY
def test_interface_is_twisteds_in_names_bases_and_signatures(name: str) -> None:
    twisted = interfaces_of(pytest.importorskip("twisted.internet.interfaces"))
    ours, theirs = OURS[name], twisted[name]
    assert [base.__name__ for base in ours.__bases__] == [b.__name__ for b in theirs.__bases__]
    assert set(ours.names()) == set(theirs.names())
    for member in theirs.names():
        assert type(ours[member]) is type(theirs[member]), member
        if isinstance(theirs[member], Method):
            assert ours[member].getSignatureInfo() == theirs[member].getSignatureInfo(), member


def test_no_interface_of_twisteds_is_missing() -> None:
    twisted = interfaces_of(pytest.importorskip("twisted.internet.interfaces"))
    assert set(OURS) == set(twisted)


def test_both_kinds_of_producer_are_producers_and_neither_is_the_other() -> None:
    assert IPushProducer.extends(IProducer)
    assert IPullProducer.extends(IProducer)
    assert not IPushProducer.extends(IPullProducer)
    assert not IPullProducer.extends(IPushProducer)


def test_L6_a_pull_producer_needs_no_pause() -> None:
    @implementer(IPullProducer)
    class Pull:
        def resumeProducing(self) -> None: ...
        def stopProducing(self) -> None: ...

    assert verifyObject(IPullProducer, Pull())
    assert "pauseProducing" not in IPullProducer


def test_C25_the_parameters_of_registration_are_producer_and_streaming() -> None:
    assert IConsumer["registerProducer"].getSignatureString() == "(producer, streaming)"


def test_binding_compares_by_what_it_binds_to() -> None:
    one = _Binding("127.0.0.1", 80, reusePort=True)
    assert one == _Binding("127.0.0.1", 80, False, True)
    assert hash(one) == hash(_Binding("127.0.0.1", 80, False, True))
    assert one != _Binding("127.0.0.1", 80)
    assert one != ("127.0.0.1", 80)
    assert repr(one) == (
        "_Binding(_address='127.0.0.1', _port=80, _reuseAddress=False, _reusePort=True)"
    )
