"""Twisted's web server with a folder of files: ``web_static.py FOLDER``, on whatever runs it."""

from __future__ import annotations

import sys

from twisted.internet import reactor
from twisted.web.server import Site
from twisted.web.static import File

if __name__ == "__main__":
    port = reactor.listenTCP(0, Site(File(sys.argv[1])), interface="127.0.0.1")
    print("listening", port.getHost().port, flush=True)
    reactor.run()
