"""The log: messages, errors, contexts, observers, and text files."""

import io
import warnings

from twisted.python import context, failure, log

seen = []


def observer(event):
    seen.append(event)


def plain(event):
    keys = ("message", "isError", "system", "why", "colour", "logLevel")
    return {key: event[key] for key in keys if key in event}


log.addObserver(observer)
log.msg("hello", "world")
log.msg("coloured", colour="green")
log.msg(format="%(a)s and %(b)d", a="one", b=2)
log.callWithContext({"system": "here"}, log.msg, "in a context")
log.msg("explicit", system="there")
try:
    raise ValueError("bad value")
except ValueError:
    log.err()
log.err(KeyError("key"), "while looking")
log.err(failure.Failure(RuntimeError("given")))
log.err("not even an exception")
for event in seen:
    print(plain(event))
    if event["isError"] and "failure" in event:
        print("  failure:", event["failure"].type.__name__, event["failure"].getErrorMessage())
    print("  text:", log.textFromEventDict(event).split("\n")[0])
seen.clear()


class Logger(log.Logger):
    def logPrefix(self):
        return "the logger"


def work(n):
    log.msg("working", n)
    return n + 1


print("result", log.callWithLogger(Logger(), work, 1))
log.callWithLogger(Logger(), int, "no number")
for event in seen:
    print(plain(event))
seen.clear()

log.removeObserver(observer)
log.msg("unseen")
print("unseen:", seen)

out = io.StringIO()
written = log.FileLogObserver(out)
written.timeFormat = "TIME"
written.start()
log.msg("to the file")
log.msg("two\nlines", system="multi")
log.err(ValueError("in the file"), "why not")
written.stop()
for line in out.getvalue().split("\n"):
    print("file:", line)

print(context.get("absent", "default"))
print(context.call({"present": 1}, context.get, "present"))


def faulty(event):
    raise RuntimeError("a bad observer")


log.addObserver(observer)
log.addObserver(faulty)
log.msg("survives")
print([plain(event).get("message") for event in seen][:1])
log.removeObserver(faulty)
with warnings.catch_warnings(record=True):
    log.removeObserver(observer)
print("done")
