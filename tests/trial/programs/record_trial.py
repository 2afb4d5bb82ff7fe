"""Run test modules with Twisted's trial, and write the verdicts as JSON: OUT MODULE..."""

import json
import sys

from twisted.trial import reporter, runner

verdicts = {}


class Recorder(reporter.Reporter):
    def note(self, test, word, text=""):
        name = ".".join(test.id().split(".")[-2:])
        verdicts.setdefault(name, []).append([word, str(text)])

    def addSuccess(self, test):
        super().addSuccess(test)
        self.note(test, "passed")

    def addError(self, test, error):
        super().addError(test, error)
        self.note(test, "error", self.errors[-1][1].getTraceback())

    def addFailure(self, test, fail):
        super().addFailure(test, fail)
        self.note(test, "failed", self.failures[-1][1].getTraceback())

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.note(test, "skipped", reason)

    def addExpectedFailure(self, test, error, todo=None):
        super().addExpectedFailure(test, error, todo)
        self.note(test, "todo", todo.reason if todo else "")

    def addUnexpectedSuccess(self, test, todo=None):
        super().addUnexpectedSuccess(test, todo)
        self.note(test, "unexpected", todo.reason if todo else "")


class Runner(runner.TrialRunner):
    def _makeResult(self):
        return Recorder(self.stream, self.tbformat, self.rterrors, self._log)


suite = runner.TestLoader().loadByNames(sys.argv[2:], recurse=True)
result = Runner(Recorder, workingDirectory="trial_here").run(suite)
with open(sys.argv[1], "w") as out:
    json.dump(verdicts, out)
sys.exit(not result.wasSuccessful())
