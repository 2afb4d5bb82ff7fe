"""LoopingCall jobs: on a Clock, with counts, with Deferreds, with failures, and on the reactor."""

import sys

from twisted.internet import defer, reactor, task


def on_a_clock():
    clock = task.Clock()
    seen = []
    job = task.LoopingCall(lambda: seen.append(clock.seconds()))
    job.clock = clock
    done = job.start(2.0)
    done.addCallback(lambda result: print("job is done, same object:", result is job))
    clock.pump([1, 1, 1, 1, 0.5, 0.5])
    print("ran at", seen, "running", job.running)
    job.interval = 0.5
    clock.pump([2, 0.5, 0.5])
    print("ran at", seen)
    job.reset()
    clock.advance(0.4)
    print("after reset", seen[-1], len(clock.getDelayedCalls()))
    job.stop()
    print("stopped", job.running, len(clock.getDelayedCalls()))
    try:
        job.stop()
    except AssertionError as error:
        print("stop again:", error)


def not_now():
    clock = task.Clock()
    job = task.LoopingCall(print, "late job says", "hello")
    job.clock = clock
    job.start(1, now=False)
    clock.advance(0.5)
    print("half time")
    clock.advance(0.5)
    try:
        job.start(1)
    except AssertionError as error:
        print("start again:", error)
    try:
        task.LoopingCall(print).start(-1)
    except ValueError as error:
        print("negative:", error)
    job.stop()


def with_count():
    clock = task.Clock()
    counts = []
    job = task.LoopingCall.withCount(counts.append)
    job.clock = clock
    job.start(1)
    clock.advance(1)
    clock.advance(3.5)
    clock.advance(0.5)
    clock.advance(10)
    print("counts", counts)
    job.stop()


def waits_for_deferred():
    clock = task.Clock()
    waiting = []

    def work():
        print("work at", clock.seconds())
        waiting.append(defer.Deferred())
        return waiting[-1]

    job = task.LoopingCall(work)
    job.clock = clock
    job.start(1)
    clock.advance(5)
    print("still one:", len(waiting))
    waiting[0].callback(None)
    clock.advance(0.5)
    clock.advance(0.5)
    print("now two:", len(waiting))
    job.stop()
    waiting[1].callback(None)
    print("calls left", len(clock.getDelayedCalls()))


def fails():
    clock = task.Clock()
    rounds = []

    def work():
        rounds.append(1)
        if len(rounds) == 3:
            raise ValueError("third time unlucky")

    job = task.LoopingCall(work)
    job.clock = clock
    done = job.start(1)
    done.addErrback(lambda f: print("failed:", f.type.__name__, f.getErrorMessage()))
    clock.pump([1, 1, 1, 1])
    print("rounds", len(rounds), "running", job.running)


@defer.inlineCallbacks
def on_the_reactor():
    ticks = []
    job = task.LoopingCall(ticks.append, "tick")

    def tick():
        ticks.append("tick")
        if len(ticks) == 5:
            job.stop()

    job.f, job.a = tick, ()
    yield job.start(0.001)
    print("reactor:", len(ticks), "ticks")
    d = task.deferLater(reactor, 0.001, lambda a, b=0: a + b, 2, b=3)
    print("deferLater:", (yield d))
    coop = task.Cooperator()
    order = []

    def count(name, n):
        for i in range(n):
            order.append(f"{name}{i}")
            yield None

    both = [coop.coiterate(count("a", 3)), coop.coiterate(count("b", 2))]
    yield defer.DeferredList(both)
    print("cooperated:", order)
    t = coop.cooperate(count("c", 1000))
    t.pause()
    t.resume()
    t.stop()
    try:
        yield t.whenDone()
    except task.TaskStopped as stopped:
        print("stopped task:", type(stopped).__name__)
    reactor.stop()


on_a_clock()
not_now()
with_count()
waits_for_deferred()
fails()
reactor.callWhenRunning(on_the_reactor)
reactor.callLater(30, sys.exit, "took too long")
reactor.run()
print("done")
