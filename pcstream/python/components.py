"""Adapters: how an object of one kind is given the interface of another.

A factory is registered once with :func:`registerAdapter`; afterwards calling the interface with an
object finds it, as ``IConsumer(transport)`` does.  The registry hangs in zope.interface's own chain
of adapter hooks, so registrations made there count too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zope.interface import interface
from zope.interface.adapter import AdapterRegistry
from zope.interface.declarations import classImplements, implementedBy, providedBy

from pcstream.python.reflect import namedAny, qual

__all__ = [
    "Adapter",
    "Componentized",
    "ReprableComponentized",
    "getAdapterFactory",
    "getRegistry",
    "proxyForInterface",
    "registerAdapter",
]

#: What zope.interface raises where no adapter is found.
CannotAdapt = TypeError

globalRegistry = AdapterRegistry()

#: While true, a later registration for the same pair replaces the earlier one.
ALLOW_DUPLICATES = 0


def _specification(origin: Any) -> Any:
    """An interface as it is, a class as the declaration of what its instances provide."""
    if isinstance(origin, interface.InterfaceClass):
        return origin
    implemented: Callable[[Any], Any] = implementedBy
    return implemented(origin)


def registerAdapter(adapterFactory: Any, origInterface: Any, *interfaceClasses: Any) -> None:
    """Let *adapterFactory* turn what is or provides *origInterface* into each of the interfaces.

    :param adapterFactory: called with the object, returns one that provides the interfaces.
    :param origInterface: an interface, or a class.
    :param interfaceClasses: the interfaces that the adapter provides, at least one.
    :raises ValueError: one of the pairs is registered already; then none of them is changed.
    """
    assert interfaceClasses, "You need to pass an Interface"
    registry = getRegistry()
    origin = _specification(origInterface)
    if not ALLOW_DUPLICATES:
        for target in interfaceClasses:
            present = registry.registered([origin], target)
            if present is not None:
                raise ValueError(f"an adapter ({present}) was already registered.")
    for target in interfaceClasses:
        registry.register([origin], target, "", adapterFactory)


def getAdapterFactory(fromInterface: Any, toInterface: Any, default: Any) -> Any:
    """The factory registered for that pair, or *default*.

    :param fromInterface: an interface, or a class.
    """
    found = getRegistry().lookup1(_specification(fromInterface), toInterface)
    return default if found is None else found


def _addHook(registry: Any) -> Callable[[Any, Any], Any]:
    """Have zope.interface consult *registry* from now on.

    :return: what :func:`_removeHook` takes to undo it.
    """

    def hook(iface: Any, ob: Any) -> Any:
        factory = registry.lookup1(providedBy(ob), iface)
        return None if factory is None else factory(ob)

    interface.adapter_hooks.append(hook)
    return hook


def _removeHook(hook: Callable[[Any, Any], Any]) -> None:
    interface.adapter_hooks.remove(hook)


_addHook(globalRegistry)


def getRegistry() -> Any:
    """The registry that :func:`registerAdapter` writes to."""
    return globalRegistry


class Adapter:
    """A base for adapters: keeps what it adapts in ``original``.

    Adapting the adapter asks the original, so that several adapters of one
    :class:`Componentized` find each other.
    """

    #: True in a subclass: made anew each time, never kept by a :class:`Componentized`.
    temporaryAdapter: Any = 0
    #: True: kept for every interface that it is the registered adapter of.
    multiComponent: Any = 1

    def __init__(self, original: Any) -> None:
        self.original = original

    def __conform__(self, interface: Any) -> Any:
        if hasattr(self.original, "__conform__"):
            return self.original.__conform__(interface)
        return None

    def isuper(self, iface: Any, adapter: Any) -> Any:
        """Forward to the original."""
        return self.original.isuper(iface, adapter)


class Componentized:
    """Keeps the adapters made for it, so that the same one is found again."""

    persistenceVersion = 1

    def __init__(self) -> None:
        # Keyed by the interface's dotted name, which survives pickling where an identity does not.
        self._adapterCache: dict[str, Any] = {}

    def locateAdapterClass(self, klass: Any, interfaceClass: Any, default: Any) -> Any:
        """The factory that adapts *klass* to the interface, or *default*."""
        return getAdapterFactory(klass, interfaceClass, default)

    def setAdapter(self, interfaceClass: Any, adapterClass: Any) -> None:
        """Keep a new ``adapterClass(self)`` for the interface."""
        self.setComponent(interfaceClass, adapterClass(self))

    def addAdapter(self, adapterClass: Any, ignoreClass: Any = 0) -> Any:
        """Keep a new ``adapterClass(self)`` as :meth:`addComponent` does, and return it."""
        adapter = adapterClass(self)
        self.addComponent(adapter, ignoreClass)
        return adapter

    def setComponent(self, interfaceClass: Any, component: Any) -> None:
        """Keep *component* for the interface."""
        self._adapterCache[qual(interfaceClass)] = component

    def addComponent(self, component: Any, ignoreClass: Any = 0) -> None:
        """Keep *component* for the interfaces that it provides.

        :param ignoreClass: if false, only for those for which its class is the registered adapter.
        """
        for iface in providedBy(component):
            if ignoreClass or (
                self.locateAdapterClass(self.__class__, iface, None) == component.__class__
            ):
                self._adapterCache[qual(iface)] = component

    def unsetComponent(self, interfaceClass: Any) -> None:
        """Forget what is kept for the interface.

        :raises KeyError: nothing is.
        """
        del self._adapterCache[qual(interfaceClass)]

    def removeComponent(self, component: Any) -> list[Any]:
        """Forget *component*, and return the interfaces for which it was kept."""
        names = [name for name, kept in self._adapterCache.items() if kept is component]
        for name in names:
            del self._adapterCache[name]
        return [namedAny(name) for name in names]

    def getComponent(self, interface: Any, default: Any = None) -> Any:
        """What is kept for the interface, else a new adapter, else *default*.

        A new adapter is kept, unless its ``temporaryAdapter`` is true.
        """
        name = qual(interface)
        if name in self._adapterCache:
            return self._adapterCache[name]
        adapter = interface.__adapt__(self)
        if adapter is None:
            return default
        if not getattr(adapter, "temporaryAdapter", False):
            self._adapterCache[name] = adapter
            if getattr(adapter, "multiComponent", False):
                self.addComponent(adapter)
        return adapter

    def __conform__(self, interface: Any) -> Any:
        return self.getComponent(interface)


class ReprableComponentized(Componentized):
    """A :class:`Componentized` whose ``repr`` shows what it keeps."""

    def __init__(self) -> None:
        Componentized.__init__(self)

    def __repr__(self) -> str:
        # Imported here because only a debugging session comes this way.
        from pprint import pformat

        return pformat(self._adapterCache) + "\n"


class _ProxiedClassMethod:
    """What a method of a proxy class is when it is taken from the class itself.

    Called with an instance first, as an unbound method is, which is what an overriding subclass
    does to reach the forwarding one.
    """

    def __init__(self, methodName: str, originalAttribute: str) -> None:
        self.methodName = self.__name__ = methodName
        self.originalAttribute = originalAttribute

    def __call__(self, oself: Any, *args: Any, **kw: Any) -> Any:
        return getattr(getattr(oself, self.originalAttribute), self.methodName)(*args, **kw)


class _ProxyDescriptor:
    """An attribute that lives on the proxied object: read, set and deleted there."""

    def __init__(self, attributeName: str, originalAttribute: str) -> None:
        self.attributeName = attributeName
        self.originalAttribute = originalAttribute

    def __get__(self, oself: Any, type: Any = None) -> Any:
        if oself is None:
            return _ProxiedClassMethod(self.attributeName, self.originalAttribute)
        return getattr(getattr(oself, self.originalAttribute), self.attributeName)

    def __set__(self, oself: Any, value: Any) -> None:
        setattr(getattr(oself, self.originalAttribute), self.attributeName, value)

    def __delete__(self, oself: Any) -> None:
        delattr(getattr(oself, self.originalAttribute), self.attributeName)


def proxyForInterface(iface: Any, originalAttribute: str = "original") -> Any:
    """A class that provides *iface* by forwarding each of its names to another object.

    Its constructor takes that object.  Subclass it to override some of the methods.

    :param iface: the interface; the names of its bases are forwarded too.
    :param originalAttribute: the attribute in which a proxy keeps the object.
    """

    def __init__(self: Any, original: Any) -> None:
        setattr(self, originalAttribute, original)

    contents: dict[str, Any] = {"__init__": __init__}
    for name in iface:
        contents[name] = _ProxyDescriptor(name, originalAttribute)
    proxy = type(f"(Proxy for {qual(iface)})", (object,), contents)
    # Through a name of its own, since the type checker's plugin only knows classes that it can see.
    declare: Callable[..., None] = classImplements
    declare(proxy, iface)
    return proxy
