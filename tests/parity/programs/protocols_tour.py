"""The line, string and netstring receivers, fed byte by byte and all at once."""

from twisted.internet import error
from twisted.internet.protocol import connectionDone
from twisted.protocols import basic
from twisted.python import failure
from twisted.test import proto_helpers


def show(cls, method, **attributes):
    def received(self, *args):
        self.got.append(args)
        if args and args[0] == b"raw":
            self.setRawMode()
        if args and args[0] == b"pause":
            self.pauseProducing()

    made = type(cls.__name__, (cls,), {method: received, **attributes})()
    made.got = []
    transport = proto_helpers.StringTransport()
    made.makeConnection(transport)
    return made, transport


def feed(name, protocol, transport, data, step=None):
    try:
        if step:
            for start in range(0, len(data), step):
                protocol.dataReceived(data[start : start + step])
        else:
            protocol.dataReceived(data)
    except Exception as problem:
        print(name, "raised", type(problem).__name__, problem)
    print(name, protocol.got, "wrote", transport.value(), "closing", transport.disconnecting)


for step in (None, 1):
    print("--- step", step)
    feed("line", *show(basic.LineReceiver, "lineReceived"), b"a\r\nbc\r\n\r\nrest", step)
    feed("newline", *show(basic.LineReceiver, "lineReceived", delimiter=b"\n"), b"a\nb\r\n", step)
    feed("only", *show(basic.LineOnlyReceiver, "lineReceived"), b"a\r\nbc\r\nd", step)
    feed("net", *show(basic.NetstringReceiver, "stringReceived"), b"3:abc,0:,5:hel:o,", step)
    feed("8", *show(basic.Int8StringReceiver, "stringReceived"), b"\x02ab\x00\x01c", step)
    feed("16", *show(basic.Int16StringReceiver, "stringReceived"), b"\x00\x02ab\x00\x00", step)
    feed("32", *show(basic.Int32StringReceiver, "stringReceived"), b"\0\0\0\x03abc\0\0", step)
    feed("bad net", *show(basic.NetstringReceiver, "stringReceived"), b"x3:abc,", step)
    feed("no comma", *show(basic.NetstringReceiver, "stringReceived"), b"3:abcd", step)
    feed("zero", *show(basic.NetstringReceiver, "stringReceived"), b"01:a,", step)
    feed(
        "long net",
        *show(basic.NetstringReceiver, "stringReceived", MAX_LENGTH=9),
        b"10:0123456789,",
        step,
    )
    feed(
        "long 16", *show(basic.Int16StringReceiver, "stringReceived", MAX_LENGTH=1), b"\0\2ab", step
    )
    feed("long", *show(basic.LineReceiver, "lineReceived", MAX_LENGTH=3), b"abcdef\r\n", step)
    feed(
        "long only",
        *show(basic.LineOnlyReceiver, "lineReceived", MAX_LENGTH=3),
        b"abcdef\r\n",
        step,
    )


print("--- raw mode")
protocol, transport = show(basic.LineReceiver, "lineReceived")
raw = []
protocol.rawDataReceived = raw.append
feed("raw", protocol, transport, b"one\r\nraw\r\nthis is \r\n not a line")
print("raw got", raw)
protocol.setLineMode(b"two\r\nthree\r\n")
print("lines again", protocol.got)

print("--- paused")
protocol, transport = show(basic.LineReceiver, "lineReceived")
feed("paused", protocol, transport, b"one\r\npause\r\ntwo\r\n")
print("transport", transport.producerState)
protocol.resumeProducing()
print("resumed", protocol.got, transport.producerState)

print("--- sending")
protocol, transport = show(basic.LineReceiver, "lineReceived")
protocol.sendLine(b"line")
print(transport.value())
for cls in (basic.NetstringReceiver, basic.Int8StringReceiver, basic.Int32StringReceiver):
    protocol, transport = show(cls, "stringReceived")
    protocol.sendString(b"data")
    print(cls.__name__, transport.value())
protocol, transport = show(basic.Int8StringReceiver, "stringReceived")
try:
    protocol.sendString(b"x" * 256)
except basic.StringTooLongError as problem:
    print("StringTooLongError", problem)


class Stateful(basic.StatefulStringProtocol):
    state = "init"
    done = []

    def proto_init(self, data):
        self.done.append(("init", data))
        return "second"

    def proto_second(self, data):
        self.done.append(("second", data))
        return "second"


protocol = Stateful()
for data in (b"a", b"b", b"c"):
    protocol.stringReceived(data)
print(protocol.done, protocol.state)

print(failure.Failure(error.ConnectionDone()).getErrorMessage(), connectionDone.type.__name__)
print("done")
