"""Twisted's web server with a folder of files: ``web_static.py FOLDER``."""

from __future__ import annotations

import sys

from twisted.internet import endpoints, reactor
from twisted.web.server import Site
from twisted.web.static import File


def listening(port) -> None:
    print("listening", port.getHost().port, flush=True)


endpoint = endpoints.serverFromString(reactor, "tcp:0:interface=127.0.0.1")
endpoint.listen(Site(File(sys.argv[1]))).addCallback(listening)
reactor.run()
