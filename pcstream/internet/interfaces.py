"""What each kind of object must offer: the zope interfaces of the whole package."""

from __future__ import annotations

from typing import Any, NewType

from zope.interface import Attribute, Interface


#: What startConnecting and its kin may bind to; typed only, a plain pair or string at run time.
Binding = NewType("Binding", object)


class IAddress(Interface):
    """TODO."""


class IConnector(Interface):
    """TODO."""

    def stopConnecting() -> Any:
        """TODO."""

    def disconnect() -> Any:
        """TODO."""

    def connect() -> Any:
        """TODO."""

    def getDestination() -> Any:
        """TODO."""


class IResolverSimple(Interface):
    """TODO."""

    def getHostByName(name: Any, timeout: Any = ()) -> Any:
        """TODO."""


class IHostResolution(Interface):
    """TODO."""

    name: Any = Attribute("""TODO.""")

    def cancel() -> Any:
        """TODO."""


class IResolutionReceiver(Interface):
    """TODO."""

    def resolutionBegan(resolutionInProgress: Any) -> Any:
        """TODO."""

    def addressResolved(address: Any) -> Any:
        """TODO."""

    def resolutionComplete() -> Any:
        """TODO."""


class IHostnameResolver(Interface):
    """TODO."""

    def resolveHostName(resolutionReceiver: Any, hostName: Any, portNumber: Any = 0, addressTypes: Any = None, transportSemantics: Any = 'TCP') -> Any:
        """TODO."""


class IResolver(IResolverSimple):
    """TODO."""

    def query(query: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupAddress(name: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupAddress6(name: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupIPV6Address(name: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupMailExchange(name: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupNameservers(name: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupCanonicalName(name: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupMailBox(name: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupMailGroup(name: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupMailRename(name: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupPointer(name: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupAuthority(name: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupNull(name: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupWellKnownServices(name: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupHostInfo(name: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupMailboxInfo(name: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupText(name: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupResponsibility(name: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupAFSDatabase(name: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupService(name: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupAllRecords(name: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupSenderPolicy(name: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupNamingAuthorityPointer(name: Any, timeout: Any) -> Any:
        """TODO."""

    def lookupZone(name: Any, timeout: Any) -> Any:
        """TODO."""


class IReactorTCP(Interface):
    """TODO."""

    def listenTCP(port: Any, factory: Any, backlog: Any = 50, interface: Any = '') -> Any:
        """TODO."""

    def connectTCP(host: Any, port: Any, factory: Any, timeout: Any = 30.0, bindAddress: Any = None) -> Any:
        """TODO."""


class IReactorTCP2(IReactorTCP):
    """TODO."""

    def listenTCP(port: Any, factory: Any, backlog: Any = 50, interface: Any = None) -> Any:
        """TODO."""

    def connectTCP(host: Any, port: Any, factory: Any, timeout: Any = 30.0, bindAddress: Any = None) -> Any:
        """TODO."""


class IReactorSSL(Interface):
    """TODO."""

    def connectSSL(host: Any, port: Any, factory: Any, contextFactory: Any, timeout: Any, bindAddress: Any) -> Any:
        """TODO."""

    def listenSSL(port: Any, factory: Any, contextFactory: Any, backlog: Any = 50, interface: Any = '') -> Any:
        """TODO."""


class IReactorUNIX(Interface):
    """TODO."""

    def connectUNIX(address: Any, factory: Any, timeout: Any = 30, checkPID: Any = False) -> Any:
        """TODO."""

    def listenUNIX(address: Any, factory: Any, backlog: Any = 50, mode: Any = 0o666, wantPID: Any = False) -> Any:
        """TODO."""


class IReactorUNIXDatagram(Interface):
    """TODO."""

    def connectUNIXDatagram(address: Any, protocol: Any, maxPacketSize: Any, mode: Any, bindAddress: Any) -> Any:
        """TODO."""

    def listenUNIXDatagram(address: Any, protocol: Any, maxPacketSize: Any, mode: Any) -> Any:
        """TODO."""


class IReactorWin32Events(Interface):
    """TODO."""

    def addEvent(event: Any, fd: Any, action: Any) -> Any:
        """TODO."""

    def removeEvent(event: Any) -> Any:
        """TODO."""


class IReactorUDP(Interface):
    """TODO."""

    def listenUDP(port: Any, protocol: Any, interface: Any, maxPacketSize: Any) -> Any:
        """TODO."""


class IReactorMulticast(Interface):
    """TODO."""

    def listenMulticast(port: Any, protocol: Any, interface: Any = '', maxPacketSize: Any = 8192, listenMultiple: Any = False) -> Any:
        """TODO."""


class IReactorSocket(Interface):
    """TODO."""

    def adoptStreamPort(fileDescriptor: Any, addressFamily: Any, factory: Any) -> Any:
        """TODO."""

    def adoptStreamConnection(fileDescriptor: Any, addressFamily: Any, factory: Any) -> Any:
        """TODO."""

    def adoptDatagramPort(fileDescriptor: Any, addressFamily: Any, protocol: Any, maxPacketSize: Any) -> Any:
        """TODO."""


class IReactorProcess(Interface):
    """TODO."""

    def spawnProcess(processProtocol: Any, executable: Any, args: Any, env: Any = None, path: Any = None, uid: Any = None, gid: Any = None, usePTY: Any = False, childFDs: Any = None) -> Any:
        """TODO."""


class IReactorTime(Interface):
    """TODO."""

    def seconds() -> Any:
        """TODO."""

    def callLater(delay: Any, callable: Any, *args: Any, **kwargs: Any) -> Any:
        """TODO."""

    def getDelayedCalls() -> Any:
        """TODO."""


class IDelayedCall(Interface):
    """TODO."""

    def getTime() -> Any:
        """TODO."""

    def cancel() -> Any:
        """TODO."""

    def delay(secondsLater: Any) -> Any:
        """TODO."""

    def reset(secondsFromNow: Any) -> Any:
        """TODO."""

    def active() -> Any:
        """TODO."""


class IReactorFromThreads(Interface):
    """TODO."""

    def callFromThread(callable: Any, *args: Any, **kwargs: Any) -> Any:
        """TODO."""


class IReactorInThreads(Interface):
    """TODO."""

    def callInThread(callable: Any, *args: Any, **kwargs: Any) -> Any:
        """TODO."""


class IReactorThreads(IReactorFromThreads, IReactorInThreads):
    """TODO."""

    def getThreadPool() -> Any:
        """TODO."""

    def suggestThreadPoolSize(size: Any) -> Any:
        """TODO."""


class IReactorCore(Interface):
    """TODO."""

    running: Any = Attribute("""TODO.""")

    def resolve(name: Any, timeout: Any = (1, 3, 11, 45)) -> Any:
        """TODO."""

    def run() -> Any:
        """TODO."""

    def stop() -> Any:
        """TODO."""

    def crash() -> Any:
        """TODO."""

    def iterate(delay: Any) -> Any:
        """TODO."""

    def fireSystemEvent(eventType: Any) -> Any:
        """TODO."""

    def addSystemEventTrigger(phase: Any, eventType: Any, callable: Any, *args: Any, **kwargs: Any) -> Any:
        """TODO."""

    def removeSystemEventTrigger(triggerID: Any) -> Any:
        """TODO."""

    def callWhenRunning(callable: Any, *args: Any, **kwargs: Any) -> Any:
        """TODO."""


class IReactorPluggableResolver(Interface):
    """TODO."""

    def installResolver(resolver: Any) -> Any:
        """TODO."""


class IReactorPluggableNameResolver(Interface):
    """TODO."""

    nameResolver: Any = Attribute("""TODO.""")

    def installNameResolver(resolver: Any) -> Any:
        """TODO."""


class IReactorDaemonize(Interface):
    """TODO."""

    def beforeDaemonize() -> Any:
        """TODO."""

    def afterDaemonize() -> Any:
        """TODO."""


class IReactorFDSet(Interface):
    """TODO."""

    def addReader(reader: Any) -> Any:
        """TODO."""

    def addWriter(writer: Any) -> Any:
        """TODO."""

    def removeReader(reader: Any) -> Any:
        """TODO."""

    def removeWriter(writer: Any) -> Any:
        """TODO."""

    def removeAll() -> Any:
        """TODO."""

    def getReaders() -> Any:
        """TODO."""

    def getWriters() -> Any:
        """TODO."""


class IListeningPort(Interface):
    """TODO."""

    def startListening() -> Any:
        """TODO."""

    def stopListening() -> Any:
        """TODO."""

    def getHost() -> Any:
        """TODO."""


class ILoggingContext(Interface):
    """TODO."""

    def logPrefix() -> Any:
        """TODO."""


class IFileDescriptor(ILoggingContext):
    """TODO."""

    def fileno() -> Any:
        """TODO."""

    def connectionLost(reason: Any) -> Any:
        """TODO."""


class IReadDescriptor(IFileDescriptor):
    """TODO."""

    def doRead() -> Any:
        """TODO."""


class IWriteDescriptor(IFileDescriptor):
    """TODO."""

    def doWrite() -> Any:
        """TODO."""


class IReadWriteDescriptor(IReadDescriptor, IWriteDescriptor):
    """TODO."""


class IHalfCloseableDescriptor(Interface):
    """TODO."""

    def writeConnectionLost(reason: Any) -> Any:
        """TODO."""

    def readConnectionLost(reason: Any) -> Any:
        """TODO."""


class ISystemHandle(Interface):
    """TODO."""

    def getHandle() -> Any:
        """TODO."""


class IConsumer(Interface):
    """TODO."""

    def registerProducer(producer: Any, streaming: Any) -> Any:
        """TODO."""

    def unregisterProducer() -> Any:
        """TODO."""

    def write(data: Any) -> Any:
        """TODO."""


class IProducer(Interface):
    """TODO."""

    def stopProducing() -> Any:
        """TODO."""


class IPushProducer(IProducer):
    """TODO."""

    def pauseProducing() -> Any:
        """TODO."""

    def resumeProducing() -> Any:
        """TODO."""


class IPullProducer(IProducer):
    """TODO."""

    def resumeProducing() -> Any:
        """TODO."""


class IProtocol(Interface):
    """TODO."""

    def dataReceived(data: Any) -> Any:
        """TODO."""

    def connectionLost(reason: Any) -> Any:
        """TODO."""

    def makeConnection(transport: Any) -> Any:
        """TODO."""

    def connectionMade() -> Any:
        """TODO."""


class IProcessProtocol(Interface):
    """TODO."""

    def makeConnection(process: Any) -> Any:
        """TODO."""

    def childDataReceived(childFD: Any, data: Any) -> Any:
        """TODO."""

    def childConnectionLost(childFD: Any) -> Any:
        """TODO."""

    def processExited(reason: Any) -> Any:
        """TODO."""

    def processEnded(reason: Any) -> Any:
        """TODO."""


class IHalfCloseableProtocol(Interface):
    """TODO."""

    def readConnectionLost() -> Any:
        """TODO."""

    def writeConnectionLost() -> Any:
        """TODO."""


class IHandshakeListener(Interface):
    """TODO."""

    def handshakeCompleted() -> Any:
        """TODO."""


class IFileDescriptorReceiver(Interface):
    """TODO."""

    def fileDescriptorReceived(descriptor: Any) -> Any:
        """TODO."""


class IProtocolFactory(Interface):
    """TODO."""

    def buildProtocol(addr: Any) -> Any:
        """TODO."""

    def doStart() -> Any:
        """TODO."""

    def doStop() -> Any:
        """TODO."""


class ITransport(Interface):
    """TODO."""

    def write(data: Any) -> Any:
        """TODO."""

    def writeSequence(data: Any) -> Any:
        """TODO."""

    def loseConnection() -> Any:
        """TODO."""

    def getPeer() -> Any:
        """TODO."""

    def getHost() -> Any:
        """TODO."""


class ITCPTransport(ITransport):
    """TODO."""

    def loseWriteConnection() -> Any:
        """TODO."""

    def abortConnection() -> Any:
        """TODO."""

    def getTcpNoDelay() -> Any:
        """TODO."""

    def setTcpNoDelay(enabled: Any) -> Any:
        """TODO."""

    def getTcpKeepAlive() -> Any:
        """TODO."""

    def setTcpKeepAlive(enabled: Any) -> Any:
        """TODO."""

    def getHost() -> Any:
        """TODO."""

    def getPeer() -> Any:
        """TODO."""


class IUNIXTransport(ITransport):
    """TODO."""

    def sendFileDescriptor(descriptor: Any) -> Any:
        """TODO."""


class IOpenSSLServerConnectionCreator(Interface):
    """TODO."""

    def serverConnectionForTLS(tlsProtocol: Any) -> Any:
        """TODO."""


class IOpenSSLClientConnectionCreator(Interface):
    """TODO."""

    def clientConnectionForTLS(tlsProtocol: Any) -> Any:
        """TODO."""


class IProtocolNegotiationFactory(Interface):
    """TODO."""

    def acceptableProtocols() -> Any:
        """TODO."""


class IOpenSSLContextFactory(Interface):
    """TODO."""

    def getContext() -> Any:
        """TODO."""


class ITLSTransport(ITCPTransport):
    """TODO."""

    def startTLS(contextFactory: Any) -> Any:
        """TODO."""


class ISSLTransport(ITCPTransport):
    """TODO."""

    def getPeerCertificate() -> Any:
        """TODO."""


class INegotiated(ISSLTransport):
    """TODO."""

    negotiatedProtocol: Any = Attribute("""TODO.""")


class ICipher(Interface):
    """TODO."""

    fullName: Any = Attribute("""TODO.""")


class IAcceptableCiphers(Interface):
    """TODO."""

    def selectCiphers(availableCiphers: Any) -> Any:
        """TODO."""


class IProcessTransport(ITransport):
    """TODO."""

    pid: Any = Attribute("""TODO.""")

    def closeStdin() -> Any:
        """TODO."""

    def closeStdout() -> Any:
        """TODO."""

    def closeStderr() -> Any:
        """TODO."""

    def closeChildFD(descriptor: Any) -> Any:
        """TODO."""

    def writeToChild(childFD: Any, data: Any) -> Any:
        """TODO."""

    def loseConnection() -> Any:
        """TODO."""

    def signalProcess(signalID: Any) -> Any:
        """TODO."""


class IServiceCollection(Interface):
    """TODO."""

    def getServiceNamed(serviceName: Any) -> Any:
        """TODO."""

    def addService(service: Any) -> Any:
        """TODO."""

    def removeService(service: Any) -> Any:
        """TODO."""


class IUDPTransport(Interface):
    """TODO."""

    def write(packet: Any, addr: Any) -> Any:
        """TODO."""

    def connect(host: Any, port: Any) -> Any:
        """TODO."""

    def getHost() -> Any:
        """TODO."""

    def stopListening() -> Any:
        """TODO."""

    def setBroadcastAllowed(enabled: Any) -> Any:
        """TODO."""

    def getBroadcastAllowed() -> Any:
        """TODO."""


class IUNIXDatagramTransport(Interface):
    """TODO."""

    def write(packet: Any, addr: Any) -> Any:
        """TODO."""

    def getHost() -> Any:
        """TODO."""


class IUNIXDatagramConnectedTransport(Interface):
    """TODO."""

    def write(packet: Any) -> Any:
        """TODO."""

    def getHost() -> Any:
        """TODO."""

    def getPeer() -> Any:
        """TODO."""


class IMulticastTransport(IUDPTransport):
    """TODO."""

    def getOutgoingInterface() -> Any:
        """TODO."""

    def setOutgoingInterface(addr: Any) -> Any:
        """TODO."""

    def getLoopbackMode() -> Any:
        """TODO."""

    def setLoopbackMode(mode: Any) -> Any:
        """TODO."""

    def getTTL() -> Any:
        """TODO."""

    def setTTL(ttl: Any) -> Any:
        """TODO."""

    def joinGroup(addr: Any, interface: Any = '') -> Any:
        """TODO."""

    def leaveGroup(addr: Any, interface: Any = '') -> Any:
        """TODO."""


class IStreamClientEndpoint(Interface):
    """TODO."""

    def connect(protocolFactory: Any) -> Any:
        """TODO."""


class IStreamServerEndpoint(Interface):
    """TODO."""

    def listen(protocolFactory: Any) -> Any:
        """TODO."""


class IStreamServerEndpointStringParser(Interface):
    """TODO."""

    prefix: Any = Attribute("""TODO.""")

    def parseStreamServer(reactor: Any, *args: Any, **kwargs: Any) -> Any:
        """TODO."""


class IStreamClientEndpointStringParserWithReactor(Interface):
    """TODO."""

    prefix: Any = Attribute("""TODO.""")

    def parseStreamClient(reactor: Any, *args: Any, **kwargs: Any) -> Any:
        """TODO."""


class _ISupportsExitSignalCapturing(Interface):
    """TODO."""

    _exitSignal: Any = Attribute("""TODO.""")

