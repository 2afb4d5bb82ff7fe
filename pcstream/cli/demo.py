"""Stream a file through a proxy to a slow receiver, and watch back-pressure at work.

Three processes on real loopback sockets: a file server (a pull producer, FileSender), a proxy (a
push producer) and a receiver that reads at a bounded rate. Whoever is faster than the next one is
paused, so none of them ever holds more than a small part of the stream.

exit status:
  0    every byte arrived, the hashes are equal, the buffers kept their bound
  1    something failed that has no number of its own
  2    wrong usage
  3    time-out: --timeout is over, or nothing moved for 30 seconds
  4    the stream was cut short: a process died, or a connection was lost
  5    the file is missing or cannot be read
  6    the port is in use, or not ours to take
  7    what arrived is not what was sent
  8    a buffer outgrew its bound
  129, 130, 143    ended by hang-up, Ctrl-C or TERM; no process is left behind
"""

from __future__ import annotations

import argparse

from .amounts import parse_bytes
from .status import Abandoned, Status

SUMMARY = "a file server, a proxy and a slow receiver, with every pause shown"

DEFAULT_SIZE = "256Mi"
#: slow enough to watch for a few seconds, fast enough not to bore
DEFAULT_RATE = "50M"


def _amount(text: str) -> int:
    try:
        return parse_bytes(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _rate(text: str) -> int:
    if text.lower() in ("full", "max", "0"):
        return 0
    rate = _amount(text)
    if rate < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no rate: at least 1 byte a second, or full")
    return rate


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port number")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--file", metavar="PATH", help="send this file instead of generated data")
    what.add_argument(
        "--size",
        type=_amount,
        default=DEFAULT_SIZE,
        help="how much data to generate: k, M, G or Ki, Mi, Gi (default %(default)s)",
    )
    parser.add_argument(
        "--rate",
        type=_rate,
        default=DEFAULT_RATE,
        help="bytes a second that the receiver reads, or 'full' (default %(default)s)",
    )
    parser.add_argument(
        "--port", type=_port, default=0, help="where the proxy listens (default: any free port)"
    )
    parser.add_argument(
        "--timeout", metavar="SECONDS", type=_seconds, help="give up after that long"
    )
    parser.add_argument(
        "--record",
        metavar="FILE",
        help="write down what the proxy does, for pcstream timeline",
    )
    parser.add_argument(
        "--plain", action="store_true", help="print lines, even where a live table is possible"
    )


def run(options: argparse.Namespace) -> Status:
    """Run the demo as the options say.

    :raises Abandoned: with the status and the line that tell why there is no result.
    """
    from .demo_data import open_source
    from .demo_supervisor import Demo
    from .demo_view import choose_view

    if options.record is not None:
        _make_sure_of(options.record)
    with open_source(options.file, options.size) as source:
        view = choose_view(plain=options.plain)
        return Demo(source, options, view).run()


def _make_sure_of(path: str) -> None:
    """Begin the recording's file here, where a failure can be told at once."""
    try:
        with open(path, "w", encoding="utf-8"):
            pass
    except OSError as error:
        raise Abandoned(Status.FAILED, f"cannot write {path}: {error.strerror}") from None
