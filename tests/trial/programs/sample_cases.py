"""Test cases of every kind, good and bad. Run by test_verdicts.py, in processes of its own."""

import gc
import unittest as pyunit
import warnings

from pcstream.internet import defer, protocol, reactor, task
from pcstream.python import log
from pcstream.trial import unittest, util


def soon(result=None):
    return task.deferLater(reactor, 0, lambda: result)


class Waiting(unittest.TestCase):
    """Tests that wait for something."""

    def test_deferred_passes(self):
        return defer.succeed(1)

    def test_deferred_later(self):
        d = soon(3)
        return d.addCallback(self.assertEqual, 3)

    def test_fails_in_callback(self):
        return soon().addCallback(lambda _: self.assertEqual(1, 2))

    def test_error_in_callback(self):
        return soon().addCallback(lambda _: 1 / 0)

    def test_failed_deferred(self):
        return defer.fail(KeyError("never raised"))

    async def test_coroutine_passes(self):
        self.assertEqual(await soon(4), 4)

    async def test_coroutine_fails(self):
        await soon()
        self.fail("in a coroutine")

    @defer.inlineCallbacks
    def test_inline_callbacks_pass(self):
        self.assertEqual((yield soon(5)), 5)

    @defer.inlineCallbacks
    def test_inline_callbacks_fail(self):
        yield soon()
        self.fail("in a generator")

    def test_generator(self):
        yield soon()

    def test_assert_failure(self):
        return self.assertFailure(soon().addCallback(lambda _: 1 / 0), ZeroDivisionError)

    def test_assert_failure_missed(self):
        return self.assertFailure(soon(6), ZeroDivisionError)

    def test_reactor_runs(self):
        return soon().addCallback(lambda _: self.assertTrue(reactor.running))

    def test_results_of(self):
        self.assertEqual(self.successResultOf(defer.succeed(7)), 7)
        self.failureResultOf(defer.fail(KeyError()), KeyError)
        self.assertNoResult(defer.Deferred())


class TimeOuts(unittest.TestCase):
    timeout = 0.2

    def test_never_fires(self):
        return defer.Deferred()

    test_never_fires.timeout = 0.05

    def test_class_timeout(self):
        return defer.Deferred()

    def test_waits_for_another(self):
        return defer.succeed(None).addCallback(lambda _: defer.Deferred())

    def test_in_time(self):
        return soon()

    async def test_coroutine_is_unwound(self):
        try:
            await defer.Deferred()
        finally:
            log.msg("unwound")

    def test_cleanup_never_ends(self):
        self.addCleanup(defer.Deferred)

    def test_errback_takes_it(self):
        return defer.Deferred().addErrback(lambda f: f.trap(defer.TimeoutError) and None)


class SlowSetUp(unittest.TestCase):
    def setUp(self):
        return defer.Deferred()

    setUp.timeout = 0.05
    timeout = 0.05

    def test_not_reached(self):
        print("this must not run")


class Fixtures(unittest.TestCase):
    """setUp, cleanups and tearDown that wait, in this order."""

    async def setUp(self):
        self.order = ["setUp"]
        await soon()

    async def tearDown(self):
        await soon()
        self.order.append("tearDown")
        if self.order != ["setUp", "test", "second", "first", "tearDown"]:
            raise AssertionError(self.order)

    def test_order(self):
        def note(word):
            return soon().addCallback(lambda _: self.order.append(word))

        self.addCleanup(note, "first")
        self.addCleanup(note, "second")
        return note("test")


class BadFixtures(unittest.TestCase):
    def setUp(self):
        if "setup" in self._testMethodName:
            self.fail("setUp fails")

    def tearDown(self):
        if "teardown" in self._testMethodName:
            return defer.fail(ValueError("tearDown fails"))

    def test_setup_fails(self):
        print("this must not run")

    def test_teardown_fails(self):
        pass

    def test_cleanup_fails(self):
        self.addCleanup(lambda: 1 / 0)

    def test_cleanup_skips(self):
        self.addCleanup(lambda: self.skipTest("too late"))

    def test_all_fail_teardown(self):
        self.addCleanup(lambda: 1 / 0)
        self.fail("the test fails first")


class Unclean(unittest.TestCase):
    def test_delayed_call(self):
        reactor.callLater(1000, int)

    def test_call_is_gone(self):
        self.assertEqual(reactor.getDelayedCalls(), [])

    def test_due_call_is_clean(self):
        reactor.callLater(0, int)

    def test_open_port(self):
        reactor.listenTCP(0, protocol.Factory())

    def test_port_is_gone(self):
        self.assertEqual(reactor.removeAll(), [])

    def test_closed_port(self):
        port = reactor.listenTCP(0, protocol.Factory(), interface="127.0.0.1")
        return defer.maybeDeferred(port.stopListening)


class LoggedErrors(unittest.TestCase):
    def test_logged(self):
        log.err(ZeroDivisionError("logged"))

    def test_next_is_free(self):
        pass

    def test_flushed(self):
        log.err(ZeroDivisionError("logged"))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_flushed_another(self):
        log.err(ZeroDivisionError("logged"))
        self.assertEqual(self.flushLoggedErrors(KeyError), [])

    def test_in_delayed_call(self):
        reactor.callLater(0, lambda: 1 / 0)
        return soon()

    def test_forgotten_deferred(self):
        defer.fail(ZeroDivisionError("forgotten"))

    def test_forgotten_cycle(self):
        # What is in no young generation is left to a later collection.
        gc.collect()
        d = defer.fail(ZeroDivisionError("forgotten"))
        d.myself = d


class Skips(unittest.TestCase):
    def test_raised(self):
        raise unittest.SkipTest("raised")

    def test_raised_pyunit(self):
        raise pyunit.SkipTest("raised pyunit")

    def test_called(self):
        self.skipTest("called")

    def test_marked(self):
        self.fail("not skipped")

    test_marked.skip = "marked"

    @pyunit.skip("decorated")
    def test_decorated(self):
        self.fail("not skipped")

    def test_later(self):
        return soon().addCallback(lambda _: self.skipTest("later"))


class ClassSkip(unittest.TestCase):
    skip = "class"

    def setUp(self):
        raise AssertionError("not skipped")

    def test_it(self):
        pass


class SetUpSkip(unittest.SynchronousTestCase):
    def setUp(self):
        raise unittest.SkipTest("in setUp")

    def test_it(self):
        pass


class Todos(unittest.TestCase):
    def test_fails(self):
        self.fail("of course")

    test_fails.todo = "not done"

    def test_errors_later(self):
        return soon().addCallback(lambda _: 1 / 0)

    test_errors_later.todo = (ZeroDivisionError, "division not done")

    def test_other_error(self):
        raise KeyError("another")

    test_other_error.todo = (ZeroDivisionError, "division not done")

    def test_passes(self):
        pass

    test_passes.todo = "not done"


class Synchronous(unittest.SynchronousTestCase):
    def test_passes(self):
        self.assertEqual(1, 1)

    def test_fails(self):
        self.assertIn(1, [2])

    def test_logged(self):
        log.err(ZeroDivisionError("logged"))

    def test_exits(self):
        raise SystemExit(3)


class Warnings(unittest.SynchronousTestCase):
    def test_flushed(self):
        warnings.warn("about this", stacklevel=1)
        self.assertEqual([w["message"] for w in self.flushWarnings()], ["about this"])

    def test_not_flushed(self):
        warnings.warn("a warning that is shown", stacklevel=1)

    def test_suppressed(self):
        warnings.warn("a warning that is suppressed", stacklevel=1)

    test_suppressed.suppress = [util.suppress(message=".*suppressed")]

    def test_assert_warns(self):
        def warn():
            warnings.warn("hear me", DeprecationWarning, stacklevel=1)
            return 3

        returned = self.assertWarns(DeprecationWarning, "hear me", __file__, warn)
        self.assertEqual(returned, 3)


class Patches(unittest.SynchronousTestCase):
    value = "before"

    def test_a_patch(self):
        self.patch(Patches, "value", "patched")
        self.assertEqual(self.value, "patched")

    def test_b_restored(self):
        self.assertEqual(self.value, "before")


class ClassFixtures(pyunit.TestCase):
    """A case of the standard library's, beside ours."""

    def test_beside(self):
        self.assertEqual(1, 1)


class Last(unittest.TestCase):
    def test_reactor_still_runs(self):
        return soon(1).addCallback(self.assertEqual, 1)
