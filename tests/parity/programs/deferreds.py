"""Deferreds: chains, failures, collections, cancelling, time-outs, locks and queues."""

import gc

from twisted.internet import defer, task
from twisted.python import failure, log

reported = []
log.addObserver(lambda event: reported.append(event) if event.get("isError") else None)


def show(name):
    def shown(result):
        if isinstance(result, failure.Failure):
            print(name, "failed:", result.type.__name__, result.getErrorMessage())
        else:
            print(name, "got:", result)
        return result

    return shown


def fail(_):
    raise ZeroDivisionError("by hand")


def chains():
    d = defer.Deferred()
    d.addCallback(show("1")).addCallback(lambda n: n + 1).addBoth(show("2"))
    d.addCallback(fail).addErrback(show("3")).addErrback(lambda f: f.trap(ZeroDivisionError))
    d.addCallback(lambda kind: kind.__name__).addCallbacks(show("4"), show("no"))
    print("before", d.called)
    d.callback(1)
    print("after", d.called, d.result)
    try:
        d.callback(2)
    except defer.AlreadyCalledError as error:
        print("again:", type(error).__name__, error)
    inner = defer.Deferred()
    outer = defer.succeed("start")
    outer.addCallback(lambda _: inner).addCallback(show("outer"))
    print("outer paused:", outer.paused)
    inner.addCallback(show("inner"))
    inner.callback("from inside")
    print("inner result:", inner.result)
    d = defer.Deferred()
    print(str(d).split(" at ")[0])
    ready = defer.succeed(1)
    ready.pause()
    ready.addCallback(show("paused"))
    print("nothing yet")
    ready.unpause()


def collections():
    a, b, c = defer.Deferred(), defer.Deferred(), defer.Deferred()
    dl = defer.DeferredList([a, b, c], consumeErrors=True)
    dl.addCallback(
        lambda rows: print("list:", [(ok, r if ok else r.getErrorMessage()) for ok, r in rows])
    )
    b.callback("b")
    a.errback(ValueError("a"))
    c.callback("c")
    a, b = defer.Deferred(), defer.Deferred()
    one = defer.DeferredList([a, b], fireOnOneCallback=True)
    one.addCallback(show("one"))
    b.callback("second")
    a.callback("first")
    a, b = defer.Deferred(), defer.Deferred()
    both = defer.gatherResults([a, b], consumeErrors=True)
    both.addErrback(
        lambda f: print("gather:", f.type.__name__, f.value.index, f.value.subFailure.value)
    )
    b.errback(KeyError("b"))
    a.callback(1)
    print("empty:", defer.gatherResults([]).result)
    defer.maybeDeferred(lambda: 5).addCallback(show("maybe"))
    defer.maybeDeferred(fail, None).addErrback(show("maybe")).addErrback(lambda _: None)
    defer.execute(int, "12").addCallback(show("execute"))
    raced = defer.race([defer.Deferred(), defer.succeed("quick")])
    raced.addCallback(show("race"))


def cancelling():
    d = defer.Deferred(lambda d: print("canceller called"))
    d.addErrback(show("cancelled"))
    d.addErrback(lambda f: f.trap(defer.CancelledError) and None)
    d.cancel()
    print("result", d.result)
    d = defer.Deferred().addErrback(lambda f: f.type.__name__)
    d.cancel()
    d.callback("too late, and ignored")
    print("result", d.result)

    d = defer.Deferred(lambda d: d.callback("answer of the canceller"))
    d.addCallback(show("cancelled kindly"))
    d.cancel()

    inner = defer.Deferred(lambda _: print("inner canceller"))
    outer = defer.succeed(None).addCallback(lambda _: inner)
    outer.addErrback(show("outer"))
    outer.addErrback(lambda _: None)
    outer.cancel()

    clock = task.Clock()
    d = defer.Deferred()
    d.addTimeout(3, clock)
    d.addErrback(show("time-out")).addErrback(lambda _: None)
    clock.advance(2.9)
    print("still waiting")
    clock.advance(0.2)
    d = defer.Deferred()
    d.addTimeout(3, clock, onTimeoutCancel=lambda result, timeout: f"gave up after {timeout}")
    d.addCallback(show("custom"))
    clock.advance(3)
    d = defer.Deferred()
    d.addTimeout(3, clock)
    d.addCallback(show("in time"))
    d.callback("fine")
    print("calls left", len(clock.getDelayedCalls()))


@defer.inlineCallbacks
def waits(name, *deferreds):
    print(name, "starts")
    try:
        for d in deferreds:
            print(name, "got", (yield d))
    except defer.CancelledError:
        print(name, "was cancelled")
        raise
    finally:
        print(name, "ends")
    return name.upper()


def generators():
    first, second = defer.Deferred(), defer.Deferred()
    d = waits("gen", first, second).addCallback(show("gen"))
    first.callback(1)
    second.callback(2)
    d = waits("stopped", defer.Deferred())
    d.addErrback(lambda f: print("stopped:", f.type.__name__))
    d.cancel()

    async def coroutine(d):
        try:
            return await d
        except ValueError as error:
            return f"caught {error}"

    d = defer.Deferred()
    defer.ensureDeferred(coroutine(d)).addCallback(show("coroutine"))
    d.errback(ValueError("thrown in"))
    try:
        defer.ensureDeferred(5)
    except defer.NotACoroutineError as error:
        print("not a coroutine:", error)

    @defer.inlineCallbacks
    def plain():
        return 3

    try:
        plain()
    except TypeError as error:
        print("plain:", str(error).split(">")[-1])


def locks():
    lock = defer.DeferredLock()
    lock.acquire().addCallback(lambda _: print("lock: first"))
    waiting = lock.acquire()
    waiting.addErrback(lambda f: print("lock: second", f.type.__name__))
    lock.acquire().addCallback(lambda _: print("lock: third"))
    waiting.cancel()
    lock.release()
    print("locked", lock.locked)
    lock.release()
    print("locked", lock.locked)
    lock.run(lambda: "run").addCallback(show("lock"))

    semaphore = defer.DeferredSemaphore(2)
    held = [defer.Deferred() for _ in range(3)]
    for n, d in enumerate(held):
        semaphore.run(lambda n, d: print("semaphore:", n) or d, n, d)
    held[1].callback(None)
    print("tokens", semaphore.tokens)
    held[0].callback(None)
    held[2].callback(None)
    print("tokens", semaphore.tokens)

    queue = defer.DeferredQueue(size=2, backlog=1)
    queue.get().addCallback(show("queue"))
    try:
        queue.get()
    except defer.QueueUnderflow as error:
        print("underflow", repr(error))
    for n in range(3):
        queue.put(n)
    try:
        queue.put(4)
    except defer.QueueOverflow as error:
        print("overflow", repr(error))


def unhandled():
    defer.fail(RuntimeError("nobody listens"))
    gc.collect()
    for event in reported:
        print("logged:", log.textFromEventDict(event).split("\n")[0])
        if event.get("failure"):
            print("logged:", event["failure"].type.__name__, event["failure"].getErrorMessage())


def failures():
    try:
        raise KeyError("kept")
    except KeyError:
        f = failure.Failure()
    print(f, repr(f).split(" <")[0], f.check(LookupError), f.check(ValueError))
    try:
        f.trap(ValueError)
    except failure.Failure as raised:
        print("trap raises itself", raised is f)
    except KeyError as raised:
        print("trap raises the exception", raised)
    print(f.getBriefTraceback().split("\n")[0])
    print(f.getTraceback().split("\n")[0])
    try:
        f.raiseException()
    except KeyError as error:
        print("raised", error)
    f.cleanFailure()


for part in (chains, collections, cancelling, generators, locks, unhandled, failures):
    print("---", part.__name__)
    part()
print("done")
