"""A body has the length that its header says, or is refused."""

from pcstream.internet.testing import StringTransport
from pcstream.streams import TooLong, TooShort, expect_length, send


def body(*pieces, length):
    consumer = StringTransport()
    checked = expect_length(consumer, length)
    send(pieces, checked).addErrback(lambda failure: None)  # stopped, if it is too long
    checked.finish().addCallbacks(
        lambda count: print(f"{count} bytes: {consumer.value().decode()}"),
        lambda failure: print(failure.trap(TooShort, TooLong).__name__, "-", failure.value),
    )


body(b"as ", b"announced", length=12)
body(b"cut ", b"off", length=12)
body(b"there is ", b"no end", b" to it", length=12)
