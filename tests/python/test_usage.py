"""Command lines: what is parsed, what is refused, and how the help is laid out."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import pcstream
from pcstream.python import usage


@pytest.fixture(autouse=True)
def program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/bin/prog.py"])
    monkeypatch.delenv("COLUMNS", raising=False)


class Send(usage.Options):
    """What to send."""

    longdesc = "Sends a file."
    optFlags = [["zip", "z", "pack it"]]

    def parseArgs(self, name: str, *others: str) -> None:
        self["names"] = [name, *others]


class Options(usage.Options):
    optFlags = [["verbose", "v", "  say more \n"], ["quiet", None]]
    optParameters = [
        ["port", "p", "80", "the port", usage.portCoerce],
        ["name", "n"],
        ["rate", None, 1.5, None, float],
    ]
    longdesc = ""

    def opt_long_name(self, value: str) -> None:
        """Takes a value."""
        self["long"] = value

    opt_l = opt_long_name

    def opt_hush(self) -> None:
        """Takes none."""
        self["hushed"] = True


class Commands(usage.Options):
    optFlags = [["verbose", "v"]]
    subCommands = [
        ["send", "s", Send, "send something"],
        ["receive", None, usage.Options, "receive something"],
    ]
    longdesc = ""


def parsed(cls: type[usage.Options], *words: str) -> usage.Options:
    options = cls()
    options.parseOptions(list(words))
    return options


def refused(cls: type[usage.Options], *words: str) -> str:
    with pytest.raises(usage.UsageError) as caught:
        parsed(cls, *words)
    return str(caught.value)


def test_defaults() -> None:
    options = parsed(Options)
    assert options == {"verbose": 0, "quiet": 0, "port": "80", "name": None, "rate": 1.5}
    assert options.opts is options
    assert options.defaults == dict(options)


def test_values_in_every_form() -> None:
    options = parsed(Options, "-v", "-p", "81", "--name=x", "--rate", "2", "--long-name", "y")
    assert options["verbose"] == 1
    assert (options["port"], options["name"], options["rate"]) == (81, "x", 2.0)
    assert options["long"] == "y"
    assert parsed(Options, "-vl", "z", "--hush")["hushed"] is True
    assert parsed(Options, "--verb")["verbose"] == 1


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["-Z"], "option -Z not recognized"),
        (["--nosuch"], "option --nosuch not recognized"),
        (["--port"], "option --port requires argument"),
        (["--verbose=1"], "option --verbose must not have an argument"),
        (
            ["--port=x"],
            "Parameter type enforcement failed: invalid literal for int() with base 10: 'x'",
        ),
        (["--port=70000"], "Parameter type enforcement failed: Port number not in range: 70000"),
        (["argument"], "Wrong number of arguments."),
    ],
)
def test_refusals(words: list[str], why: str) -> None:
    assert refused(Options, *words) == why


def test_only_a_value_error_is_a_refusal() -> None:
    def broken(value: str) -> str:
        raise KeyError(value)

    class Broken(usage.Options):
        optParameters = [["x", None, None, None, broken]]

    with pytest.raises(KeyError):
        parsed(Broken, "--x", "1")


def test_the_program_s_own_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["prog", "-v"])
    options = Options()
    options.parseOptions()
    assert options["verbose"] == 1


def test_options_end_where_arguments_begin() -> None:
    assert parsed(Send, "a", "-z")["names"] == ["a", "-z"]
    assert parsed(Send, "--", "-z")["names"] == ["-z"]


def test_options_of_base_classes_are_taken() -> None:
    class More(Options):
        optFlags = [["extra", "e"]]

    assert parsed(More, "-ev")["extra"] == 1


def test_a_command_has_options_of_its_own() -> None:
    options = parsed(Commands, "-v", "s", "-z", "file")
    assert options["verbose"] == 1
    assert options.subCommand == "send"
    assert options.subOptions.parent is options
    assert options.subOptions == {"zip": 1, "names": ["file"]}


def test_an_unknown_command_and_none() -> None:
    assert refused(Commands, "nosuch") == "Unknown command: nosuch"
    assert parsed(Commands).subCommand is None
    assert not hasattr(parsed(Commands), "subOptions")


def test_a_default_command() -> None:
    class Defaulted(Commands):
        defaultSubCommand = "receive"

    assert parsed(Defaulted).subCommand == "receive"


def test_post_options_run_inside_out() -> None:
    order: list[object] = []

    class Inner(usage.Options):
        def postOptions(self) -> None:
            order.append("inner")

    class Outer(usage.Options):
        subCommands = [["inner", None, Inner, ""]]

        def postOptions(self) -> None:
            order.append("outer")

    parsed(Outer, "inner")
    assert order == ["inner", "outer"]


def test_the_help() -> None:
    assert str(Options()) == (
        "Usage: prog [options]\n"
        "Options:\n"
        "      --help        Display this help and exit.\n"
        "      --hush        Takes none.\n"
        "  -l, --long-name=  Takes a value.\n"
        "  -n, --name=       \n"
        "  -p, --port=       the port [default: 80]. Must be an int between 0 and 65535.\n"
        "      --quiet       \n"
        "      --rate=        [default: 1.5]\n"
        "  -v, --verbose     say more\n"
        "      --version     Display pcstream version and exit.\n"
    )


def test_the_help_of_commands() -> None:
    assert (
        Commands()
        .getUsage(width=40)
        .endswith(
            "Commands:\n    receive      receive something\n    send         send something\n"
        )
    )
    options = parsed(Commands, "send", "x")
    assert str(options.subOptions).splitlines()[0] == "Usage: prog [options] send [options]"
    assert str(options.subOptions).endswith("\n\nSends a file.\n")
    assert "Commands" not in str(options)


def test_the_help_is_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wordy(usage.Options):
        optFlags = [["x", None, "one two three four five six"]]
        longdesc = "seven eight nine ten eleven"

    monkeypatch.setenv("COLUMNS", "30")
    text = str(Wordy())
    assert max(map(len, text.splitlines())) <= 30
    assert "      --x        one two three\n                 four five six\n" in text
    monkeypatch.setenv("COLUMNS", "wide")
    assert "one two three four five six" in str(Wordy())
    assert "--x" in Wordy().getUsage(width=5)


def test_two_long_names_of_a_method_are_in_the_help() -> None:
    class Both(usage.Options):
        def opt_long_name(self) -> None:
            """Its help."""

        opt_name = opt_long_name

    assert str(Both()).count("Its help.") == 2


def test_help_and_version_end_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    for word in ("--help", "--version"):
        with pytest.raises(SystemExit) as caught:
            parsed(Options, word)
        assert caught.value.code == 0
    out = capsys.readouterr().out
    assert out.startswith(str(Options()))
    assert out.endswith(f"pcstream version: {pcstream.__version__}\n")


def test_synopsis() -> None:
    class Own(usage.Options):
        synopsis = "Usage: own"

    assert Own().getSynopsis() == "Usage: own"


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ({"optFlags": [["a", "b", "c", "d"]]}, "4 elements is more than 3"),
        ({"optParameters": [["a", "b", "c", "d", None, "f"]]}, "6 elements is more than 5"),
        ({"optFlags": [[None, "a"]]}, "A flag cannot be without a name"),
        ({"optParameters": [["", "a"]]}, "A parameter cannot be without a name"),
    ],
)
def test_a_class_that_lists_nonsense(attributes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        type("Nonsense", (usage.Options,), attributes)()


def test_a_method_that_takes_too_much() -> None:
    class Greedy(usage.Options):
        def opt_x(self, one: str, two: str) -> None: ...

    with pytest.raises(usage.UsageError, match="Invalid Option function for x"):
        Greedy()
    assert usage.error is usage.UsageError


def test_ports() -> None:
    assert usage.portCoerce("0") == 0
    assert usage.portCoerce("65535") == 65535
    for text in ("-1", "65536", "x", ""):
        with pytest.raises(ValueError, match=r"Port number|invalid literal"):
            usage.portCoerce(text)


@pytest.mark.parametrize(
    ("completer", "code"),
    [
        (usage.Completer(), ":x:"),
        (usage.Completer(descr="d", repeat=True), "*:d:"),
        (usage.CompleteFiles("*.py"), ':x (*.py):_files -g "*.py"'),
        (usage.CompleteDirs(), ":x:_directories"),
        (usage.CompleteList(["a", 1]), ":x:(a 1)"),
        (usage.CompleteMultiList("ab"), ":x:_values -s , 'x' a b"),
        (usage.CompleteUsernames(), ":x:_users"),
        (usage.CompleteGroups(), ":group:_groups"),
        (usage.CompleteHostnames(), ":x:_hosts"),
        (usage.CompleteUserAtHost(), ":host | user@host:_user_at_host"),
        (usage.CompleteNetInterfaces(), ":x:_net_interfaces"),
    ],
)
def test_completers(completer: usage.Completer, code: str) -> None:
    assert completer._shellCode("x", "zsh") == code
    with pytest.raises(NotImplementedError):
        completer._shellCode("x", "fish")


def test_completion_functions_are_not_printed() -> None:
    with pytest.raises(usage.UsageError):
        usage.Options().parseOptions(["--_shell-completion", "zsh"])
