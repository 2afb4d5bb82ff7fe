"""Judge a producer or consumer by the rules of the contract.

The subject is named by its module and what the module calls it: a subject class of
pcstream.conformance, or just a function. One for a consumer is called without arguments and makes
one; one for a producer is called with the consumer to write to.

  pcstream conform mypackage.files:FileConsumer --as consumer
  pcstream conform mypackage.files:make_producer --as pull --json

exit status: 0 it conforms, 1 it does not, 2 wrong usage, 5 there is no such subject
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from .status import Abandoned, Status

if TYPE_CHECKING:
    from ..conformance.report import Report

SUMMARY = "judge a producer or consumer by the rules of the contract"

_ROLES = ("push", "pull", "consumer", "adapter", "file-sender", "proxy", "relay")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    parser.add_argument("subject", metavar="MODULE:NAME", help="what is judged")
    parser.add_argument("--as", dest="role", required=True, choices=_ROLES, help="as what")
    parser.add_argument(
        "--only", metavar="RULES", default="", help="judge these rules only, as C5,C8"
    )
    parser.add_argument(
        "--deviations", metavar="RULES", default="", help="rules that are known to be broken"
    )
    parser.add_argument(
        "--search",
        type=int,
        default=60,
        metavar="N",
        help="random sequences of calls that are tried (default: 60; 0 for none)",
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def run(options: argparse.Namespace) -> int:
    """Judge, and print the report.

    :raises Abandoned: the subject is not there, or a rule.
    """
    from ..conformance.roles import check_for

    check: Any = check_for(options.role)
    subject = _find(options.subject)
    report = check(
        subject,
        only=_rules(options.only),
        deviations=_rules(options.deviations),
        search=options.search,
    )
    if options.json:
        print(json.dumps(report.as_dict(), indent=2))
    else:
        _show(report)
    return Status.DONE if report.conforms else Status.FAILED


def _rules(text: str) -> set[str]:
    from ..conformance.report import INTERFACE
    from ..conformance.rules import RULES

    numbers = set(filter(None, text.replace(" ", ",").split(",")))
    for number in sorted(numbers):
        if number not in RULES and number != INTERFACE:
            raise Abandoned(Status.USAGE, f"there is no rule {number}")
    return numbers


def _find(name: str) -> Any:
    """What *name* means.

    :raises Abandoned: nothing.
    """
    module_name, colon, path = name.partition(":")
    if not (colon and module_name and path):
        raise Abandoned(Status.USAGE, f"{name!r} is not of the form MODULE:NAME")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise Abandoned(
                Status.UNREADABLE, f"{module_name} needs {error.name}, which is not installed"
            ) from None
        raise Abandoned(Status.UNREADABLE, f"no module named {error.name}") from None
    except Exception as error:
        raise Abandoned(
            Status.UNREADABLE, f"importing {module_name} raised {type(error).__name__}: {error}"
        ) from None
    for part in path.split("."):
        if not hasattr(found, part):
            raise Abandoned(Status.UNREADABLE, f"{module_name} has no {path}")
        found = getattr(found, part)
    if not callable(found) and not hasattr(found, "make"):
        raise Abandoned(Status.USAGE, f"{name} can neither be called nor has it a make()")
    return found


def _show(report: Report) -> None:
    """Print the report, in colours if rich is there and the output is a terminal."""
    if sys.stdout.isatty():
        try:
            from rich.console import Console
            from rich.text import Text
        except ImportError:
            pass
        else:
            console = Console(highlight=False)
            for line in str(report).splitlines():
                console.print(Text(line, style=_style(line)))
            return
    print(report)


def _style(line: str) -> str:
    if line.endswith("does not conform") or "(MUST):" in line:
        return "bold red"
    if line.endswith(": conforms"):
        return "bold green"
    if "(SHOULD):" in line:
        return "bold yellow"
    if line.startswith(("skipped:", "known deviation:")):
        return "dim"
    return ""
