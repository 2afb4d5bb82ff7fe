"""Run test modules with unittest, and write the verdicts as JSON: OUT MODULE..."""

import json
import sys
import unittest

verdicts = {}


class Recorder(unittest.TextTestResult):
    def note(self, test, word, text=""):
        name = ".".join(test.id().split(".")[-2:])
        verdicts.setdefault(name, []).append([word, text])

    def addSuccess(self, test):
        super().addSuccess(test)
        self.note(test, "passed")

    def addError(self, test, err):
        super().addError(test, err)
        self.note(test, "error", self.errors[-1][1])

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note(test, "failed", self.failures[-1][1])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.note(test, "skipped", str(reason))

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.note(test, "todo", self.expectedFailures[-1][1])

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.note(test, "unexpected")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            word = "failed" if issubclass(err[0], test.failureException) else "error"
            self.note(test, word, str(subtest) + str(err[1]))


class Runner(unittest.TextTestRunner):
    resultclass = Recorder


program = unittest.main(
    module=None,
    argv=["unittest", *sys.argv[2:]],
    testRunner=Runner,
    exit=False,
)
with open(sys.argv[1], "w") as out:
    json.dump(verdicts, out)
sys.exit(not program.result.wasSuccessful())
