"""A directive that documents an interface of zope.interface, which autodoc takes for plain data.

``.. zope-interface:: IConsumer`` under ``.. py:currentmodule:: pcstream.internet.interfaces`` shows
the interface with its own methods and attributes.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any, ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from zope.interface import Interface
from zope.interface.interface import InterfaceClass, Method


def described(interface: InterfaceClass) -> list[str]:
    """The interface in reST."""
    lines = [f".. py:class:: {interface.__name__}", ""]
    bases = [base for base in interface.__bases__ if base is not Interface]
    if bases:
        names = ", ".join(f":py:class:`{base.__name__}`" for base in bases)
        lines += [f"   Extends {names}.", ""]
    lines += indented(interface.__doc__, 3)
    for name in interface.names():
        member = interface[name]
        if isinstance(member, Method):
            lines.append(f"   .. py:method:: {name}{member.getSignatureString()}")
        else:
            lines.append(f"   .. py:attribute:: {name}")
        lines += ["", *indented(member.__doc__, 6)]
    return lines


def indented(text: str, width: int) -> list[str]:
    return [" " * width + line if line else "" for line in inspect.cleandoc(text).split("\n")] + [
        ""
    ]


class ZopeInterface(SphinxDirective):
    """Documents one interface of the current module."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        module = importlib.import_module(self.env.ref_context["py:module"])
        interface = getattr(module, self.arguments[0])
        return self.parse_text_to_nodes("\n".join(described(interface)))


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("zope-interface", ZopeInterface)
    return {"parallel_read_safe": True}
