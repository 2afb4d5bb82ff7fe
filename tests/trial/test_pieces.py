"""The parts that are usable on their own: suites, decorators, marks, the result adapter, debug."""

from __future__ import annotations

import unittest as pyunit

import pytest

from pcstream.internet import defer
from pcstream.python.failure import Failure
from pcstream.trial import unittest, util


class Sample(unittest.SynchronousTestCase):
    __test__ = False

    def test_passes(self):
        """What it is about.

        And more.
        """

    def test_errors(self):
        raise ZeroDivisionError("error")

    def test_fails(self):
        self.fail("failure")

    def test_skips(self):
        self.skipTest("skip")


class WaitingSample(unittest.TestCase):
    __test__ = False

    async def test_errors(self):
        await defer.fail(KeyError("late"))


class Recorder:
    """A result that knows only what results knew in the beginning."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        if not name.startswith(("add", "start", "stop")) or name in self.unknown:
            raise AttributeError(name)
        return lambda *args: self.calls.append((name, *args))

    unknown = (
        "addSkip",
        "addExpectedFailure",
        "addUnexpectedSuccess",
        "addSubTest",
        "addDuration",
    )


@pytest.mark.parametrize(
    ("case", "error"),
    [
        (Sample("test_errors"), ZeroDivisionError),
        (Sample("test_fails"), unittest.FailTest),
        (Sample("test_skips"), pyunit.SkipTest),
        (WaitingSample("test_errors"), KeyError),
    ],
)
def test_debug_raises_what_went_wrong(case, error):
    with pytest.raises(error):
        case.debug()


def test_debug_of_a_good_test():
    Sample("test_passes").debug()


def test_two_cases_of_one_method_are_two():
    one, other = Sample("test_passes"), Sample("test_passes")
    assert one != other
    assert len({one, other}) == 2


def test_short_description():
    assert Sample("test_passes").shortDescription() == "What it is about."
    assert Sample("test_fails").shortDescription() == "test_fails"


def test_ids_are_those_of_the_standard_library():
    assert Sample("test_passes").id() == f"{__name__}.Sample.test_passes"
    assert repr(Sample("test_passes")) == f"<{__name__}.Sample testMethod=test_passes>"


def test_a_case_without_a_name_passes():
    result = pyunit.TestResult()
    unittest.TestCase().run(result)
    assert (result.testsRun, result.wasSuccessful()) == (1, True)


def test_cleanups_are_run_once():
    case = Sample("test_passes")
    called = []
    case.addCleanup(called.append, 1)
    case.run(pyunit.TestResult())
    case.run(pyunit.TestResult())
    assert called == [1]


def test_a_decorated_test_is_reported_in_place_of_the_inner_one():
    inner = Sample("test_errors")
    outer = unittest.TestDecorator(inner)
    recorder = Recorder()
    outer(recorder)
    assert [(name, test) for name, test, *_ in recorder.calls] == [
        ("startTest", outer),
        ("addError", outer),
        ("stopTest", outer),
    ]
    assert outer.id() == inner.id()
    assert outer.countTestCases() == 1


def test_decorate_changes_suites_in_place():
    case, deep = Sample("test_passes"), Sample("test_passes")
    suite = unittest.TestSuite([case, pyunit.TestSuite([deep])])
    assert unittest.decorate(suite, unittest.TestDecorator) is suite
    first, nested = list(suite)
    [second] = list(nested)
    assert isinstance(first, unittest.TestDecorator)
    assert isinstance(second, unittest.TestDecorator)
    assert (first._originalTest, second._originalTest) == (case, deep)


def test_a_suite_runs_until_it_is_told_to_stop():
    result = pyunit.TestResult()
    result.failfast = True
    suite = unittest.TestSuite([Sample("test_errors"), Sample("test_passes")])
    suite.run(result)
    assert result.testsRun == 1


def test_a_result_that_knows_no_skips_counts_them_as_successes():
    recorder = Recorder()
    case = Sample("test_skips")
    case.run(recorder)
    assert [name for name, *_ in recorder.calls] == ["startTest", "addSuccess", "stopTest"]


def test_adapter_takes_failures():
    original = pyunit.TestResult()
    adapter = unittest.PyUnitResultAdapter(original)
    case = Sample("test_passes")
    adapter.addError(case, Failure(KeyError("never raised")))
    adapter.addFailure(case, Failure(unittest.FailTest("never raised")))
    adapter.addSkip(case, "why")
    adapter.addExpectedFailure(case, Failure(KeyError("expected")))
    adapter.addUnexpectedSuccess(case, unittest.makeTodo("not done"))
    adapter.upDownError(case, None, True, True)
    [(test, text)] = original.errors
    assert test is case
    assert text.endswith("KeyError: 'never raised'\n")
    assert len(original.failures) == len(original.expectedFailures) == 1
    assert original.skipped == [(case, "why")]
    assert original.unexpectedSuccesses == [case]


def test_adapter_shows_where_a_cleaned_failure_came_from():
    try:
        raise KeyError("cleaned")
    except KeyError:
        failure = Failure()
    failure.cleanFailure()
    original = pyunit.TestResult()
    unittest.PyUnitResultAdapter(original).addError(Sample("test_passes"), failure)
    assert "KeyError: 'cleaned'" in original.errors[0][1]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("why", "<Todo reason='why' errors=None>"),
        ((KeyError, "why"), f"<Todo reason='why' errors=[{KeyError!r}]>"),
        (((KeyError, OSError), "why"), f"<Todo reason='why' errors={(KeyError, OSError)!r}>"),
        (5, "None"),
    ],
)
def test_todos(value, text):
    assert repr(unittest.makeTodo(value)) == text


def test_todo_expects():
    any_error, one_error = unittest.makeTodo("why"), unittest.makeTodo((KeyError, "why"))
    assert any_error.expected(Failure(OSError()))
    assert one_error.expected(Failure(KeyError()))
    assert not one_error.expected(Failure(OSError()))
    assert one_error == unittest.makeTodo((KeyError, "why"))


def test_unclean_reactor_text():
    error = util.DirtyReactorAggregateError(["a call"], ["a port"])
    assert str(error).splitlines() == [
        "Reactor was unclean.",
        "DelayedCalls: (set pcstream.internet.base.DelayedCall.debug = True to debug)",
        "a call",
        "Selectables:",
        "a port",
    ]


def test_attributes_are_looked_for_in_order():
    class One:
        pass

    class Two:
        mark = 2

    assert util.acquireAttribute([One, Two], "mark") == 2
    assert util.acquireAttribute([One], "mark", 3) == 3
    with pytest.raises(AttributeError, match="attribute 'mark' not found in"):
        util.acquireAttribute([One], "mark")


class PatchTests(unittest.SynchronousTestCase):
    value = "before"

    def test_restored_and_patched_again(self):
        patch = self.patch(PatchTests, "value", "patched")
        self.assertEqual(self.value, "patched")
        patch.restore()
        self.assertEqual(self.value, "before")
        patch.patch()
        self.assertEqual(self.value, "patched")
        patch.restore()

    def test_what_is_not_there_cannot_be_patched(self):
        self.assertRaises(AttributeError, self.patch, PatchTests, "nothing", 1)


class NestedTests(unittest.SynchronousTestCase):
    """A test that runs a test: what the inner one logs is the inner one's."""

    def test_errors_of_the_inner_test(self):
        from pcstream.python import log

        class Inner(unittest.SynchronousTestCase):
            def test_it(self):
                log.err(ValueError("inner"))

        result = pyunit.TestResult()
        Inner("test_it").run(result)
        self.assertEqual(len(result.errors), 1)
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_no_observer_stays(self):
        from pcstream.python import log

        before = log.theLogPublisher.observers
        Sample("test_errors").run(pyunit.TestResult())
        self.assertEqual(log.theLogPublisher.observers, before)


def test_exception_info_of_a_failure_and_of_anything_else() -> None:
    failure = Failure(ZeroDivisionError("x"))
    assert util.excInfoOrFailureToExcInfo(failure)[:2] == (failure.type, failure.value)
    assert util.excInfoOrFailureToExcInfo((1, 2, 3)) == (1, 2, 3)
