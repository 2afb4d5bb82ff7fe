"""Twisted's web server with a folder of files, and paths that show how they were sent.

``web_files.py FOLDER [tls CERTIFICATE | looked-at]``. How each answer ended is printed, with its
path and length.
"""

from __future__ import annotations

import os
import sys

from twisted.internet import reactor, ssl
from twisted.protocols.basic import FileSender
from twisted.web import resource, server, static

folder = sys.argv[1]
by_kernel = 0
sendfile = os.sendfile


def counted(out, source, offset, count):
    global by_kernel
    sent = sendfile(out, source, offset, count)
    by_kernel += sent
    return sent


os.sendfile = counted


class State(resource.Resource):
    """Bytes that the kernel sent, memory in KiB, open descriptors; all since the start."""

    isLeaf = True

    def render_GET(self, request):
        try:
            with open("/proc/self/status") as status:
                memory = next(line.split()[1] for line in status if line.startswith("VmRSS"))
            files = len(os.listdir("/proc/self/fd"))
        except FileNotFoundError:
            memory = files = 0
        return f"{by_kernel} {memory} {files}".encode()


class Sent(resource.Resource):
    """The file, by a FileSender; its length is announced if the query asks for it."""

    isLeaf = True

    def render_GET(self, request):
        file = open(os.path.join(folder, request.postpath[0].decode()), "rb")
        if request.args.get(b"length"):
            request.setHeader(b"content-length", str(os.fstat(file.fileno()).st_size).encode())

        def sent(_):
            file.close()
            request.finish()

        FileSender().beginFileTransfer(file, request).addCallbacks(sent, lambda _: file.close())
        return server.NOT_DONE_YET

    render_HEAD = render_GET


class Shouting(server.Request):
    """Looks at what is written."""

    def write(self, data):
        super().write(data)


class Site(server.Site):
    def log(self, request):
        print("answered", request.uri.decode(), request.sentLength, flush=True)


class Files(static.File):
    def render_GET(self, request):
        request.notifyFinish().addErrback(
            lambda reason: print("lost", request.uri.decode(), request.sentLength, flush=True)
        )
        return super().render_GET(request)

    render_HEAD = render_GET


root = resource.Resource()
root.putChild(b"files", Files(folder))
root.putChild(b"state", State())
root.putChild(b"sent", Sent())
big = static.File(os.path.join(folder, "big"))
root.putChild(b"packed", resource.EncodingResourceWrapper(big, [server.GzipEncoderFactory()]))
site = Site(root)
if sys.argv[2:3] == ["looked-at"]:
    site.requestFactory = Shouting
if sys.argv[2:3] == ["tls"]:
    with open(sys.argv[3]) as pem:
        options = ssl.PrivateCertificate.loadPEM(pem.read()).options()
    port = reactor.listenSSL(0, site, options, interface="127.0.0.1")
else:
    port = reactor.listenTCP(0, site, interface="127.0.0.1")
print("listening", port.getHost().port, flush=True)
reactor.run()
