"""The rules of the producer/consumer contract: their numbers, what each demands, and of whom.

Data only. What each rule is for, what Twisted and this package were seen to do about it and how it
is checked is in the documentation, under the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["RULES", "Level", "Rule", "Side"]


class Level(Enum):
    """How binding a rule is, as in RFC 2119."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Side(Enum):
    """Whose conduct a rule is about; the value is how it is called in reports."""

    PUSH_PRODUCER = "push producer"
    PULL_PRODUCER = "pull producer"
    CONSUMER = "consumer"
    TRANSPORT = "transport"
    ADAPTER = "adapter"
    FILE_SENDER = "file sender"
    MIDDLE = "middle"


@dataclass(frozen=True)
class Rule:
    """One rule of the contract.

    :ivar number: a letter for the kind of subject and a number that is never given away again.
    :ivar sentence: what is demanded, in one sentence without its subject's name.
    :ivar level: how binding it is.
    :ivar about: the side that breaks the rule if it is broken.
    """

    number: str
    sentence: str
    level: Level
    about: Side

    def __str__(self) -> str:
        return f"{self.number} ({self.about.value} {self.level.value}): {self.sentence}"


_MUST, _SHOULD, _MAY = Level.MUST, Level.SHOULD, Level.MAY

_PUSH: tuple[tuple[str, Level, str], ...] = (
    ("P1", _MUST, "Produces from the moment it is registered, without waiting to be resumed."),
    ("P2", _MUST, "Writes nothing after a pause has returned, until it is resumed."),
    ("P3", _MUST, "Takes pause and resume as a state: one resume undoes any number of pauses."),
    ("P4", _MUST, "Takes a resume it did not wait for without an exception or a second loop."),
    ("P5", _MUST, "Is finished by a stop, gives back what it holds, and bears a second stop."),
    ("P6", _MUST, "Raises nothing from pauseProducing, resumeProducing or stopProducing."),
    ("P7", _MUST, "Bears a pause inside its own write or resume; the call that came last counts."),
    ("P8", _MUST, "Is unregistered exactly once after its last byte, by itself or by its owner."),
    ("P9", _MUST, "Is finished by a stop while it is paused, without another resume."),
)

_PULL: tuple[tuple[str, Level, str], ...] = (
    ("L1", _MUST, "Writes at least one byte, or unregisters, before each resume returns."),
    ("L2", _MUST, "Writes only while it is being resumed."),
    ("L3", _SHOULD, "Writes once for each resume, and between 16 and 64 KiB."),
    ("L4", _MUST, "Bears its first resume inside registerProducer as well as a turn later."),
    ("L5", _MUST, "Ends by unregistering in a resume, writes no more, and bears a stop in there."),
    ("L6", _MUST, "Is never asked to pause: whoever drives it calls only resume and stop."),
)

_CONSUMER: tuple[tuple[str, Level, str], ...] = (
    ("C1", _MUST, "Refuses a second producer with RuntimeError and keeps the first as it was."),
    ("C2", _MUST, "Stops a producer that is registered after the end, once, and forgets it."),
    ("C3", _MUST, "Accepts a producer while it is closing, and delivers what that one writes."),
    ("C4", _MUST, "Asks a pull producer of its own accord, and leaves a push producer alone."),
    ("C5", _MUST, "Has paused its producer by the time the write that fills it returns."),
    ("C6", _MUST, "Is full with one byte more than its limit, and not with exactly its limit."),
    ("C7", _SHOULD, "Counts only what has not been sent yet when it decides whether it is full."),
    ("C8", _SHOULD, "Does not pause a producer again that it has paused already."),
    ("C9", _MUST, "Resumes whom it has paused as soon as there is room again."),
    ("C10", _MUST, "Never resumes a push producer that it has not paused itself."),
    ("C11", _MUST, "Has forgotten the old pause when it resumes, so that one made inside holds."),
    ("C12", _MUST, "Does not call a producer again once it has been unregistered."),
    ("C13", _MUST, "Takes unregisterProducer with nobody registered for nothing."),
    ("C14", _MUST, "Sends what it has accepted even if the producer is unregistered meanwhile."),
    ("C15", _MUST, "Takes bytes and nothing else, whatever its state; empty bytes do nothing."),
    ("C16", _MUST, "Keeps the order of the write calls, those made inside callbacks included."),
    ("C17", _MUST, "Delivers a producer's writes while closing, and ignores writes when dead."),
    ("C18", _MUST, "Sends all of any iterable given to writeSequence, or nothing if one is bad."),
    ("C19", _MUST, "Stops its producer exactly once when it is lost, and then lets go of it."),
    ("C20", _MUST, "Acts dead already inside the stop that its own loss brings about."),
    ("C21", _MUST, "Closes although stopProducing raises, and logs what was raised."),
    ("C22", _MUST, "Sends what it has accepted although pauseProducing raises."),
    ("C23", _MUST, "Ends the connection with the reason that a resume in the reactor raised."),
    ("C24", _MUST, "Hands on what the first resume raises, and then has nobody registered."),
    ("C25", _MUST, "Asks whether the producer is None, not whether it is true."),
    ("C26", _MUST, "Holds no more than its limit and one write of a producer that behaves."),
    ("C27", _MUST, "Stops what was registered on a connection that never came about."),
    ("C28", _MUST, "Sends each byte once and in order, however the kernel cuts what it is given."),
    (
        "C29",
        _MUST,
        "Does not resume for part of what waits: a paused one is resumed once, at last.",
    ),
    ("C30", _MUST, "Asks a pull producer once for each time that everything has been sent."),
    ("C31", _MUST, "Loses nothing, and calls nobody, when the kernel takes nothing."),
    ("C32", _MUST, "Ends the connection, with one stop, when the kernel fails within a write."),
    ("C33", _MUST, "Counts a sequence as the sum of its pieces, and pauses once for all of it."),
    ("C34", _MUST, "Takes an empty sequence, and one of empty pieces, for nothing."),
    ("C35", _MUST, "Leaves a list given to writeSequence to its caller, who may change it."),
    ("C36", _MUST, "Answers None to write, writeSequence, registering and unregistering."),
    ("C37", _MUST, "Heeds another limit from the next write on, and calls nobody for its sake."),
    ("C38", _SHOULD, "Shows the registered object itself as producer, and None without one."),
    ("C39", _MUST, "Takes a producer back that has unregistered, as the other kind as well."),
    ("C40", _MUST, "Waits for nothing while there is nothing to send, whoever is registered."),
    ("C41", _MUST, "Keeps no reference to a producer that has unregistered."),
)

_TRANSPORT: tuple[tuple[str, Level, str], ...] = (
    ("T1", _MUST, "Sends all that was written before loseConnection, and closes then."),
    ("T2", _MUST, "Waits with the close for the producer to unregister."),
    ("T3", _MUST, "Delivers what is written while closing, up to the unregistration."),
    ("T4", _MUST, "Discards and ends with ConnectionAborted, a turn after abortConnection."),
    ("T5", _MUST, "Says connectionLost once and nothing afterwards; reads only in the reactor."),
    ("T6", _MUST, "Delivers nothing more after it was paused, save the delivery in progress."),
    ("T7", _MUST, "Takes pause and resume as a state in any order, before and after its end."),
    ("T8", _MUST, "Closes although it is paused."),
    ("T9", _MUST, "Loses the connection if stopped; stopConsuming unregisters and loses it."),
    ("T10", _MUST, "Closes the sending half only after buffer and producer have come to an end."),
    ("T11", _MUST, "Stops at once what is registered after the sending half was closed."),
    ("T12", _MUST, "Takes loseWriteConnection for nothing once it is dead."),
    ("T13", _MUST, "Keeps its producer when the peer half-closes, if the protocol can take it."),
    ("T14", _MUST, "Tells the protocol if the writing side is lost, or ends the connection."),
    ("T15", _MUST, "Closes behind the last part when the kernel takes the rest piece by piece."),
    ("T16", _MUST, "Carries its producer over when TLS starts late: paced, asked, stopped once."),
    ("T17", _MUST, "Sends in the clear what came before startTLS, and nothing behind it."),
    ("T18", _MUST, "Discards what waits when it is aborted while closing, and says so."),
    ("T19", _MUST, "Takes a second close for nothing, before the end and after it."),
    ("T20", _MUST, "Stops and tells once if the peer goes while it is closing."),
    ("T21", _MUST, "Leaves alone a producer that unregisters between an abort and the end."),
    ("T22", _SHOULD, "Shows by connected and disconnecting which part of its life it is in."),
    ("T23", _MUST, "Delivers what came before the loss, although a write notices the loss first."),
)

_ADAPTER: tuple[tuple[str, Level, str], ...] = (
    ("A1", _MUST, "Keeps no count of pauses when it drives a pull producer as a push producer."),
    ("A2", _SHOULD, "Yields between two pulls, and waits longer if a pull brought nothing."),
    ("A3", _MUST, "Does not pull after a stop or unregistration, and passes the stop on once."),
    ("A4", _MUST, "Tells the pull producer of its end if its resume raises."),
    ("A5", _MUST, "Holds at most one limit of what is pushed, and gives it only when asked."),
    (
        "A6",
        _SHOULD,
        "Passes back-pressure on when a protocol is made a consumer, or says it cannot.",
    ),
    ("A7", _MUST, "Holds a pause that comes from inside the request it makes."),
)

_FILE_SENDER: tuple[tuple[str, Level, str], ...] = (
    ("F1", _MUST, "Sends one chunk for each resume, and fires with the last byte that it sent."),
    ("F2", _MUST, "Fires at once for an empty file, with an empty text."),
    (
        "F3",
        _MUST,
        "Fires when it is asked for more after the last chunk, and leaves the file open.",
    ),
    ("F4", _MUST, "Fails when stopped, and says that the consumer asked for it."),
    ("F5", _MUST, "Fails with what read, transform or write raised, and unregisters."),
    ("F6", _MUST, "Goes on with the next chunk if transform made nothing of this one."),
    ("F7", _SHOULD, "Ends the transfer if its Deferred is cancelled, and refuses a second start."),
    ("F8", _MUST, "Has the whole file delivered although loseConnection follows the start."),
    ("F9", _MUST, "Does not take a read that returns None for the end of the file."),
    ("F10", _MUST, "Transforms each chunk once, in order, and reads no further than asked."),
    ("F11", _SHOULD, "Can begin another transfer when one is over."),
)

_MIDDLE: tuple[tuple[str, Level, str], ...] = (
    ("X1", _MUST, "Passes every byte on as it came, in order, also what it held back."),
    ("X2", _MUST, "Passes a pause upstream before it holds more than its limit."),
    ("X3", _MUST, "Resumes upstream only when every reason to pause is gone."),
    ("X4", _MUST, "Passes a stop upstream once."),
    ("X5", _MUST, "Passes the end on after all that it still holds."),
    ("X6", _MUST, "Registers as a consumer does, by the state of what is downstream of it."),
    ("X7", _SHOULD, "Passes half-closes in both directions, and shows the transport's own state."),
    ("X8", _MUST, "Delivers all and ends cleanly if one side did; reads when both sides exist."),
    ("X9", _SHOULD, "Makes an abort on one side of an unclean end on the other."),
    (
        "X10",
        _MUST,
        "Passes a loss through any number of layers as one stop, before protocols hear.",
    ),
    ("X11", _MUST, "Passes pauses, requests and bytes through any number of layers unaltered."),
    ("X12", _MUST, "Passes a refusal through any number of layers, the first producer unharmed."),
)

# What happens inside a callback: of these the consumer's conduct is judged ...
_REENTRANT_CONSUMER: tuple[tuple[str, Level, str], ...] = (
    ("R1", _MUST, "Takes a write made inside a pause, and does not pause again in there."),
    ("R2", _MUST, "Bears a close inside a pause: what was accepted is sent once, and first."),
    ("R3", _MUST, "Bears an abort inside a pause: nobody is called before the stop."),
    ("R4", _MUST, "Treats who is registered inside another's pause as nobody it has paused."),
    ("R5", _MUST, "Bears a close inside a resume, and sends what was written in there."),
    ("R6", _MUST, "Bears an abort inside a resume: no more calls but the stop."),
    ("R7", _MUST, "Bears another registration inside a resume, of either kind."),
    ("R8", _MUST, "Never asks a pull producer from inside its own write."),
    ("R9", _MUST, "Bears a close, an abort and an unregistration inside the stop of its loss."),
    ("R17", _MUST, "Keeps one write together although another is made inside it."),
    ("R18", _MUST, "Sends what is written in a resume behind the unregistration."),
    ("R19", _MUST, "Keeps the order of calls legal, whatever is called inside which callback."),
)

# ... and of these the transport's.
_REENTRANT_TRANSPORT: tuple[tuple[str, Level, str], ...] = (
    ("R10", _MUST, "Takes every call inside connectionLost as a dead transport does."),
    ("R11", _MUST, "Can be written to, given a producer, paused and closed in connectionMade."),
    ("R12", _MUST, "Delivers no more after a close or an abort inside dataReceived."),
    ("R13", _MUST, "Ends with what dataReceived raised as the reason, after one stop."),
    ("R14", _MUST, "Ignores a write, and closes if told so, inside writeConnectionLost."),
    ("R15", _MUST, "Sends a write, and closes if told so, inside readConnectionLost."),
    ("R16", _MUST, "Closes its descriptor although connectionLost raises, and logs that."),
)


def _all_rules() -> dict[str, Rule]:
    by_side = [
        (Side.PUSH_PRODUCER, _PUSH),
        (Side.PULL_PRODUCER, _PULL),
        (Side.CONSUMER, _CONSUMER),
        (Side.TRANSPORT, _TRANSPORT),
        (Side.ADAPTER, _ADAPTER),
        (Side.FILE_SENDER, _FILE_SENDER),
        (Side.MIDDLE, _MIDDLE),
        (Side.CONSUMER, _REENTRANT_CONSUMER),
        (Side.TRANSPORT, _REENTRANT_TRANSPORT),
    ]
    return {
        number: Rule(number, sentence, level, side)
        for side, rules in by_side
        for number, level, sentence in rules
    }


#: Every rule by its number, in the order of the documentation.
RULES: dict[str, Rule] = _all_rules()
