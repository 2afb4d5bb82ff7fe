"""Programs written for Twisted run on pcstream, with nothing in them edited.

One line before anything imports Twisted::

    import pcstream.swap; pcstream.swap.install()

From then on, in this process, an import of ``twisted.internet.tcp`` is answered with
``pcstream.internet.tcp``, and so for every module that pcstream mirrors. Whatever else a
program imports comes from the installed Twisted, and stands on these modules. ``pcstream run``
does the same from the command line.
"""

from ._installing import TooLate, install
from ._loaded import Loaded, loaded

__all__ = ["Loaded", "TooLate", "install", "loaded"]
