"""A directive that lists the modules of a package that stand at a path of Twisted's.

``.. mirrored-modules:: internet`` lists the public modules of ``pcstream.internet``.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any, ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class MirroredModules(SphinxDirective):
    """The public modules, in one paragraph."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        package = import_module(f"pcstream.{self.arguments[0]}")
        names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
        public = [f"``{name}``" for name in names if not name.startswith("_")]
        return self.parse_text_to_nodes(", ".join(public))


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("mirrored-modules", MirroredModules)
    return {"parallel_read_safe": True}
