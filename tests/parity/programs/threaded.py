"""Work in threads: deferToThread, callInThread, callFromThread, blocking calls."""

import sys
import threading

from twisted.internet import defer, reactor, threads
from twisted.python import threadable

started = threading.Event()


def in_io_thread():
    return threadable.isInIOThread()


def square(n, plus=0):
    if n < 0:
        raise ValueError("negative")
    return n * n + plus


@defer.inlineCallbacks
def session():
    print("in the reactor's thread:", in_io_thread())
    print("square:", (yield threads.deferToThread(square, 12, plus=1)))
    try:
        yield threads.deferToThread(square, -1)
    except ValueError as error:
        print("failed:", error)
    print("other thread:", not (yield threads.deferToThread(in_io_thread)))

    seen = []
    told = defer.Deferred()

    def worker(name):
        for n in range(3):
            reactor.callFromThread(seen.append, (name, n))
        reactor.callFromThread(told.callback, None)

    reactor.callInThread(worker, "w")
    yield told
    print("told in order:", seen)

    def blocking():
        first = threads.blockingCallFromThread(reactor, lambda: "plain")
        second = threads.blockingCallFromThread(reactor, defer.succeed, "deferred")
        try:
            threads.blockingCallFromThread(reactor, defer.fail, KeyError("lost"))
        except KeyError as error:
            third = error
        return first, second, third

    print("blocking:", (yield threads.deferToThread(blocking)))

    done = defer.Deferred()
    threads.callMultipleInThread(
        [(print, ("one",), {}), (print, ("two",), {"end": "!\n"})]
        + [(lambda: reactor.callFromThread(done.callback, None), (), {})]
    )
    yield done

    pool = reactor.getThreadPool()
    print("pool:", pool.min, pool.max, pool.started)
    reactor.suggestThreadPoolSize(3)
    print("pool:", pool.max)
    results = []
    finished = defer.Deferred()

    def on_result(success, result):
        results.append((success, result if success else result.type.__name__))
        if len(results) == 2:
            reactor.callFromThread(finished.callback, None)

    pool.callInThreadWithCallback(on_result, square, 3)
    pool.callInThreadWithCallback(on_result, square, -3)
    yield finished
    print("results:", sorted(results))
    order = []
    reactor.callFromThread(order.append, "from thread")
    yield threads.deferToThread(lambda: None)
    print(order)
    reactor.stop()


reactor.callWhenRunning(session)
reactor.callLater(30, sys.exit, "took too long")
reactor.run()
print("pool stopped:", reactor.threadpool is None)
print("done")
