"""A chat over LineReceiver, with three people who each wait for their cue."""

import sys

from twisted.internet import reactor
from twisted.internet.protocol import ClientFactory, Factory
from twisted.protocols.basic import LineReceiver


class Chat(LineReceiver):
    delimiter = b"\n"
    MAX_LENGTH = 60

    def __init__(self, users):
        self.users = users
        self.name = None

    def connectionMade(self):
        self.sendLine(b"Who are you?")

    def lineReceived(self, line):
        text = line.decode("utf-8")
        print("server:", self.name, "<-", text)
        if self.name is None:
            if text in self.users:
                self.sendLine(b"Name taken, please choose another.")
                return
            self.name = text
            self.users[text] = self
            self.tell(f"{text} joined, {len(self.users)} here")
        elif text == "/quit":
            self.sendLine(b"bye")
            self.transport.loseConnection()
        else:
            self.tell(f"<{self.name}> {text}")

    def lineLengthExceeded(self, line):
        print("server: a line too long from", self.name, len(line))
        return LineReceiver.lineLengthExceeded(self, line)

    def tell(self, text):
        for name in sorted(self.users):
            self.users[name].sendLine(text.encode("utf-8"))

    def connectionLost(self, reason):
        print("server:", self.name, "left:", reason.type.__name__)
        if self.users.pop(self.name, None):
            self.tell(f"{self.name} left")


class ChatFactory(Factory):
    def __init__(self):
        self.users = {}

    def buildProtocol(self, addr):
        print("factory: connection from", addr.type, addr.host)
        return Chat(self.users)


class Person(LineReceiver):
    """Says a line when its cue is heard."""

    delimiter = b"\n"

    def __init__(self, name, script):
        self.name = name
        self.script = dict(script)

    def lineReceived(self, line):
        text = line.decode("utf-8")
        print(f"{self.name} hears:", text)
        for say in self.script.pop(text, []):
            if callable(say):
                say(self)
            else:
                self.sendLine(say.encode("utf-8"))

    def connectionLost(self, reason):
        print(f"{self.name} is gone:", reason.type.__name__)
        self.factory.gone(self)


class PersonFactory(ClientFactory):
    left = 3

    def __init__(self, name, script):
        self.args = (name, script)

    def buildProtocol(self, addr):
        person = Person(*self.args)
        person.factory = self
        return person

    def gone(self, person):
        PersonFactory.left -= 1
        if not PersonFactory.left:
            reactor.callLater(0.01, reactor.stop)


def invite(name, script):
    reactor.connectTCP("127.0.0.1", port.getHost().port, PersonFactory(name, script))


ann = {
    "Who are you?": ["ann"],
    "ann joined, 1 here": [lambda _: invite("bob", bob)],
    "bob joined, 2 here": ["hello bob"],
    "<bob> hello ann": [lambda _: invite("cyd", cyd)],
    "cyd left": ["just us two"],
    "bob left": ["/quit"],
}
bob = {
    "Who are you?": ["ann"],
    "Name taken, please choose another.": ["bob"],
    "<ann> hello bob": ["hello ann"],
    "<ann> just us two": ["x" * 61],
}
cyd = {
    "Who are you?": ["cyd"],
    "cyd joined, 3 here": ["Grüße", "/quit"],
}

port = reactor.listenTCP(0, ChatFactory(), interface="127.0.0.1")
invite("ann", ann)
reactor.callLater(30, sys.exit, "took too long")
reactor.run()
print("done")
