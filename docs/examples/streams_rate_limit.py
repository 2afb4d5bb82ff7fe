"""A file at 100,000 bytes a second; a clock that is moved by hand has no need to wait."""

import io

from pcstream.internet.task import Clock
from pcstream.internet.testing import StringTransport
from pcstream.protocols.basic import FileSender
from pcstream.streams import rate_limit

clock = Clock()
transport = StringTransport()
limited = rate_limit(transport, bytes_per_second=100_000, burst=10_000, clock=clock)
sent = FileSender().beginFileTransfer(io.BytesIO(bytes(500_000)), limited)

for second in range(1, 7):
    clock.pump([0.01] * 100)
    print(f"after {second} s: {len(transport.value())} bytes")
    if second == 2:
        print("faster, please")
        limited.bytes_per_second = 200_000
print("sent:", sent.called)
