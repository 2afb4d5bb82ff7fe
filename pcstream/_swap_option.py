"""The pytest plugin of programs that run unchanged: ``pytest --pcstream-swap``.

pytest loads it wherever the package is installed, so it loads nothing itself before it is used.
"""

from __future__ import annotations

from typing import Any

import pytest


def pytest_addoption(parser: Any) -> None:
    """Add the options."""
    group = parser.getgroup("pcstream")
    group.addoption(
        "--pcstream-swap",
        action="store_true",
        help="answer imports of Twisted's modules with pcstream's, as 'pcstream run' does",
    )
    group.addoption(
        "--pcstream-report",
        action="store_true",
        help="say at the end which of Twisted's modules were pcstream's",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: Any) -> None:
    """Begin, before anything of the program's is imported.

    :raises pytest.UsageError: another plugin has imported Twisted by now.
    """
    if not early_config.known_args_namespace.pcstream_swap:
        return
    from . import swap

    try:
        swap.install()
    except swap.TooLate as error:
        raise pytest.UsageError(
            f"--pcstream-swap comes {error}. For pytest that is 'pcstream run -m pytest'."
        ) from None


def pytest_terminal_summary(terminalreporter: Any, config: Any) -> None:
    """Say whose modules were used."""
    if config.getoption("pcstream_report"):
        from . import swap

        terminalreporter.section("pcstream")
        terminalreporter.write_line(str(swap.loaded()))
