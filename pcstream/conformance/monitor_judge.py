"""What is said and done between one producer and one consumer, held against the passive rules.

A :class:`Judge` knows no objects: it is told which call begins and which one has ended, and answers
with the rules that have been broken.  The rules have the numbers of the contract.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["CONSUMER", "PRODUCER", "Call", "Judge"]

#: The two sides, as they are called in reports.
PRODUCER, CONSUMER = "producer", "consumer"

# Contract P2: one more chunk, of which this is the size at most, may come after a pause.
TOLERATED_BYTES = 2**16

# Contract T5: from inside these a connection gives its protocol nothing.
_NO_INPUT_INSIDE = frozenset(
    {"write", "writeSequence", "registerProducer", "consumer's resumeProducing"}
)


class Call:
    """One call that has begun and not ended.

    :ivar name: which method, of the consumer's or the producer's.
    :ivar counts: whether it is a call from one side to the other, not one inside either.
    :ivar written: what was written inside, in bytes.
    :ivar unregistered: the producer was unregistered inside.
    :ivar before: whether somebody was registered when it began.
    """

    __slots__ = ("before", "counts", "name", "unregistered", "written")

    def __init__(self, name: str, counts: bool = True, before: bool = False) -> None:
        self.name = name
        self.counts = counts
        self.before = before
        self.written = 0
        self.unregistered = False


class Judge:
    """Follows one pair.

    :ivar is_registered: whether the producer is.
    :ivar is_push: of which kind it is, or was last; None as long as nobody knows.
    :ivar is_paused: whether a push producer has been paused.
    :ivar stack: the calls that have begun and not ended.
    :ivar bytes_since_pause: written since the last pause returned.
    :ivar is_dead: whether the consumer's connection is gone.
    """

    def __init__(
        self,
        report: Callable[[str, str, str], object],
        limit: int,
        buffered: Callable[[], int | None],
    ) -> None:
        """
        :param report: hears the number of a rule, who broke it, and what was seen.
        :param limit: with more bytes than that the consumer is full.
        :param buffered: how many bytes the consumer holds; None if that cannot be known.
        """
        self._report = report
        self.limit = limit
        self._buffered = buffered
        self.is_registered = False
        self.is_push: bool | None = None
        self.is_paused = False
        self.is_dead = False
        self.stack: list[Call] = []
        self.bytes = 0
        self.bytes_since_pause = 0
        self.passed_on = 0  # by a middle, downstream
        self.is_held_downstream = False
        self._is_occupied = False  # by somebody else
        self._was_registered = False
        self._is_let_go = False  # unregistered, and not registered again
        self._is_stopped = False
        self._may_be_stopped = False  # by its owner
        self._is_aborted = False
        self._has_ended = False  # the protocol has heard connectionLost
        self._was_asked = False
        self._largest = 0
        self._is_excessive = False
        self._told: set[str] = set()  # what is said once for each pause
        self._raised: BaseException | None = None

    # -- any call

    def begin(self, name: str, counts: bool = True) -> Call:
        """*name* has been called."""
        call = Call(name, counts, self.is_registered)
        self.stack.append(call)
        return call

    def end(self, call: Call) -> None:
        """*call* is over, and so is whatever began inside."""
        while self.stack and self.stack.pop() is not call:
            pass
        if not self.stack:
            self._raised = None

    def _is_inside(self, *names: str) -> bool:
        return any(call.name in names for call in self.stack)

    def _is_news(self, raised: BaseException | None) -> bool:
        """Whether an exception comes out here first; further out, it is not told again."""
        if raised is None or raised is self._raised:
            return False
        self._raised = raised
        return True

    def _once(self, rule: str, culprit: str, seen: str) -> None:
        if rule not in self._told:
            self._told.add(rule)
            self._report(rule, culprit, seen)

    # -- what is registered

    def carry_on(self, is_push: bool, is_paused: bool) -> None:
        """The producer has been registered before anybody watched."""
        self.is_registered = self._was_registered = True
        self.is_push = is_push
        self.is_paused = is_paused
        self._was_asked = True

    def registering(self, is_watched: bool, streaming: Any) -> Call:
        """Somebody registers: the producer that is watched, or another."""
        call = self.begin("registerProducer")
        call.before = self.is_registered or self._is_occupied
        if not call.before and is_watched:
            self.is_registered = self._was_registered = True
            self.is_push = bool(streaming)
            self.is_paused = self._is_stopped = self._was_asked = self._is_excessive = False
            self._may_be_stopped = self._is_let_go = False
            self._told.clear()
        return call

    def registered(self, call: Call, is_watched: bool, raised: BaseException | None) -> None:
        """The registration has returned, or raised."""
        if call.before:
            if raised is None and not self.is_dead:
                self._report("C1", CONSUMER, "took a second producer while one was registered")
                self.is_registered = is_watched
                self._is_occupied = not is_watched
            elif raised is not None and not isinstance(raised, RuntimeError):
                self._report(
                    "C1",
                    CONSUMER,
                    f"refused a second producer with {_kind(raised)}, no RuntimeError",
                )
        elif raised is not None or self.is_dead:
            self.is_registered = False
        elif not is_watched:
            self._is_occupied = True

    def unregistering(self) -> Call:
        """The producer is being unregistered."""
        is_part = self._is_inside("stopConsuming", "unregisterProducer")
        call = self.begin("unregisterProducer", counts=not is_part)
        if self.is_registered:
            if (
                self.is_push is False
                and not (self._is_stopped or self.is_dead or is_part)
                and not self._is_inside("resumeProducing", "registerProducer", "stopProducing")
            ):
                self._report("L5", PRODUCER, "was unregistered outside of resumeProducing")
        elif self._was_registered and not (
            self._is_occupied or self._is_stopped or self.is_dead or is_part
        ):
            self._report("P8", PRODUCER, "was unregistered once more")
        return call

    def unregistered(self, call: Call, raised: BaseException | None) -> None:
        """It is."""
        if raised is None:
            self._is_let_go = self._is_let_go or self.is_registered
            self.is_registered = self._is_occupied = self.is_paused = False
            for outer in self.stack:
                outer.unregistered = True

    def finishing(self) -> Call:
        """The consumer is told that there is nothing more to come."""
        if self.is_registered and not self.is_dead:
            self._report("P8", PRODUCER, "is still registered when all is said to be written")
        return self.begin("finish")

    # -- what is written

    def writing(self, name: str) -> Call:
        """Something is being written, by ``write`` or ``writeSequence``."""
        # A writeSequence that is made of writes is counted as a whole.
        return self.begin(name, not (self.stack and self.stack[-1].name == "writeSequence"))

    def writes(self, call: Call, count: int) -> None:
        """It is *count* bytes."""
        if not call.counts or not count:
            return
        self.bytes += count
        self._largest = max(self._largest, count)
        for outer in self.stack:
            outer.written += count
        if self.is_dead:
            return
        if self.is_registered and self.is_push and self.is_paused:
            if not self._is_inside("pauseProducing"):
                self.bytes_since_pause += count
                if self.bytes_since_pause > TOLERATED_BYTES:
                    self._is_excessive = True
                    self._once(
                        "P2",
                        PRODUCER,
                        f"wrote {self.bytes_since_pause} bytes after it was paused",
                    )
        elif self.is_push is False:
            self._judge_pull_write()

    def _judge_pull_write(self) -> None:
        asked = [call for call in self.stack if call.name == "resumeProducing"]
        if asked and asked[-1].unregistered and not self.is_registered:
            self._report("L5", PRODUCER, "wrote after it had been unregistered")
        elif not asked and self.is_registered and not self._is_inside("stopProducing"):
            self._report("L2", PRODUCER, "wrote without having been asked")

    def written(self, call: Call) -> None:
        """The write has returned: the consumer may have become full."""
        if not call.counts or self.is_dead or self._is_aborted or not self.is_registered:
            return
        self._judge_middle()
        if any(outer.name in ("write", "writeSequence") for outer in self.stack[:-1]):
            return  # it is judged when the outermost returns
        held = self._buffered()
        if held is None or held <= self.limit:
            return
        if self.is_push and not self.is_paused:
            self._report("C5", CONSUMER, f"holds {held} bytes and has not paused")
        allowed = self.limit + self._largest + self.bytes_since_pause
        if held > allowed and not self._is_excessive:
            self._once("C26", CONSUMER, f"holds {held} bytes, at most {allowed} were due")

    def _judge_middle(self) -> None:
        held = self.bytes - self.passed_on
        if (
            self.is_held_downstream
            and self.is_push
            and not self.is_paused
            and held > self.limit
            and not self._is_inside("pauseProducing")
        ):
            self._once("X2", CONSUMER, f"is paused, holds {held} bytes, and pauses nobody")

    # -- what the producer is told

    def telling(self, name: str, by_consumer: bool) -> Call:
        """The producer is being called.

        :param name: ``pauseProducing``, ``resumeProducing`` or ``stopProducing``.
        :param by_consumer: whether it may have been the consumer that called; of a producer that
            is a connection, others can be the owner.
        """
        if by_consumer:
            self._judge_call(name)
        call = self.begin(name, by_consumer)
        if name == "pauseProducing":
            if not self.is_paused:
                self.is_paused = True
                self.bytes_since_pause = 0
                self._is_excessive = False
                self._told.clear()
        elif name == "resumeProducing":
            self.is_paused = False
            self.bytes_since_pause = 0
            self._was_asked = True
        return call

    def _judge_call(self, name: str) -> None:
        if self._is_let_go and not self._is_stopped:
            self._report("C12", CONSUMER, f"called {name} of a producer that was unregistered")
        elif name == "stopProducing":
            self._judge_stop()
        elif self._is_aborted:
            self._report("T4", CONSUMER, f"called {name} after abortConnection")
        elif not self.is_registered:
            if self._is_stopped:
                self._report("C12", CONSUMER, f"called {name} of a producer that was stopped")
        elif name == "pauseProducing":
            if self.is_push is False:
                self._report("L6", CONSUMER, "paused a pull producer")
            elif self.is_paused:
                self._report("C8", CONSUMER, "paused a producer that was paused")
        elif self.is_push and not self.is_paused:
            if self._is_inside("registerProducer"):
                self._report("C4", CONSUMER, "resumed a push producer that it was given just now")
            else:
                self._report("C10", CONSUMER, "resumed a push producer that it had not paused")

    def _judge_stop(self) -> None:
        if self._is_inside("abortConnection"):
            self._report("T4", CONSUMER, "stopped its producer from inside abortConnection")
        if self._is_stopped:
            self._report("C19", CONSUMER, "stopped a producer that was stopped")

    def told(self, call: Call, raised: BaseException | None) -> None:
        """The producer's method has returned, or raised."""
        if self._is_news(raised):
            self._report("P6", PRODUCER, f"raised {_kind(raised)} from {call.name}")
        if call.name == "stopProducing":
            self._may_be_stopped = True
            if call.counts:
                self._is_stopped = True
                self.is_registered = self.is_paused = False
        elif (
            call.name == "resumeProducing"
            and raised is None
            and self.is_push is False
            and call.before
            and self.is_registered
            and not (call.written or self.is_dead or self._is_aborted)
        ):
            self._report("L1", PRODUCER, "was asked, wrote nothing and did not unregister")

    # -- the end

    def aborting(self) -> Call:
        """``abortConnection`` has been called."""
        call = self.begin("abortConnection")
        if not self.is_dead:
            self._is_aborted = True
        return call

    def losing(self) -> Call:
        """The consumer is told that its connection is gone."""
        call = self.begin("connectionLost")
        self.is_dead = True
        return call

    def lost(self, call: Call, still_refers: bool) -> None:
        """The consumer has taken note of that.

        :param still_refers: whether it holds its producer as registered.
        """
        if call.before and self.is_registered:
            if not self._may_be_stopped:
                self._report("C19", CONSUMER, "was lost and has not stopped its producer")
            self.is_registered = False
        elif call.before and still_refers:
            self._report("C19", CONSUMER, "was lost and has not let go of its producer")

    def ending(self, reason: str | None) -> Call:
        """The consumer's protocol hears ``connectionLost``.

        :param reason: the name of the exception's class, if there is one.
        """
        if self._has_ended:
            self._report("T5", CONSUMER, "said connectionLost once more")
        elif self._is_inside("abortConnection"):
            self._report("T4", CONSUMER, "said connectionLost from inside abortConnection")
        elif self._is_aborted and reason not in (None, "ConnectionAborted"):
            self._report("T4", CONSUMER, f"was aborted and ended with {reason}")
        if self.is_registered:
            if not self._may_be_stopped:
                self._report(
                    "C19", CONSUMER, "said connectionLost and has not stopped its producer"
                )
            self.is_registered = False
        self._has_ended = self.is_dead = True
        return self.begin("protocol's connectionLost")

    def receiving(self, culprit: str) -> Call:
        """A protocol is given input.

        :param culprit: whose protocol it is, if either side is a connection.
        """
        if culprit == CONSUMER:
            if self._has_ended:
                self._report("T5", CONSUMER, "delivered input after connectionLost")
            inside = _NO_INPUT_INSIDE
        else:
            inside = frozenset({"resumeProducing"})
        found = next((call.name for call in self.stack if call.name in inside), None)
        if found is not None:
            self._report("T5", culprit, f"delivered input from inside {found}")
        return self.begin("dataReceived")

    def closing(self) -> None:
        """Nobody will watch any more."""
        if self.is_registered and self.is_push is False and not (self._was_asked or self.is_dead):
            self._report("C4", CONSUMER, "has never asked its pull producer")


def _kind(raised: BaseException | None) -> str:
    return type(raised).__name__
