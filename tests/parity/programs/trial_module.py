"""A trial-style test module, run by the standard library's runner."""

import sys
import unittest as stdlib_unittest

from twisted.internet import defer, reactor, task
from twisted.internet.protocol import Factory, Protocol
from twisted.python import log
from twisted.trial import unittest

events = []


class Fixtures(unittest.TestCase):
    def setUp(self):
        events.append("setUp")
        return task.deferLater(reactor, 0, events.append, "setUp waited")

    def tearDown(self):
        events.append("tearDown")
        return defer.succeed(None)

    def test_deferred(self):
        self.addCleanup(events.append, "cleanup one")
        self.addCleanup(lambda: task.deferLater(reactor, 0, events.append, "cleanup two"))
        d = task.deferLater(reactor, 0, lambda: 5)
        d.addCallback(self.assertEqual, 5)
        d.addCallback(lambda _: events.append("test"))
        return d

    async def test_coroutine(self):
        await task.deferLater(reactor, 0, lambda: None)
        events.append("coroutine")

    @defer.inlineCallbacks
    def test_generator(self):
        yield self.assertFailure(defer.fail(KeyError("x")), KeyError)
        events.append("generator")


class Outcomes(unittest.TestCase):
    def test_fails(self):
        d = task.deferLater(reactor, 0, lambda: 1)
        return d.addCallback(self.assertEqual, 2)

    def test_errs(self):
        return defer.fail(RuntimeError("deliberate"))

    def test_times_out(self):
        return defer.Deferred()

    test_times_out.timeout = 0.05

    def test_logs_an_error(self):
        log.err(ValueError("logged"), "why")

    def test_flushes(self):
        log.err(ValueError("logged"), "why")
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_skipped(self):
        raise unittest.SkipTest("not today")

    def test_skip_attribute(self):
        events.append("never")

    test_skip_attribute.skip = "not ever"

    def test_leaves_a_call(self):
        reactor.callLater(60, lambda: None)

    def test_leaves_a_port(self):
        factory = Factory.forProtocol(Protocol)
        factory.noisy = False
        self.port = reactor.listenTCP(0, factory, interface="127.0.0.1")


class Synchronous(unittest.SynchronousTestCase):
    value = "original"

    def test_results(self):
        self.assertEqual(self.successResultOf(defer.succeed(3)), 3)
        self.failureResultOf(defer.fail(KeyError("k")), KeyError)
        self.assertNoResult(defer.Deferred())

    def test_no_result(self):
        self.successResultOf(defer.Deferred())

    def test_wrong_failure(self):
        self.failureResultOf(defer.fail(KeyError("k")), ValueError)

    def test_patch(self):
        patch = self.patch(type(self), "value", "patched")
        events.append(self.value)
        patch.restore()
        events.append(self.value)

    def test_assertions(self):
        self.assertIs(None, None)
        self.assertIn(1, [1])
        self.assertApproximates(1.0, 1.1, 0.2)
        self.assertIdentical(self, self)
        error = self.assertRaises(ZeroDivisionError, lambda: 1 / 0)
        events.append(str(error))
        with self.assertRaises(KeyError) as caught:
            {}["k"]
        events.append(type(caught.exception).__name__)

    def test_mktemp(self):
        events.append(isinstance(self.mktemp(), str))


class Listing(stdlib_unittest.TestResult):
    def startTest(self, test):
        print("start", test.id().partition(".")[2])
        super().startTest(test)

    def stopTest(self, test):
        print("stop", events)
        events.clear()
        super().stopTest(test)


if __name__ == "__main__":
    suite = stdlib_unittest.TestSuite()
    for case in (Fixtures, Outcomes, Synchronous):
        suite.addTest(stdlib_unittest.defaultTestLoader.loadTestsFromTestCase(case))
    result = Listing()
    suite.run(result)
    print("ran", result.testsRun, "successful", result.wasSuccessful())
    for name in ("errors", "failures", "skipped", "expectedFailures", "unexpectedSuccesses"):
        print("---", name)
        for entry in getattr(result, name):
            case, text = entry if isinstance(entry, tuple) else (entry, "")
            lines = [line for line in str(text).strip().split("\n") if not line.startswith(" ")]
            print(
                case.id().partition(".")[2],
                "|",
                lines[-1].split(" 0x")[0].split(" at ")[0].split(" on ")[0],
            )
    sys.stdout.flush()
