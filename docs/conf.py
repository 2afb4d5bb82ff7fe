"""How the documentation is built: ``sphinx-build -n -W -b html docs docs/_build/html``."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]

import pcstream  # noqa: E402

project = "pcstream"
author = "The pcstream authors"
copyright = author
version = release = pcstream.__version__

extensions = [
    "sphinx.ext.autodoc",
    "contract_rules",
    "engine_diagram",
    "engine_tables",
    "mirrored_modules",
    "zope_interfaces",
]
exclude_patterns = ["_build", "examples", "contract/*", "differences/*"]
default_role = None
nitpicky = True
nitpick_ignore = [
    # The standard library is not looked up over the network.
    ("py:mod", "logging"),
    # Named in docstrings for those who read the source, too much for the reference.
    ("py:exc", "ConnectionLost"),
    ("py:exc", "NoCurrentExceptionError"),
    ("py:meth", "LogPublisher.msg"),
    ("py:meth", "_writeSomeData"),
]
nitpick_ignore_regex = [
    # Values of class attributes are shown with the private module that has the class.
    (r"py:class", r"pcstream\.protocols\._\w+\.\w+"),
]

autodoc_typehints = "none"
autodoc_member_order = "bysource"

html_theme = "furo"
html_title = f"pcstream {release}"
html_static_path = ["_static"]
