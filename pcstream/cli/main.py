"""The ``pcstream`` command: one verb a module, each with its options and what it does."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

import pcstream

from .status import Abandoned, Status

#: the modules of this package that are verbs; each has SUMMARY, add_options and run
VERBS = ("check", "conform", "demo", "run", "swap", "timeline")


def make_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="pcstream", description="Streams with back-pressure, on Twisted's API."
    )
    parser.add_argument("--version", action="version", version=f"pcstream {pcstream.__version__}")
    verbs = parser.add_subparsers(title="verbs", dest="verb", metavar="VERB", required=True)
    for name in VERBS:
        module = importlib.import_module(f"pcstream.cli.{name}")
        verb = verbs.add_parser(
            name,
            help=module.SUMMARY,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_options(verb)
        verb.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit status is returned.

    :param argv: the words after the command's name; by default those it was started with.
    :raises SystemExit: for wrong usage, with status 2, and for ``--help``.
    """
    options = make_parser().parse_args(argv)
    try:
        status = int(options.run(options))
        sys.stdout.flush()
        return status
    except Abandoned as reason:
        print(f"pcstream {options.verb}: {reason.line}", file=sys.stderr)
        return reason.status
    except BrokenPipeError:  # whoever read our output has had enough
        # what is still buffered has nowhere to go, and must not fail once more at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Status.FAILED
    except KeyboardInterrupt:
        print(f"pcstream {options.verb}: interrupted", file=sys.stderr)
        return Status.INTERRUPTED
