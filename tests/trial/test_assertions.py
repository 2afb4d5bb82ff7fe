"""Assertions hold and fail where Twisted's do, and say and return the same."""

from __future__ import annotations

import importlib
import re
import warnings

import pytest

from pcstream.internet import defer
from pcstream.trial import unittest


class Kit:
    """One package's test case, Deferreds and failures."""

    def __init__(self, package):
        self.package = package
        self.case = importlib.import_module(f"{package}.trial.unittest").TestCase()
        self.defer = importlib.import_module(f"{package}.internet.defer")

    def outcome(self, run):
        """What *run* returns or raises, without the package's name and addresses."""
        try:
            result = f"returns {run(self.case, self.defer)!r}"
        except Exception as raised:
            result = f"{type(raised).__name__}: {raised}"
        result = result.replace(self.package, "PACKAGE")
        # where the frames of either implementation would be
        result = re.sub(r"(?ms)^  File .*?(?=^[\w.]+:? )", "", result)
        return re.sub(r"0x[0-9a-f]+", "0x", result)


def late(exception):
    async def coroutine():
        raise exception

    return coroutine()


def call(name, *args, **kwargs):
    return pytest.param(lambda c, d: getattr(c, name)(*args, **kwargs), id=f"{name}{args!r:.40}")


def on(label, run):
    return pytest.param(run, id=label)


def raise_(exception):
    raise exception


CALLS = [
    *(call("assertTrue", *a) for a in [(1,), (0,), (0, "why"), ([], [1])]),
    *(call("assertFalse", *a) for a in [(0,), (1,), (1, "why")]),
    *(call("assertEqual", *a) for a in [(1, 1), (1, 2), (1, 2, "why"), ([1], [2]), ("a", "b")]),
    *(call("assertNotEqual", *a) for a in [(1, 2), (1, 1), (1, 1, "why")]),
    *(call("assertIs", *a) for a in [(1, 1), (1, 2), (1, 2, "why")]),
    *(call("assertIsNot", *a) for a in [(1, 2), (1, 1), (1, 1, "why")]),
    *(call("assertIn", *a) for a in [(1, [1]), (1, [2]), (1, [2], "why"), (1, 5)]),
    *(call("assertNotIn", *a) for a in [(1, [2]), (1, [1]), (1, [1], "why")]),
    *(call("assertSubstring", *a) for a in [("b", "abc"), ("z", "abc"), ("z", "abc", "why")]),
    *(call("assertNotSubstring", *a) for a in [("z", "abc"), ("b", "abc"), ("b", "abc", "why")]),
    *(call("assertAlmostEqual", *a) for a in [(1.0, 1.00000001), (1, 2), (1, 2, 3, "why")]),
    *(call("assertNotAlmostEqual", *a) for a in [(1, 2), (1, 1), (1, 1, 3, "why")]),
    *(call("assertApproximates", *a) for a in [(1, 2, 1), (1, 2, 0.5), (1, 2, 0.5, "why")]),
    *(call("assertIsInstance", *a) for a in [(1, int), (1, str), (1, (str, bytes)), (1, str, "y")]),
    *(call("assertNotIsInstance", *a) for a in [(1, str), (1, int), (1, (int, str))]),
    *(call("fail", *a) for a in [(), ("why",), (5,)]),
    call("assertRaises", ValueError, lambda: 3),
    call("assertRaises", (ValueError, KeyError), lambda: 3),
    call("assertRaises", ValueError, raise_, KeyError("no")),
    call("assertRaises", ValueError, raise_, ValueError("yes")),
    on("success of fired", lambda c, d: c.successResultOf(d.succeed(3))),
    on("success of unfired", lambda c, d: c.successResultOf(d.Deferred())),
    on("success of failed", lambda c, d: c.successResultOf(d.fail(ValueError("no")))),
    on("success of coroutine", lambda c, d: c.successResultOf(late(ValueError("no")))),
    on("success of number", lambda c, d: c.successResultOf(5)),
    on("failure of failed", lambda c, d: c.failureResultOf(d.fail(KeyError(1))).value),
    on("failure of unfired", lambda c, d: c.failureResultOf(d.Deferred(), KeyError)),
    on("failure of fired", lambda c, d: c.failureResultOf(d.succeed(3))),
    on("failure of wrong", lambda c, d: c.failureResultOf(d.fail(KeyError(1)), ValueError)),
    on(
        "failure of two wrong",
        lambda c, d: c.failureResultOf(d.fail(KeyError(1)), ValueError, IndexError),
    ),
    on("failure of coroutine", lambda c, d: c.failureResultOf(late(KeyError(1)), KeyError).type),
    on("no result of unfired", lambda c, d: c.assertNoResult(d.Deferred())),
    on("no result of fired", lambda c, d: c.assertNoResult(d.succeed(3))),
    on("no result of failed", lambda c, d: c.assertNoResult(d.fail(KeyError(1)))),
    on(
        "assertFailure right",
        lambda c, d: c.successResultOf(c.assertFailure(d.fail(KeyError(1)), KeyError)),
    ),
    on(
        "assertFailure of success",
        lambda c, d: c.failureResultOf(c.assertFailure(d.succeed(1), KeyError)).value,
    ),
    on(
        "assertFailure wrong",
        lambda c, d: str(c.failureResultOf(c.assertFailure(d.fail(KeyError(1)), ValueError)).value),
    ),
]


def warn(*texts, category=UserWarning):
    for text in texts:
        warnings.warn(text, category, stacklevel=1)
    return 5


CALLS += [
    call("assertWarns", UserWarning, "this", __file__, warn, "this"),
    call("assertWarns", UserWarning, "this", __file__, warn, "this", "this"),
    call("assertWarns", UserWarning, "this", __file__, warn, "this", "that"),
    call("assertWarns", UserWarning, "this", __file__, warn),
    call("assertWarns", UserWarning, "this", __file__, warn, "that"),
    call("assertWarns", DeprecationWarning, "this", __file__, warn, "this"),
]


@pytest.fixture(scope="module")
def kits():
    pytest.importorskip("twisted")
    return Kit("twisted"), Kit("pcstream")


@pytest.mark.parametrize("run", CALLS)
def test_says_what_twisted_says(kits, run):
    theirs, ours = (kit.outcome(run) for kit in kits)
    assert ours == theirs


def test_older_names_are_the_same_assertions():
    pytest.importorskip("twisted")
    from twisted.trial.unittest import TestCase as Theirs

    def families(cls):
        found: dict[object, set[str]] = {}
        for name in dir(cls):
            if name.startswith(("assert", "fail")) and name != "failureException":
                found.setdefault(getattr(cls, name), set()).add(name)
        return {frozenset(names) for names in found.values() if len(names) > 1}

    # what the standard library adds is not in question
    ours = families(unittest.TestCase)
    assert {f for f in families(Theirs) if any(n.startswith("failUnless") for n in f)} <= ours


class AssertionsTests(unittest.SynchronousTestCase):
    """What cannot be said in a table."""

    def test_raises_as_context(self):
        with self.assertRaises(KeyError) as caught:
            raise KeyError("this")
        self.assertEqual(caught.exception.args, ("this",))

    def test_raises_as_context_without_exception(self):
        outer = self.assertRaises(self.failureException)
        with outer as caught, self.assertRaises(KeyError):
            pass
        self.assertEqual(str(caught.exception), "KeyError not raised (None returned)")

    def test_raises_lets_an_interrupt_through(self):
        def interrupted():
            raise KeyboardInterrupt()

        try:
            self.assertRaises(ValueError, interrupted)
        except KeyboardInterrupt:
            pass
        else:
            self.fail("swallowed")

    def test_no_result_passes_a_later_result_on(self):
        d = defer.Deferred()
        self.assertNoResult(d)
        d.callback(3)
        self.assertEqual(self.successResultOf(d), 3)

    def test_no_result_passes_a_later_failure_on(self):
        d = defer.Deferred()
        self.assertNoResult(d)
        d.errback(KeyError("late"))
        self.failureResultOf(d, KeyError)

    def test_no_result_takes_a_failure_away(self):
        d = defer.fail(KeyError("early"))
        self.assertRaises(self.failureException, self.assertNoResult, d)
        self.assertIs(self.successResultOf(d), None)

    def test_delta_counts(self):
        self.assertAlmostEqual(1, 2, delta=5)
        self.assertNotAlmostEqual(1, 20, delta=5)
        self.assertRaises(self.failureException, self.assertAlmostEqual, 1, 20, delta=5)
        self.assertRaises(self.failureException, self.assertNotAlmostEqual, 1, 2, delta=5)

    def test_warns_in_the_manner_of_the_standard_library(self):
        with self.assertWarns(UserWarning) as caught:
            warnings.warn("hear", UserWarning, stacklevel=1)
        self.assertEqual(str(caught.warning), "hear")
        self.assertWarns(UserWarning, warn, "hear")
        # Up to Python 3.11 it wakes deprecations in whatever modules are loaded.
        self.flushWarnings()


class FlushWarningsTests(unittest.SynchronousTestCase):
    def test_in_order_with_place(self):
        warn("one", "two", "two")
        seen = self.flushWarnings()
        self.assertEqual([w["message"] for w in seen], ["one", "two", "two"])
        self.assertEqual({w["filename"] for w in seen}, {__file__})
        self.assertEqual({w["category"] for w in seen}, {UserWarning})
        self.assertEqual(self.flushWarnings(), [])

    def test_by_function(self):
        def other():
            warnings.warn("other", UserWarning, stacklevel=1)

        warn("one")
        other()
        self.assertEqual([w["message"] for w in self.flushWarnings([other])], ["other"])
        self.assertEqual([w["message"] for w in self.flushWarnings([warn])], ["one"])

    def test_neither_function_nor_method(self):
        warn("kept")
        self.assertRaises(ValueError, self.flushWarnings, [None])
        self.assertEqual(len(self.flushWarnings()), 1)


class Version:
    """Stands for incremental.Version, which the package does not need."""

    package = "Twisted"

    def public(self):
        return "1.2.3"


def deprecated_thing():
    warnings.warn(
        f"{__name__}.deprecated_thing was deprecated in Twisted 1.2.3; "
        "please use other.thing instead",
        DeprecationWarning,
        stacklevel=2,
    )
    return 7


class DeprecationTests(unittest.SynchronousTestCase):
    def test_call(self):
        version = (Version(), "other.thing")
        self.assertEqual(self.callDeprecated(version, deprecated_thing), 7)
        self.assertEqual(self.flushWarnings(), [])

    def test_call_with_other_words(self):
        raised = self.assertRaises(
            self.failureException, self.callDeprecated, Version(), deprecated_thing
        )
        self.assertIn("please use other.thing instead", str(raised))

    def test_call_of_what_is_not_deprecated(self):
        raised = self.assertRaises(self.failureException, self.callDeprecated, Version(), int)
        self.assertEqual(str(raised), f"{int!r} is not deprecated.")

    def test_module_attribute(self):
        import pcstream.test.proto_helpers as module

        class Then(Version):
            def public(self):
                return "19.7.0"

        got = self.getDeprecatedModuleAttribute(
            module.__name__,
            "StringTransport",
            Then(),
            "Please use pcstream.internet.testing.StringTransport instead",
        )
        self.assertEqual(got.__name__, "StringTransport")
        self.assertEqual(self.flushWarnings(), [])

    def test_module_attribute_that_is_not_deprecated(self):
        raised = self.assertRaises(
            self.failureException, self.getDeprecatedModuleAttribute, "os", "path", Version()
        )
        self.assertEqual(str(raised), "os.path is not deprecated.")
