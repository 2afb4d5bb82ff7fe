"""Interfaces: saying what an object can do, asking for it, and checking that it is true."""

from zope.interface import Attribute, Interface, implementer
from zope.interface.exceptions import Invalid
from zope.interface.verify import verifyClass, verifyObject


class IThermometer(Interface):
    """Something that knows how warm it is."""

    place = Attribute("where it hangs")

    def celsius():
        """The temperature, a number."""


@implementer(IThermometer)
class Kitchen:
    place = "kitchen"

    def celsius(self):
        return 21.5


@implementer(IThermometer)
class Broken:
    place = "cellar"


kitchen = Kitchen()
print("declared by the class:", IThermometer.implementedBy(Kitchen))
print("provided by the object:", IThermometer.providedBy(kitchen))
print("verified:", verifyClass(IThermometer, Kitchen), verifyObject(IThermometer, kitchen))

# A declaration is a promise, not a proof.
print("declared:", IThermometer.providedBy(Broken()))
try:
    verifyObject(IThermometer, Broken())
except Invalid as problem:
    print("not kept:", "celsius" in str(problem))
