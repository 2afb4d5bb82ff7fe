"""Adapters: giving an object an interface it does not have."""

from zope.interface import Interface, implementer

from pcstream.python import components


class IThermometer(Interface):
    def celsius():
        """The temperature, a number."""


class IAmerican(Interface):
    def fahrenheit():
        """The temperature, a number."""


@implementer(IThermometer)
class Kitchen:
    def celsius(self):
        return 21.5


@implementer(IAmerican)
class ForAmericans(components.Adapter):
    """Adapter keeps what it adapts in ``original``."""

    def fahrenheit(self):
        return self.original.celsius() * 9 / 5 + 32


components.registerAdapter(ForAmericans, IThermometer, IAmerican)


def report(something):
    """Works with whatever can be seen as an IAmerican."""
    print(f"{IAmerican(something).fahrenheit():.1f} degrees")


report(Kitchen())
report(ForAmericans(Kitchen()))  # provides it already, so it is taken as it is
print(IAmerican("no thermometer", None))
try:
    report("no thermometer")
except TypeError as error:
    print("TypeError:", error.args[0])
