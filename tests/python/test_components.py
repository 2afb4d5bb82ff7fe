"""Adapters, componentized objects and proxies."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from zope.interface import Attribute, Interface, implementer
from zope.interface.adapter import AdapterRegistry
from zope.interface.verify import verifyObject

from pcstream.python import components


class ITaste(Interface):
    def taste() -> str: ...


class IColour(Interface):
    hue: str = Attribute("""A colour's name.""")

    def colour(loud: bool = False) -> str: ...


class IBright(IColour):
    def shine() -> int: ...


class Apple(components.Componentized):
    pass


class Pippin(Apple):
    pass


@implementer(ITaste, IColour)
class Sweet(components.Adapter):
    hue = "red"

    def taste(self) -> str:
        return "sweet"

    def colour(self, loud: bool = False) -> str:
        return self.hue.upper() if loud else self.hue


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A registry for the test alone."""
    fresh = AdapterRegistry()
    monkeypatch.setattr(components, "globalRegistry", fresh)
    hook = components._addHook(fresh)
    yield fresh
    components._removeHook(hook)


def test_an_interface_called_with_an_object_finds_the_adapter(registry: Any) -> None:
    class Plain:
        pass

    components.registerAdapter(Sweet, Plain, ITaste, IColour)
    plain = Plain()
    adapted = ITaste(plain)
    assert adapted.taste() == "sweet"
    assert adapted.original is plain
    assert components.getAdapterFactory(Plain, IColour, None) is Sweet
    assert components.getRegistry() is registry


def test_a_subclass_may_have_an_adapter_of_its_own() -> None:
    components.registerAdapter(Sweet, Apple, ITaste)
    assert components.getAdapterFactory(Pippin, ITaste, None) is Sweet
    sour = lambda original: None
    components.registerAdapter(sour, Pippin, ITaste)
    assert components.getAdapterFactory(Pippin, ITaste, None) is sour
    assert components.getAdapterFactory(Apple, ITaste, None) is Sweet


def test_what_is_not_registered_cannot_be_adapted() -> None:
    with pytest.raises(components.CannotAdapt):
        ITaste(object())
    assert ITaste(object(), None) is None
    assert components.getAdapterFactory(int, ITaste, "none") == "none"


def test_a_second_registration_is_refused_and_changes_nothing() -> None:
    components.registerAdapter(Sweet, Apple, ITaste)
    with pytest.raises(ValueError, match="was already registered"):
        components.registerAdapter(int, Apple, IColour, ITaste)
    assert components.getAdapterFactory(Apple, ITaste, None) is Sweet
    assert components.getAdapterFactory(Apple, IColour, None) is None


def test_duplicates_replace_where_they_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    components.registerAdapter(Sweet, Apple, ITaste)
    monkeypatch.setattr(components, "ALLOW_DUPLICATES", True)
    components.registerAdapter(int, Apple, ITaste)
    assert components.getAdapterFactory(Apple, ITaste, None) is int


def test_a_registration_needs_an_interface() -> None:
    with pytest.raises(AssertionError, match="You need to pass an Interface"):
        components.registerAdapter(Sweet, Apple)


def test_a_componentized_keeps_its_adapters() -> None:
    components.registerAdapter(Sweet, Apple, ITaste)
    components.registerAdapter(Sweet, Apple, IColour)
    apple = Apple()
    adapter = apple.getComponent(ITaste)
    assert ITaste(apple) is adapter
    # One adapter serves all the interfaces that it is registered for, and leads back.
    assert apple.getComponent(IColour) is adapter
    assert IColour(adapter) is adapter
    assert apple.removeComponent(adapter) == [ITaste, IColour]
    assert apple.getComponent(ITaste) is not adapter


def test_a_temporary_adapter_is_made_anew_each_time() -> None:
    class Fleeting(Sweet):
        temporaryAdapter = True

    components.registerAdapter(Fleeting, Apple, ITaste)
    apple = Apple()
    assert apple.getComponent(ITaste) is not apple.getComponent(ITaste)


def test_an_adapter_for_one_interface_alone_is_kept_for_that_one() -> None:
    class Single(Sweet):
        multiComponent = False

    components.registerAdapter(Single, Apple, ITaste, IColour)
    apple = Apple()
    assert apple.getComponent(ITaste) is not apple.getComponent(IColour)


def test_components_are_set_added_and_unset() -> None:
    apple = Apple()
    apple.setComponent(ITaste, "bland")
    assert ITaste(apple) == "bland"
    apple.unsetComponent(ITaste)
    assert apple.getComponent(ITaste, "none") == "none"
    with pytest.raises(KeyError):
        apple.unsetComponent(ITaste)

    apple.setAdapter(IColour, Sweet)
    assert isinstance(apple.getComponent(IColour), Sweet)

    other = Apple()
    assert other.addAdapter(Sweet) is not None
    assert other.getComponent(ITaste) is None
    added = other.addAdapter(Sweet, ignoreClass=True)
    assert other.getComponent(ITaste) is added


def test_an_object_that_provides_the_interface_is_its_own_component() -> None:
    @implementer(ITaste)
    class Tasty(components.Componentized):
        def taste(self) -> str:
            return "fine"

    tasty = Tasty()
    assert tasty.getComponent(ITaste) is tasty


def test_kept_components_survive_pickling() -> None:
    apple = Apple()
    apple.setComponent(ITaste, "bland")
    assert pickle.loads(pickle.dumps(apple)).getComponent(ITaste) == "bland"


def test_an_adapter_asks_its_original_to_conform() -> None:
    assert Sweet(object()).__conform__(ITaste) is None
    apple = Apple()
    apple.setComponent(IBright, 5)
    assert IBright(Sweet(apple)) == 5


def test_isuper_is_passed_on() -> None:
    class Original:
        def isuper(self, iface: Any, adapter: Any) -> Any:
            return (iface, adapter)

    assert Sweet(Original()).isuper(ITaste, 1) == (ITaste, 1)


def test_a_reprable_shows_what_it_keeps() -> None:
    shown = components.ReprableComponentized()
    shown.setComponent(ITaste, "bland")
    assert repr(shown) == f"{{'{__name__}.ITaste': 'bland'}}\n"


@implementer(IBright)
class Lamp:
    def __init__(self) -> None:
        self.hue = "yellow"

    def colour(self, loud: bool = False) -> str:
        return self.hue.upper() if loud else self.hue

    def shine(self) -> int:
        return 100


def test_a_proxy_forwards_methods_and_attributes_also_inherited_ones() -> None:
    lamp = Lamp()
    proxy = components.proxyForInterface(IBright)(lamp)
    assert proxy.original is lamp
    assert proxy.colour(loud=True) == "YELLOW"
    assert proxy.shine() == 100
    proxy.hue = "blue"
    assert lamp.hue == proxy.hue == "blue"
    del proxy.hue
    assert not hasattr(lamp, "hue")
    lamp.hue = "white"
    assert verifyObject(IBright, proxy)


def test_a_proxy_has_nothing_beyond_its_interface() -> None:
    proxy = components.proxyForInterface(IColour)(Lamp())
    with pytest.raises(AttributeError):
        _ = proxy.shine


def test_a_proxy_can_be_subclassed_and_upcalled() -> None:
    class Dimmed(components.proxyForInterface(IBright, "lamp")):  # type: ignore[misc]
        def shine(self) -> int:
            return int(super().shine() // 2)

        def colour(self, loud: bool = False) -> str:
            base: Any = Dimmed.__bases__[0]
            return "dim " + str(base.colour(self, loud))

    dimmed = Dimmed(Lamp())
    assert isinstance(dimmed.lamp, Lamp)
    assert dimmed.shine() == 50
    assert dimmed.colour() == "dim yellow"


def test_a_proxy_class_is_named_after_its_interface() -> None:
    made = components.proxyForInterface(IColour)
    assert made.__name__ == f"(Proxy for {__name__}.IColour)"
    assert made.colour.__name__ == "colour"
