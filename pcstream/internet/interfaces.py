"""What each kind of object must offer: the interfaces that the whole package is written against.

An interface names methods; :func:`zope.interface.verify.verifyObject` asks whether they are there.
What they have to *do* is said in the docstrings, and for producers, consumers and transports in
numbered rules (P producers, L pull producers, C consumers, T transports), which are quoted by
their numbers.

Where it says that a method returns a Deferred the annotation is ``Any``: the class lives on a
higher floor than this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NewType

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from socket import AddressFamily

    from pcstream.python.failure import Failure


class IAddress(Interface):
    """Where something is reached; see :mod:`pcstream.internet.address` for the kinds there are.

    Addresses compare equal, and hash alike, if they lead to the same place.
    """


class IConnector(Interface):
    """One attempt after another to connect to one place, and the connection that came of it."""

    def stopConnecting() -> None:
        """Give up the attempt that is under way.

        :raises NotConnectingError: none is.
        """

    def disconnect() -> None:
        """Give up the attempt, or close the connection, whichever there is."""

    def connect() -> None:
        """Try once more, with the same factory; for ``clientConnectionLost`` and ``…Failed``."""

    def getDestination() -> IAddress:
        """Where the connector leads."""


class IResolverSimple(Interface):
    """Turns a host name into one IPv4 address."""

    def getHostByName(name: str, timeout: Sequence[int] = ()) -> Any:
        """Look up an IPv4 address.

        :param timeout: seconds to wait for each of the tries; empty for the resolver's own choice.
        :return: a Deferred of the address in dotted form; it fails with
            :class:`~pcstream.internet.error.DNSLookupError`.
        """


class IHostResolution(Interface):
    """A lookup under way."""

    name: str = Attribute("""The host name that is looked up.""")

    def cancel() -> None:
        """Stop looking; ``resolutionComplete`` is still called on the receiver."""


class IResolutionReceiver(Interface):
    """Told what a lookup finds, as it finds it."""

    def resolutionBegan(resolutionInProgress: IHostResolution) -> None:
        """The lookup has started; always the first call.

        :param resolutionInProgress: by which the lookup can be cancelled.
        """

    def addressResolved(address: IAddress) -> None:
        """One more address was found."""

    def resolutionComplete() -> None:
        """The lookup has ended, whether anything was found or not; always the last call."""


class IHostnameResolver(Interface):
    """Turns a host name into any number of addresses of any kind."""

    def resolveHostName(
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """Look up a host's addresses.

        :param resolutionReceiver: is told of each.
        :param hostName: the name; one with non-ASCII letters is encoded by IDNA.
        :param portNumber: goes into the addresses unchanged.
        :param addressTypes: the classes that are wanted; None for IPv4 and IPv6.
        :param transportSemantics: ``"TCP"`` or ``"UDP"``; goes into the addresses.
        :return: what ``resolutionBegan`` got as well.
        """


class IResolver(IResolverSimple):
    """Looks up any kind of record in the domain name system.

    Each of the lookups takes the name and the seconds to wait for each of the tries, and returns
    a Deferred of three lists of records: answers, authority, additional.
    """

    def query(query: Any, timeout: Sequence[int]) -> Any:
        """Put any question: the one that the lookups below are written with."""

    def lookupAddress(name: str, timeout: Sequence[int]) -> Any:
        """IPv4 addresses (A)."""

    def lookupAddress6(name: str, timeout: Sequence[int]) -> Any:
        """IPv6 addresses in the obsolete form (A6)."""

    def lookupIPV6Address(name: str, timeout: Sequence[int]) -> Any:
        """IPv6 addresses (AAAA)."""

    def lookupMailExchange(name: str, timeout: Sequence[int]) -> Any:
        """Mail servers (MX)."""

    def lookupNameservers(name: str, timeout: Sequence[int]) -> Any:
        """Name servers (NS)."""

    def lookupCanonicalName(name: str, timeout: Sequence[int]) -> Any:
        """The name that this one stands for (CNAME)."""

    def lookupMailBox(name: str, timeout: Sequence[int]) -> Any:
        """The host of a mailbox (MB)."""

    def lookupMailGroup(name: str, timeout: Sequence[int]) -> Any:
        """The members of a mail group (MG)."""

    def lookupMailRename(name: str, timeout: Sequence[int]) -> Any:
        """The new name of a mailbox (MR)."""

    def lookupPointer(name: str, timeout: Sequence[int]) -> Any:
        """The name that an address belongs to (PTR)."""

    def lookupAuthority(name: str, timeout: Sequence[int]) -> Any:
        """Who answers for a zone (SOA)."""

    def lookupNull(name: str, timeout: Sequence[int]) -> Any:
        """Null records (NULL)."""

    def lookupWellKnownServices(name: str, timeout: Sequence[int]) -> Any:
        """What services a host offers (WKS)."""

    def lookupHostInfo(name: str, timeout: Sequence[int]) -> Any:
        """A host's machine and system (HINFO)."""

    def lookupMailboxInfo(name: str, timeout: Sequence[int]) -> Any:
        """Who is responsible for a mailbox or a list (MINFO)."""

    def lookupText(name: str, timeout: Sequence[int]) -> Any:
        """Free text (TXT)."""

    def lookupResponsibility(name: str, timeout: Sequence[int]) -> Any:
        """Who is responsible for a name (RP)."""

    def lookupAFSDatabase(name: str, timeout: Sequence[int]) -> Any:
        """Servers of an AFS cell (AFSDB)."""

    def lookupService(name: str, timeout: Sequence[int]) -> Any:
        """Where a service is offered (SRV)."""

    def lookupAllRecords(name: str, timeout: Sequence[int]) -> Any:
        """Everything (ANY)."""

    def lookupSenderPolicy(name: str, timeout: Sequence[int]) -> Any:
        """Who may send a domain's mail (SPF)."""

    def lookupNamingAuthorityPointer(name: str, timeout: Sequence[int]) -> Any:
        """Rules for rewriting a name (NAPTR)."""

    def lookupZone(name: str, timeout: Sequence[int]) -> Any:
        """A whole zone (AXFR)."""


class _Binding:
    """What a socket is to be bound to, and how its address may be shared."""

    __slots__ = ("_address", "_port", "_reuseAddress", "_reusePort")

    def __init__(
        self,
        address: str | None = None,
        port: int = 0,
        reuseAddress: bool = False,
        reusePort: bool = False,
    ) -> None:
        self._address = address
        self._port = port
        self._reuseAddress = reuseAddress
        self._reusePort = reusePort

    def _key(self) -> tuple[str | None, int, bool, bool]:
        return (self._address, self._port, self._reuseAddress, self._reusePort)

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, _Binding) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        pairs = zip(self.__slots__, self._key(), strict=True)
        return "_Binding(" + ", ".join(f"{name}={value!r}" for name, value in pairs) + ")"


#: A local address with the options for sharing it, made by ``pcstream.internet.tcp.makeBinding``.
Binding = NewType("Binding", _Binding)


class IReactorTCP(Interface):
    """Listens and connects over TCP."""

    def listenTCP(
        port: int, factory: IProtocolFactory, backlog: int = 50, interface: str = ""
    ) -> IListeningPort:
        """Accept connections, each with a protocol of the factory's.

        :param port: 0 for one that the system picks.
        :param backlog: how many connections may wait in the kernel to be accepted.
        :param interface: the local address, IPv4 or IPv6; empty for all IPv4 addresses.
        :raises CannotListenError: the address cannot be bound.
        """

    def connectTCP(
        host: str,
        port: int,
        factory: Any,
        timeout: float = 30.0,
        bindAddress: Binding | tuple[str, int] | None = None,
    ) -> IConnector:
        """Connect, with a protocol of the factory's.

        :param factory: a ``ClientFactory``; it also hears of the attempt's failure.
        :param host: a name, or an IPv4 or IPv6 address.
        :param timeout: seconds after which the attempt fails; None for the kernel's own limit.
        :param bindAddress: local host and port to connect from.
        """


class IReactorTCP2(IReactorTCP):
    """As :class:`IReactorTCP`, and takes a :data:`Binding` wherever there is a local address."""

    def listenTCP(
        port: int,
        factory: IProtocolFactory,
        backlog: int = 50,
        interface: Binding | str | None = None,
    ) -> IListeningPort:
        """As in :class:`IReactorTCP`.

        :param port: with a :data:`Binding` that has a port of its own, this has to be 0.
        :param interface: a local address, or a :data:`Binding`.
        """

    def connectTCP(
        host: str,
        port: int,
        factory: Any,
        timeout: float = 30.0,
        bindAddress: Binding | tuple[str, int] | None = None,
    ) -> IConnector:
        """As in :class:`IReactorTCP`."""


class IReactorSSL(Interface):
    """Listens and connects over TLS."""

    def connectSSL(
        host: str,
        port: int,
        factory: Any,
        contextFactory: Any,
        timeout: float,
        bindAddress: tuple[str, int] | None,
    ) -> IConnector:
        """As ``connectTCP``, with TLS from the first byte on.

        :param contextFactory: makes the TLS context.
        """

    def listenSSL(
        port: int,
        factory: IProtocolFactory,
        contextFactory: Any,
        backlog: int = 50,
        interface: str = "",
    ) -> IListeningPort:
        """As ``listenTCP``, with TLS from the first byte on.

        :param contextFactory: makes the TLS context.
        """


class IReactorUNIX(Interface):
    """Listens and connects over UNIX stream sockets."""

    def connectUNIX(
        address: str | bytes, factory: Any, timeout: float = 30, checkPID: bool = False
    ) -> IConnector:
        """Connect to the socket with that path.

        :param timeout: seconds after which the attempt fails.
        :param checkPID: see first whether the lock file says that the server lives.
        """

    def listenUNIX(
        address: str | bytes,
        factory: IProtocolFactory,
        backlog: int = 50,
        mode: int = 0o666,
        wantPID: bool = False,
    ) -> IListeningPort:
        """Accept connections on the socket with that path.

        :param mode: the permissions of the socket's file.
        :param wantPID: keep a lock file beside the socket, and remove a socket left behind by a
            process that is gone.
        :raises CannotListenError: the address cannot be bound.
        """


class IReactorUNIXDatagram(Interface):
    """Sends and receives datagrams over UNIX sockets."""

    def connectUNIXDatagram(
        address: str | bytes,
        protocol: Any,
        maxPacketSize: int,
        mode: int,
        bindAddress: str | bytes | None,
    ) -> IConnector:
        """Exchange datagrams with the socket of that path only.

        :param maxPacketSize: bytes; what is longer is cut off.
        :param mode: the permissions of our own socket's file.
        :param bindAddress: the path of our own socket.
        """

    def listenUNIXDatagram(
        address: str | bytes, protocol: Any, maxPacketSize: int, mode: int
    ) -> IListeningPort:
        """Receive datagrams at the socket of that path.

        :param maxPacketSize: bytes; what is longer is cut off.
        :param mode: the permissions of the socket's file.
        """


class IReactorWin32Events(Interface):
    """Waits for Windows event objects."""

    def addEvent(event: Any, fd: Any, action: str) -> None:
        """Call a method when an event is set.

        :param event: the event's handle.
        :param fd: the object with the method.
        :param action: the method's name.
        """

    def removeEvent(event: Any) -> None:
        """Stop waiting for the event."""


class IReactorUDP(Interface):
    """Sends and receives UDP datagrams."""

    def listenUDP(port: int, protocol: Any, interface: str, maxPacketSize: int) -> IListeningPort:
        """Open a port for datagrams.

        :param protocol: a ``DatagramProtocol``; its transport sends.
        :param interface: the local address; empty for all IPv4 addresses.
        :param maxPacketSize: bytes; what is longer is cut off.
        """


class IReactorMulticast(Interface):
    """Sends and receives UDP datagrams in multicast groups."""

    def listenMulticast(
        port: int,
        protocol: Any,
        interface: str = "",
        maxPacketSize: int = 8192,
        listenMultiple: bool = False,
    ) -> IListeningPort:
        """Open a port whose transport is an :class:`IMulticastTransport`.

        :param maxPacketSize: bytes; what is longer is cut off.
        :param listenMultiple: let other sockets, of other processes too, have the same port.
        """


class IReactorSocket(Interface):
    """Takes over sockets that were made elsewhere, such as by systemd.

    Each method works on a duplicate of the descriptor; the caller closes its own.
    """

    def adoptStreamPort(
        fileDescriptor: int, addressFamily: AddressFamily, factory: IProtocolFactory
    ) -> IListeningPort:
        """Accept connections on a stream socket that is bound and listening already.

        :param addressFamily: ``AF_INET``, ``AF_INET6`` or ``AF_UNIX``.
        :raises UnsupportedAddressFamily: it is another.
        """

    def adoptStreamConnection(
        fileDescriptor: int, addressFamily: AddressFamily, factory: IProtocolFactory
    ) -> Any:
        """Go on with a connected stream socket, with a protocol of the factory's.

        :raises UnsupportedAddressFamily: the family is none that the reactor handles.
        """

    def adoptDatagramPort(
        fileDescriptor: int, addressFamily: AddressFamily, protocol: Any, maxPacketSize: int
    ) -> IListeningPort:
        """Exchange datagrams over a bound datagram socket.

        :raises UnsupportedAddressFamily: the family is none that the reactor handles.
        """


class IReactorProcess(Interface):
    """Starts child processes."""

    def spawnProcess(
        processProtocol: IProcessProtocol,
        executable: bytes | str,
        args: Sequence[bytes | str],
        env: Mapping[bytes, bytes] | Mapping[str, str] | None = None,
        path: bytes | str | None = None,
        uid: int | None = None,
        gid: int | None = None,
        usePTY: bool | tuple[int, int, int] = False,
        childFDs: Mapping[int, int | str] | None = None,
    ) -> IProcessTransport:
        """Start a program.

        :param processProtocol: is told what the child writes and how it ends.
        :param executable: the program's path; it is not searched for.
        :param args: the arguments, the program's own name first.
        :param env: the environment; None to inherit this process's, ``{}`` for an empty one.
        :param path: the directory to start in.
        :param uid: the user to become; needs the right to do so.
        :param gid: the group to become.
        :param usePTY: give the child a terminal for its three standard descriptors.  Not together
            with *childFDs*.
        :param childFDs: what each of the child's descriptors is: ``"r"`` a pipe that this process
            reads, ``"w"`` one that it writes, a number one of our own descriptors.  By default
            0 is ``"w"``, 1 and 2 are ``"r"``.
        """


class IReactorTime(Interface):
    """Tells the time and calls functions later."""

    def seconds() -> float:
        """The time in seconds; its zero depends on the reactor."""

    def callLater(
        delay: float, callable: Callable[..., Any], *args: object, **kwargs: object
    ) -> IDelayedCall:
        """Call a function after *delay* seconds, at least 0, never from inside this call."""

    def getDelayedCalls() -> Sequence[IDelayedCall]:
        """The calls that are still to come, in no particular order."""


class IDelayedCall(Interface):
    """A call that ``callLater`` promised.

    Each method but :meth:`active` raises ``AlreadyCalled`` or ``AlreadyCancelled`` where that is
    the case; :meth:`getTime` never raises.
    """

    def getTime() -> float:
        """When the call is due, in the seconds of the reactor's clock."""

    def cancel() -> None:
        """Never make the call."""

    def delay(secondsLater: float) -> None:
        """Put the call off by so many seconds from when it was due."""

    def reset(secondsFromNow: float) -> None:
        """Put the call at so many seconds from now."""

    def active() -> bool:
        """Whether the call is still to come."""


class IReactorFromThreads(Interface):
    """Takes calls from other threads."""

    def callFromThread(callable: Callable[..., Any], *args: object, **kwargs: object) -> None:
        """Call a function soon in the reactor's thread.

        The one method that any thread, and a signal handler, may call.  Calls made by one thread
        run in their order.
        """


class IReactorInThreads(Interface):
    """Runs calls in other threads."""

    def callInThread(callable: Callable[..., Any], *args: object, **kwargs: object) -> None:
        """Call a function in a thread of the pool; what it raises is logged."""


class IReactorThreads(IReactorFromThreads, IReactorInThreads):
    """Works with a pool of threads, in both directions."""

    def getThreadPool() -> Any:
        """The pool that ``callInThread`` uses."""

    def suggestThreadPoolSize(size: int) -> None:
        """Let the pool have up to *size* threads."""


class IReactorCore(Interface):
    """Starts, stops, and tells others of either."""

    running: bool = Attribute("""True from when the reactor is running until it begins to stop.""")

    def resolve(name: str, timeout: Sequence[int] = (1, 3, 11, 45)) -> Any:
        """Look up a host's IPv4 address.

        :param timeout: seconds to wait for each of the tries.
        :return: a Deferred of the address in dotted form.
        """

    def run() -> None:
        """Fire the ``startup`` event, then handle what happens until :meth:`stop`.

        :raises ReactorAlreadyRunning: the reactor runs.
        :raises ReactorNotRestartable: it has run before.
        """

    def stop() -> None:
        """Fire the ``shutdown`` event, let its Deferreds finish, and make :meth:`run` return.

        :raises ReactorNotRunning: the reactor does not run.
        """

    def crash() -> None:
        """Make :meth:`run` return at once, without the ``shutdown`` event."""

    def iterate(delay: float) -> None:
        """Handle what has happened, once, waiting up to *delay* seconds for it.

        For programs that have a loop of their own, and for tests.
        """

    def fireSystemEvent(eventType: str) -> None:
        """Run the triggers of an event: ``"startup"``, ``"shutdown"``, ``"persist"``."""

    def addSystemEventTrigger(
        phase: str, eventType: str, callable: Callable[..., Any], *args: object, **kwargs: object
    ) -> Any:
        """Have a function called when an event is fired.

        :param phase: ``"before"`` (a Deferred returned here is waited for), ``"during"`` or
            ``"after"``.
        :return: what :meth:`removeSystemEventTrigger` takes.
        """

    def removeSystemEventTrigger(triggerID: Any) -> None:
        """Take a trigger back.

        :raises ValueError: there is no such trigger.
        """

    def callWhenRunning(callable: Callable[..., Any], *args: object, **kwargs: object) -> Any:
        """Call a function at once if the reactor runs, else as soon as it does.

        :return: what :meth:`removeSystemEventTrigger` takes, or None if the call was made.
        """


class IReactorPluggableResolver(Interface):
    """Lets the resolver be replaced that :meth:`IReactorCore.resolve` asks."""

    def installResolver(resolver: IResolverSimple) -> IResolverSimple:
        """Ask that one from now on.

        :return: the one that was asked until now.
        """


class IReactorPluggableNameResolver(Interface):
    """Lets the resolver be replaced that host names of connections are given to."""

    nameResolver: IHostnameResolver = Attribute("""The resolver in use.""")

    def installNameResolver(resolver: IHostnameResolver) -> IHostnameResolver:
        """Use that one from now on.

        :return: the one that was used until now.
        """


class IReactorDaemonize(Interface):
    """Has to be told when the process forks into the background."""

    def beforeDaemonize() -> None:
        """The process is about to fork; the parent will exit."""

    def afterDaemonize() -> None:
        """The process is the child now."""


class IReactorFDSet(Interface):
    """Watches file descriptors, those of other people's objects too.

    A descriptor object may be added twice without harm, and removed without having been added.
    """

    def addReader(reader: IReadDescriptor) -> None:
        """Call its ``doRead`` whenever it can be read from."""

    def addWriter(writer: IWriteDescriptor) -> None:
        """Call its ``doWrite`` whenever it can be written to."""

    def removeReader(reader: IReadDescriptor) -> None:
        """Stop watching it for reading."""

    def removeWriter(writer: IWriteDescriptor) -> None:
        """Stop watching it for writing."""

    def removeAll() -> Sequence[IReadDescriptor | IWriteDescriptor]:
        """Stop watching everything but what the reactor needs itself.

        :return: what was watched.
        """

    def getReaders() -> Sequence[IReadDescriptor]:
        """What is watched for reading."""

    def getWriters() -> Sequence[IWriteDescriptor]:
        """What is watched for writing."""


class IListeningPort(Interface):
    """An open port."""

    def startListening() -> None:
        """Open it.

        :raises CannotListenError: the address cannot be bound.
        """

    def stopListening() -> Any:
        """Close it; connections that were accepted go on.

        :return: a Deferred that fires once it is closed, or None if it already is.
        """

    def getHost() -> IAddress:
        """The address that it is bound to."""


class ILoggingContext(Interface):
    """Has a name in the log."""

    def logPrefix() -> str:
        """The text that messages logged on its behalf are marked with."""


class IFileDescriptor(ILoggingContext):
    """Something with a file descriptor that the reactor can watch."""

    def fileno() -> int:
        """The descriptor's number, or -1 once it is closed."""

    def connectionLost(reason: Failure) -> None:
        """The connection is gone, or the reactor stops: let go of the descriptor."""


class IReadDescriptor(IFileDescriptor):
    """Can be watched for reading."""

    def doRead() -> Failure | Exception | None:
        """Read what there is, without blocking.

        :return: an error or a Failure to have the connection closed with it, else None.
        """


class IWriteDescriptor(IFileDescriptor):
    """Can be watched for writing."""

    def doWrite() -> Failure | Exception | None:
        """Write what there is room for, without blocking.

        :return: an error or a Failure to have the connection closed with it, else None.
        """


class IReadWriteDescriptor(IReadDescriptor, IWriteDescriptor):
    """Can be watched for both."""


class IHalfCloseableDescriptor(Interface):
    """A descriptor of which one direction can end before the other."""

    def writeConnectionLost(reason: Failure) -> None:
        """Nothing more can be written."""

    def readConnectionLost(reason: Failure) -> None:
        """Nothing more will be read."""


class ISystemHandle(Interface):
    """Wraps an object of the operating system."""

    def getHandle() -> Any:
        """That object: a socket, as a rule."""


class IConsumer(Interface):
    """Takes bytes, and tells a registered producer when to stop and when to go on.

    At most one producer is registered at a time.  A consumer is *full* when it holds more unsent
    bytes than its limit.  Whatever it calls on the producer comes in this order and in no other::

        push:  register (pause+ resume)* [pause+]  ( unregister | stop [unregister] )
        pull:  register resume+                    ( unregister | stop [unregister] )
    """

    def registerProducer(producer: IProducer, streaming: bool) -> None:
        """Take *producer* as the one whose bytes come through :meth:`write`.

        A push producer is not resumed, for it produces already; a pull producer is, without
        further provocation (C4), within this call or in a later turn.  On a dead consumer the
        producer is stopped before this returns, and not kept (C2); while closing it is accepted
        (C3).

        :param producer: any object with the methods, declared or not, also one that is false
            (C25).
        :param streaming: true for a push producer, false for a pull producer.
        :raises RuntimeError: a producer is registered, be it this one; it stays registered (C1).
        """

    def unregisterProducer() -> None:
        """Let the producer go: not one call on it after this returns (C12).

        What it has written is still sent (C14).  Without a producer this does nothing (C13).
        """

    def write(data: bytes) -> None:
        """Take *data* whole, now, and deliver it after what came before (C16).

        If this makes the consumer full, a push producer is paused before this returns (C5), and
        resumed once there is room (C9).  Once dead, data is dropped in silence (C17).

        :raises TypeError: *data* is not ``bytes``, whatever the state (C15).
        """


class IProducer(Interface):
    """Gives bytes to a consumer.  None of its methods raises (P6)."""

    def stopProducing() -> None:
        """Stop for good and release what is held (P5); a second call does no harm.

        Called because the consumer has no use for more, mostly since its connection is lost, and
        then before the protocol hears of it (C19).
        """


class IPushProducer(IProducer):
    """Writes on its own account, from registration on (P1), until it is told to wait.

    Pausing and resuming are a state, not a count (P3): a pause may come several times in a row,
    also from inside the producer's own ``write``, and the last call counts (P7).  After its last
    byte the producer unregisters, once (P8).
    """

    def pauseProducing() -> None:
        """Write nothing more until resumed; what is on the call stack may finish (P2)."""

    def resumeProducing() -> None:
        """Go on writing.  Harmless if it was not paused (P4)."""


class IPullProducer(IProducer):
    """Writes only when it is asked.

    It is never paused (L6).  Its first request may arrive inside ``registerProducer`` or a turn
    later (L4).
    """

    def resumeProducing() -> None:
        """Write once, 16 to 64 KiB by rule of thumb (L3), or unregister, before returning (L1).

        A producer that does neither is never asked again.  It does not write at other times (L2).
        """


class IProtocol(Interface):
    """What an application does with one connection."""

    def dataReceived(data: bytes) -> None:
        """Bytes have come; where a message ends and the next begins is for the protocol to find.

        Never called from inside a call that the protocol makes to its transport (T5).
        """

    def connectionLost(reason: Failure) -> None:
        """The connection is gone; called once, and nothing after it (T5).

        :param reason: wraps ``ConnectionDone`` for a close in order, ``ConnectionLost`` or a kin of
            it for any other.
        """

    def makeConnection(transport: ITransport) -> None:
        """Keep the transport and call :meth:`connectionMade`."""

    def connectionMade() -> None:
        """The connection stands and ``transport`` can be used."""


class IProcessProtocol(Interface):
    """What an application does with one child process."""

    def makeConnection(process: IProcessTransport) -> None:
        """The process has been started."""

    def childDataReceived(childFD: int, data: bytes) -> None:
        """The child has written to one of its descriptors.

        :param childFD: the number that the descriptor has in the child.
        """

    def childConnectionLost(childFD: int) -> None:
        """The pipe to one of the child's descriptors is closed.

        :param childFD: the number that the descriptor has in the child.
        """

    def processExited(reason: Failure) -> None:
        """The child has ended; its pipes may still hold data.

        :param reason: wraps ``ProcessDone`` or ``ProcessTerminated``.
        """

    def processEnded(reason: Failure) -> None:
        """The child has ended and all its pipes are closed; called once, and nothing after it.

        :param reason: wraps ``ProcessDone`` or ``ProcessTerminated``.
        """


class IHalfCloseableProtocol(Interface):
    """A protocol that goes on when one direction of its connection has ended (T13).

    Without this interface the end of one direction ends the connection.
    """

    def readConnectionLost() -> None:
        """The other side will send nothing more."""

    def writeConnectionLost() -> None:
        """We can send nothing more.

        If neither direction is left, ``connectionLost`` follows.
        """


class IHandshakeListener(Interface):
    """A protocol that wants to know when TLS is ready."""

    def handshakeCompleted() -> None:
        """The handshake is over: the peer's certificate and the protocol chosen are known."""


class IFileDescriptorReceiver(Interface):
    """A protocol that is given the descriptors that come over its UNIX socket."""

    def fileDescriptorReceived(descriptor: int) -> None:
        """A descriptor has come; it is the protocol's to close."""


class IProtocolFactory(Interface):
    """Makes a protocol for each connection."""

    def buildProtocol(addr: IAddress) -> IProtocol | None:
        """A protocol for the connection with that peer, or None to close it at once."""

    def doStart() -> None:
        """Called for each port or connector that begins to use the factory."""

    def doStop() -> None:
        """Called for each one that no longer uses it."""


class ITransport(Interface):
    """A connection, as its protocol sees it.

    Nothing here raises because the connection is gone, and nothing blocks.
    """

    def write(data: bytes) -> None:
        """Send *data*, after what was written before.

        :raises TypeError: *data* is not ``bytes`` (C15).
        """

    def writeSequence(data: Iterable[bytes]) -> None:
        """Send each of the pieces, in order.

        :param data: any iterable, gone through once (C18).
        :raises TypeError: one of them is not ``bytes``; none of them is sent then (C18).
        """

    def loseConnection() -> None:
        """Close the connection once everything is sent that has been written (T1).

        Waits for a registered producer to unregister (T2; an idle push producer is stopped).
        """

    def getPeer() -> IAddress:
        """The other side's address."""

    def getHost() -> IAddress:
        """Our side's address."""


class ITCPTransport(ITransport):
    """A TCP connection."""

    def loseWriteConnection() -> None:
        """Close our sending direction once everything is sent that has been written (T10).

        The other side is told in order; what it sends still arrives.  Does nothing once the
        connection is gone (T12).
        """

    def abortConnection() -> None:
        """Close the connection without sending what is left.

        The protocol hears of it in a later turn, with ``ConnectionAborted``; a second call does
        nothing (T4).
        """

    def getTcpNoDelay() -> bool:
        """Whether ``TCP_NODELAY`` is set."""

    def setTcpNoDelay(enabled: bool) -> None:
        """Set ``TCP_NODELAY``: send small pieces without waiting for more to put with them."""

    def getTcpKeepAlive() -> bool:
        """Whether ``SO_KEEPALIVE`` is set."""

    def setTcpKeepAlive(enabled: bool) -> None:
        """Set ``SO_KEEPALIVE``: find out that the other side is gone, within hours as a rule."""

    def getHost() -> IAddress:
        """Our side's address, an ``IPv4Address`` or ``IPv6Address``."""

    def getPeer() -> IAddress:
        """The other side's address, an ``IPv4Address`` or ``IPv6Address``."""


class IUNIXTransport(ITransport):
    """A connection over a UNIX stream socket."""

    def sendFileDescriptor(descriptor: int) -> None:
        """Send a duplicate of a descriptor along with the next byte that is written.

        Keep it open until it is sent.  Each needs a byte of its own to go with, or the connection
        ends with ``FileDescriptorOverrun``.
        """


class IOpenSSLServerConnectionCreator(Interface):
    """Makes the TLS connection of a server's transport."""

    def serverConnectionForTLS(tlsProtocol: Any) -> Any:
        """A new ``OpenSSL.SSL.Connection`` for that protocol."""


class IOpenSSLClientConnectionCreator(Interface):
    """Makes the TLS connection of a client's transport."""

    def clientConnectionForTLS(tlsProtocol: Any) -> Any:
        """A new ``OpenSSL.SSL.Connection`` for that protocol."""


class IProtocolNegotiationFactory(Interface):
    """A factory that knows which protocols to offer in the TLS handshake."""

    def acceptableProtocols() -> list[bytes]:
        """The ALPN names, most wanted first."""


class IOpenSSLContextFactory(Interface):
    """Makes TLS contexts."""

    def getContext() -> Any:
        """An ``OpenSSL.SSL.Context``."""


class ITLSTransport(ITCPTransport):
    """A connection that can change over to TLS."""

    def startTLS(contextFactory: Any) -> None:
        """Begin the handshake; what is written from now on is encrypted.

        :param contextFactory: makes the TLS context, and says by its kind which side we are.
        """


class ISSLTransport(ITCPTransport):
    """A connection over TLS."""

    def getPeerCertificate() -> Any:
        """The certificate that the other side has shown, or None."""


class INegotiated(ISSLTransport):
    """A connection over TLS on which a protocol may have been agreed."""

    negotiatedProtocol: bytes | None = Attribute(
        """The ALPN name agreed in the handshake; None before it, or if there is none."""
    )


class ICipher(Interface):
    """A TLS cipher suite."""

    fullName: str = Attribute("""The suite's full name.""")


class IAcceptableCiphers(Interface):
    """A choice of cipher suites."""

    def selectCiphers(availableCiphers: Sequence[ICipher]) -> Sequence[ICipher]:
        """Those of the available ones that may be used, most wanted first."""


class IProcessTransport(ITransport):
    """A child process, as its protocol sees it.  ``write`` goes to its standard input."""

    pid: int | None = Attribute("""The process number; None once the process has ended.""")

    def closeStdin() -> None:
        """Close the child's standard input once everything is sent that has been written."""

    def closeStdout() -> None:
        """Stop reading the child's standard output."""

    def closeStderr() -> None:
        """Stop reading the child's standard error."""

    def closeChildFD(descriptor: int) -> None:
        """Close the pipe to that descriptor of the child; what was written is sent first."""

    def writeToChild(childFD: int, data: bytes) -> None:
        """Write to the pipe that is that descriptor in the child.

        :raises KeyError: there is no such pipe, or it is closed.
        """

    def loseConnection() -> None:
        """Close all pipes to the child; what was written is sent first."""

    def signalProcess(signalID: str | int) -> None:
        """Send the child a signal.

        :param signalID: a number, or ``"HUP"``, ``"STOP"``, ``"INT"``, ``"KILL"``, ``"TERM"``.
        :raises ProcessExitedAlready: the child has ended.
        """


class IServiceCollection(Interface):
    """A set of services, by name."""

    def getServiceNamed(serviceName: str) -> Any:
        """The service of that name.

        :raises KeyError: there is none.
        """

    def addService(service: Any) -> None:
        """Put a service in."""

    def removeService(service: Any) -> None:
        """Take a service out."""


class IUDPTransport(Interface):
    """An open UDP port."""

    def write(packet: bytes, addr: tuple[str, int] | None) -> None:
        """Send a datagram.

        :param addr: IP address and port; None once connected.
        :raises MessageLengthError: it is too long for the kernel.
        """

    def connect(host: str, port: int) -> None:
        """Exchange datagrams with that address only.

        :param host: an IP address, not a name.
        """

    def getHost() -> IAddress:
        """The address that the port is bound to."""

    def stopListening() -> Any:
        """Close the port.

        :return: a Deferred that fires once it is closed, or None if it already is.
        """

    def setBroadcastAllowed(enabled: bool) -> None:
        """Let datagrams be sent to broadcast addresses, or not."""

    def getBroadcastAllowed() -> bool:
        """Whether datagrams may be sent to broadcast addresses."""


class IUNIXDatagramTransport(Interface):
    """A UNIX datagram socket."""

    def write(packet: bytes, addr: str | bytes) -> None:
        """Send a datagram to the socket of that path."""

    def getHost() -> IAddress:
        """The address of this socket."""


class IUNIXDatagramConnectedTransport(Interface):
    """A UNIX datagram socket that has one peer."""

    def write(packet: bytes) -> None:
        """Send a datagram to the peer."""

    def getHost() -> IAddress:
        """The address of this socket."""

    def getPeer() -> IAddress:
        """The address of the peer."""


class IMulticastTransport(IUDPTransport):
    """An open UDP port that can take part in multicast groups."""

    def getOutgoingInterface() -> str | int:
        """The interface that multicast datagrams leave by: its address, or its index for IPv6."""

    def setOutgoingInterface(addr: str | int) -> Any:
        """Choose the interface that multicast datagrams leave by.

        :return: a Deferred that fires when it is done.
        """

    def getLoopbackMode() -> bool:
        """Whether this machine receives what it sends to a group."""

    def setLoopbackMode(mode: bool) -> None:
        """Say whether this machine receives what it sends to a group."""

    def getTTL() -> int:
        """How many routers multicast datagrams may pass."""

    def setTTL(ttl: int) -> None:
        """Say how many routers multicast datagrams may pass."""

    def joinGroup(addr: str, interface: str = "") -> Any:
        """Receive what is sent to a group.

        :param addr: the group's IP address.
        :param interface: the address of the interface to receive on; empty for the system's choice.
        :return: a Deferred; it fails with ``MulticastJoinError``.
        """

    def leaveGroup(addr: str, interface: str = "") -> Any:
        """Receive it no longer.

        :return: a Deferred; it fails with ``MulticastJoinError``.
        """


class IStreamClientEndpoint(Interface):
    """A place to connect to."""

    def connect(protocolFactory: IProtocolFactory) -> Any:
        """Connect, with a protocol of the factory's.

        :return: a Deferred of the protocol, once connected; it fails with a ``ConnectError``, with
            ``NoProtocol``, or, cancelled, with ``ConnectingCancelledError``.
        """


class IStreamServerEndpoint(Interface):
    """A place to accept connections at."""

    def listen(protocolFactory: IProtocolFactory) -> Any:
        """Accept connections, each with a protocol of the factory's.

        :return: a Deferred of the :class:`IListeningPort`; it fails with ``CannotListenError``.
        """


class IStreamServerEndpointStringParser(Interface):
    """A plugin that knows one kind of description of a server's endpoint."""

    prefix: str = Attribute("""What descriptions of the kind begin with, up to the colon.""")

    def parseStreamServer(reactor: Any, *args: Any, **kwargs: Any) -> IStreamServerEndpoint:
        """The endpoint for a description.

        :param args: its parts that have no name.
        :param kwargs: those that have one.
        """


class IStreamClientEndpointStringParserWithReactor(Interface):
    """A plugin that knows one kind of description of a client's endpoint."""

    prefix: str = Attribute("""What descriptions of the kind begin with, up to the colon.""")

    def parseStreamClient(reactor: Any, *args: Any, **kwargs: Any) -> IStreamClientEndpoint:
        """The endpoint for a description.

        :param args: its parts that have no name.
        :param kwargs: those that have one.
        """


class _ISupportsExitSignalCapturing(Interface):
    """A reactor that remembers by which signal it was ended."""

    _exitSignal: int | None = Attribute("""The signal's number, or None.""")
