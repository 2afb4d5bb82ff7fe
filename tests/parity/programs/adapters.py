"""Components: interfaces, adapters, and adapters that remember each other."""

from zope.interface import Attribute, Interface, implementer, providedBy

from twisted.python import components


class ISource(Interface):
    """Something that gives lines."""

    def lines():
        """All lines."""


class ICounter(Interface):
    """Something that counts."""

    count = Attribute("how many")

    def add():
        """One more."""


class INamed(Interface):
    name = Attribute("a name")


@implementer(ISource)
class Poem:
    text = "one\ntwo\nthree"

    def lines(self):
        return self.text.split("\n")


class CountsLines(components.Adapter):
    count = 0

    def add(self):
        self.count = self.count + len(self.original.lines())
        return self.count


class NameOfPoem:
    def __init__(self, original):
        self.name = type(original).__name__


components.registerAdapter(CountsLines, ISource, ICounter)
components.registerAdapter(NameOfPoem, Poem, INamed)

poem = Poem()
counter = ICounter(poem)
print(type(counter).__name__, counter.add(), counter.add())
print("a new one each time:", ICounter(poem) is not counter)
print(INamed(poem).name)
print("back to the source:", ISource(counter, None))
try:
    ICounter(5)
except TypeError as error:
    print("TypeError", error.args[0])
print("default:", ICounter(5, "default"))
try:
    components.registerAdapter(NameOfPoem, Poem, INamed)
except ValueError:
    print("ValueError: an adapter is there already")
try:
    components.registerAdapter(NameOfPoem, Poem)
except AssertionError as error:
    print("AssertionError", error)


class Many(components.Componentized):
    pass


class Remembers(components.Adapter):
    def __init__(self, original):
        components.Adapter.__init__(self, original)
        self.count = 0

    def add(self):
        self.count += 1
        return self.count


components.registerAdapter(Remembers, Many, ICounter)
many = Many()
print("componentized:", many.getComponent(ICounter) is None)
many.setComponent(ICounter, Remembers(many))
ICounter(many).add()
print("remembers:", ICounter(many).add())
many.unsetComponent(ICounter)
many.addComponent(Poem(), ignoreClass=1)
print("has", [i.__name__ for i in providedBy(many.getComponent(ISource))])
many.removeComponent(many.getComponent(ISource))
print("gone", many.getComponent(ISource))


class Proxied(components.proxyForInterface(ISource)):
    pass


print("proxied", Proxied(poem).lines(), ISource.providedBy(Proxied(poem)))
print("registered:", components.getAdapterFactory(ISource, ICounter, None) is CountsLines)
print("done")
