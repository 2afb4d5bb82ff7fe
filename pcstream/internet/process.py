"""Child processes, their pipes and their terminals.

A pipe to or from a child is a :class:`~pcstream.internet.abstract.FileDescriptor` like a TCP
connection: the same outbox, the same producer slot.  What is particular here is how a child comes
to be (which descriptor goes where) and how its end is noticed (SIGCHLD, then ``waitpid``).
"""

from __future__ import annotations

import errno
import fcntl
import gc
import os
import pty
import resource
import signal
import stat
import sys
import termios
import traceback
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from zope.interface import implementer

from .._engine.producer_slot import DEAD_SLOT
from ..python import log
from ..python._switch_user import switchUID
from ..python.failure import Failure
from . import error, fdesc, interfaces
from ._baseprocess import BaseProcess
from ._descriptor_moves import _getFileActions
from .abstract import FileDescriptor
from .main import CONNECTION_DONE, CONNECTION_LOST

_inherited_environment = os.environ

#: The processes to be reaped, by process id.
reapProcessHandlers: dict[int, Any] = {}

# The signals that signalProcess knows by name.
_NAMED_SIGNALS = ("HUP", "STOP", "INT", "KILL", "TERM")


def reapAllProcesses() -> None:
    """Ask the system about every registered process; called when SIGCHLD came."""
    for process in list(reapProcessHandlers.values()):
        process.reapProcess()


def registerReapProcessHandler(pid: int, process: Any) -> None:
    """Have *process* told of the end of *pid*; at once if it has ended already.

    :param process: its ``processEnded`` is called with the status of *pid*, and its
        ``reapProcess`` whenever some child has ended.
    :raises RuntimeError: *pid* is registered.
    """
    if pid in reapProcessHandlers:
        raise RuntimeError("Try to register an already registered process.")
    try:
        ended, status = os.waitpid(pid, os.WNOHANG)
    except Exception:
        log.err(None, f"Failed to look after process {pid}")
        return
    if ended:
        process.processEnded(status)
    else:
        reapProcessHandlers[pid] = process


def unregisterReapProcessHandler(pid: int, process: Any) -> None:
    """Undo :func:`registerReapProcessHandler`.

    :raises RuntimeError: *process* is not what is registered for *pid*.
    """
    if reapProcessHandlers.get(pid) is not process or pid not in reapProcessHandlers:
        raise RuntimeError("Try to unregister a process not registered.")
    del reapProcessHandlers[pid]


class ProcessWriter(FileDescriptor):
    """The parent's end of a pipe into a child.

    Nobody can read from it, but polling it for reading is how some pollers tell that the child has
    closed its end.

    :ivar enableReadHack: whether this descriptor is polled for reading for that purpose.
    """

    connected = 1
    ic = 0
    enableReadHack = False

    def __init__(
        self, reactor: Any, proc: Any, name: Any, fileno: int, forceReadHack: bool = False
    ) -> None:
        """
        :param proc: hears ``childConnectionLost(name, reason)``.
        :param forceReadHack: poll a pipe for reading even if it can be read.
        """
        super().__init__(reactor)
        fdesc.setNonBlocking(fileno)
        self.proc = proc
        self.name = name
        self.fd = fileno
        if stat.S_ISFIFO(os.fstat(fileno).st_mode):
            self.enableReadHack = forceReadHack or not _can_be_read(fileno)
        if self.enableReadHack:
            self.startReading()

    def fileno(self) -> int:
        """The descriptor's number."""
        return self.fd

    def writeSomeData(self, data: bytes) -> Any:
        """Give the pipe what it takes."""
        taken = fdesc.writeToFD(self.fd, data)
        if self.enableReadHack and taken == len(data):
            self.startReading()
        return taken

    def startWriting(self) -> None:
        """Have the reactor watch for room to write, and for nothing else meanwhile."""
        # While the pipe is full, being readable means nothing on some systems; the write itself
        # finds out about a closed end.
        self.stopReading()
        super().startWriting()

    def doRead(self) -> Any:
        """Note that the other end is closed: nothing else makes this descriptor readable."""
        if self.enableReadHack:
            return CONNECTION_LOST
        self.stopReading()
        return None

    def connectionLost(self, reason: Failure) -> None:
        """Give the descriptor back to the process, which closes it."""
        if self.disconnected:
            return
        try:
            # It may be shared with others (standard output is), who expect it to block.
            fdesc.setBlocking(self.fd)
        except OSError:
            pass  # somebody has closed it
        super().connectionLost(reason)
        self.proc.childConnectionLost(self.name, reason)


def _can_be_read(fd: int) -> bool:
    try:
        os.read(fd, 0)
    except OSError:
        return False
    return True


class ProcessReader(FileDescriptor):
    """The parent's end of a pipe out of a child."""

    connected = True

    def __init__(self, reactor: Any, proc: Any, name: Any, fileno: int) -> None:
        """
        :param proc: hears ``childDataReceived(name, data)`` and
            ``childConnectionLost(name, reason)``.
        """
        super().__init__(reactor)
        fdesc.setNonBlocking(fileno)
        self.proc = proc
        self.name = name
        self.fd = fileno
        self.startReading()

    def fileno(self) -> int:
        """The descriptor's number."""
        return self.fd

    def writeSomeData(self, data: bytes) -> Any:
        """End the connection: the only reason why a reader becomes a writer."""
        return CONNECTION_LOST

    def doRead(self) -> Any:
        """Read once and pass it on."""
        return fdesc.readFromFD(self.fd, self.dataReceived)

    def dataReceived(self, data: bytes) -> None:
        """Pass on what the child has written."""
        self.proc.childDataReceived(self.name, data)

    def loseConnection(self) -> None:
        """Close this end in a later turn."""
        if self.connected and not self.disconnecting:
            self.disconnecting = 1
            self.stopReading()
            self.reactor.callLater(0, self.connectionLost, Failure(CONNECTION_DONE))

    def connectionLost(self, reason: Failure) -> None:
        """Give the descriptor back to the process, which closes it."""
        if self.disconnected:
            return  # the end of the input was quicker than the turn that loseConnection waits for
        super().connectionLost(reason)
        self.proc.childConnectionLost(self.name, reason)


class _BaseProcess(BaseProcess):
    """A child made with ``posix_spawn`` or ``fork``, noticed with ``waitpid``."""

    _reactor: Any = None

    def reapProcess(self) -> None:
        """Ask whether the process has ended, and spread the news if so."""
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)  # type: ignore[arg-type]
        except OSError as e:
            # ECHILD: somebody else has waited for it; its status is lost, and so it stays.
            if e.errno != errno.ECHILD:
                log.err(None, f"Failed to reap process {self.pid}")
            return
        except Exception:
            log.err(None, f"Failed to reap process {self.pid}")
            return
        if pid:
            unregisterReapProcessHandler(pid, self)
            self.processEnded(status)

    def _getReason(self, status: int) -> BaseException:
        exit_code = signal_number = None
        if os.WIFEXITED(status):
            exit_code = os.WEXITSTATUS(status)
        else:
            signal_number = os.WTERMSIG(status)
        if exit_code or signal_number:
            return error.ProcessTerminated(exit_code, signal_number, status)
        return error.ProcessDone(status)

    def signalProcess(self, signalID: str | int) -> None:
        """Send a signal.

        :param signalID: a number, or one of HUP, STOP, INT, KILL and TERM.
        :raises ProcessExitedAlready: there is nobody to send it to.
        """
        if signalID in _NAMED_SIGNALS:
            signalID = getattr(signal, f"SIG{signalID}")
        if self.pid is None:
            raise error.ProcessExitedAlready()
        try:
            os.kill(self.pid, signalID)  # type: ignore[arg-type]
        except OSError as e:
            if e.errno == errno.ESRCH:
                raise error.ProcessExitedAlready()
            raise

    def _resetSignalDisposition(self) -> None:
        # exec keeps "ignored" (execve(2)), and a child should not inherit our taste.
        for number in range(1, signal.NSIG):
            if signal.getsignal(number) == signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)

    def _trySpawnInsteadOfFork(
        self,
        path: Any,
        uid: int | None,
        gid: int | None,
        executable: Any,
        args: Sequence[Any],
        environment: Mapping[Any, Any],
        kwargs: dict[str, Any],
    ) -> bool:
        """Start the child without forking, if that can be done.

        :returns: False if nothing was done.
        """
        return False

    def _fork(
        self,
        path: Any,
        uid: int | None,
        gid: int | None,
        executable: Any,
        args: Sequence[Any],
        environment: Mapping[Any, Any] | None,
        **kwargs: Any,
    ) -> None:
        """Start the child; in the parent, set ``self.pid``.

        :param kwargs: for :meth:`_setupChild`.
        """
        if environment is None:
            environment = _inherited_environment
        if self._trySpawnInsteadOfFork(path, uid, gid, executable, args, environment, kwargs):
            return
        # A collection in the child, before exec, could run finalizers a second time.
        collecting = gc.isenabled()
        gc.disable()
        try:
            with warnings.catch_warnings():
                # Python 3.12 warns of threads that may hold locks: the child only goes to exec, and
                # there is no other way to give it a directory, a user or a terminal.
                warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)
                self.pid = os.fork()
        except BaseException:
            if collecting:
                gc.enable()
            raise
        if self.pid == 0:
            self._become_child(path, uid, gid, executable, args, environment, kwargs)
        if collecting:
            gc.enable()
        self.status = -1

    def _become_child(
        self,
        path: Any,
        uid: int | None,
        gid: int | None,
        executable: Any,
        args: Sequence[Any],
        environment: Mapping[Any, Any],
        kwargs: dict[str, Any],
    ) -> None:
        """Run the program in the forked child; this never returns."""
        try:
            sys.settrace(None)
            self._setupChild(**kwargs)
            self._execChild(path, uid, gid, executable, args, environment)
        except BaseException:
            # The only way to say what went wrong is the child's standard error.
            try:
                stderr = os.fdopen(2, "wb")
                said = (
                    f"Upon execvpe {executable!r} {args!r} in environment id {id(environment)}\n"
                    f":{traceback.format_exc()}"
                )
                stderr.write(said.encode("utf-8", "backslashreplace"))
                stderr.flush()
                for fd in range(3):
                    os.close(fd)
            except BaseException:
                pass  # not even that can be said; the exit status still tells
        os._exit(1)

    def _setupChild(self, *args: Any, **kwargs: Any) -> None:
        """In the child, put every descriptor into its place."""
        raise NotImplementedError

    def _execChild(
        self,
        path: Any,
        uid: int | None,
        gid: int | None,
        executable: Any,
        args: Sequence[Any],
        environment: Mapping[Any, Any],
    ) -> None:
        """In the child, become the wanted user in the wanted directory, and run the program."""
        if path:
            os.chdir(path)
        if uid is not None or gid is not None:
            uid = os.geteuid() if uid is None else uid
            gid = os.getegid() if gid is None else gid
            # A process started by root that runs as somebody else has to be root to change.
            os.setuid(0)
            os.setgid(0)
            switchUID(uid, gid)
        os.execvpe(executable, list(args), environment)

    def __repr__(self) -> str:
        return f"<{self.__class__.__name__} pid={self.pid} status={self.status}>"


def _listOpenFDs() -> list[int]:
    """The numbers of this process's open descriptors, or at least all that may be open."""
    for directory in ("/dev/fd", f"/proc/{os.getpid()}/fd"):
        try:
            return [int(name) for name in os.listdir(directory)]
        except OSError:
            continue
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return list(range(1024 if limit == resource.RLIM_INFINITY else limit))


class _FDDetector:
    """Twisted's name for what lists the open descriptors."""

    _listOpenFDs = staticmethod(_listOpenFDs)


detector = _FDDetector()


def _open_descriptors() -> list[tuple[int, bool]]:
    """Each open descriptor, and whether exec closes it."""
    found = []
    for fd in _listOpenFDs():
        try:
            flags = fcntl.fcntl(fd, fcntl.F_GETFD, 0)
        except OSError:
            continue  # the one by which the list was read
        found.append((fd, bool(flags & fcntl.FD_CLOEXEC)))
    return found


@implementer(interfaces.IProcessTransport)
class Process(_BaseProcess):
    """A child process that the parent talks to by pipes.

    :ivar pipes: for each of the child's descriptors that is piped, the parent's end.
    """

    debug = False
    debug_child = False
    status: int | None = -1
    pid: int | None = None
    processWriterFactory: Any = ProcessWriter
    processReaderFactory: Any = ProcessReader

    def __init__(
        self,
        reactor: Any,
        executable: Any,
        args: Sequence[Any],
        environment: Mapping[Any, Any] | None,
        path: Any,
        proto: Any,
        uid: int | None = None,
        gid: int | None = None,
        childFDs: Mapping[int, int | str] | None = None,
    ) -> None:
        """Start the child and connect *proto* to it.

        :param environment: None for the parent's own.
        :param childFDs: for each of the child's descriptors ``"r"`` (the parent reads from it),
            ``"w"`` (the parent writes into it), or the parent's descriptor that it is a copy of;
            the default pipes standard input, output and error.
        :raises OSError: the system cannot make the pipes or the child; nothing stays open then.
        """
        if proto is None:
            # There would be nobody to read from or write to the pipes.
            assert childFDs is not None
            assert not {"r", "w"} & set(childFDs.values())
        super().__init__(proto)
        self._reactor = reactor
        self.pipes: dict[int, Any] = {}
        if childFDs is None:
            childFDs = {0: "w", 1: "r", 2: "r"}

        fdmap: dict[int, int] = {}
        made: list[int] = []  # every end of every pipe, to be closed if there is no child
        readers: dict[int, int] = {}
        writers: dict[int, int] = {}
        try:
            for child, target in childFDs.items():
                if target in ("r", "w"):
                    read_end, write_end = os.pipe()
                    made += (read_end, write_end)
                    if target == "r":
                        readers[child], fdmap[child] = read_end, write_end
                    else:
                        fdmap[child], writers[child] = read_end, write_end
                else:
                    assert type(target) is int, f"{target!r} should be an int"
                    fdmap[child] = target
            self._fork(path, uid, gid, executable, args, environment, fdmap=fdmap)
        except BaseException:
            for fd in made:
                os.close(fd)
            raise

        for child in (*readers, *writers):
            os.close(fdmap[child])
        for child in childFDs:
            if child in readers:
                self.pipes[child] = self.processReaderFactory(reactor, self, child, readers[child])
            elif child in writers:
                self.pipes[child] = self.processWriterFactory(
                    reactor, self, child, writers[child], forceReadHack=True
                )
        _connect(self)

    def _trySpawnInsteadOfFork(
        self,
        path: Any,
        uid: int | None,
        gid: int | None,
        executable: Any,
        args: Sequence[Any],
        environment: Mapping[Any, Any],
        kwargs: dict[str, Any],
    ) -> bool:
        # posix_spawn does not copy this process's page tables first, but it can change neither
        # directory nor user. _neverUseSpawn is for tests of the other way.
        if (
            path is not None
            or uid is not None
            or gid is not None
            or not hasattr(os, "posix_spawnp")
            or getattr(self._reactor, "_neverUseSpawn", False)
        ):
            return False
        opened = _open_descriptors()
        if max(fd for fd, _ in opened) >= resource.getrlimit(resource.RLIMIT_NOFILE)[0]:
            # Opened before the limit was lowered: the C library takes no action for these.
            return False
        self.pid = os.posix_spawnp(
            executable,
            list(args),
            environment,
            file_actions=_getFileActions(
                opened, kwargs["fdmap"], os.POSIX_SPAWN_CLOSE, os.POSIX_SPAWN_DUP2
            ),
            setsigdef=[
                number
                for number in range(1, signal.NSIG)
                if signal.getsignal(number) == signal.SIG_IGN
            ],
        )
        self.status = -1
        return True

    def _setupChild(self, fdmap: dict[int, int]) -> None:
        close, dup2 = 0, 1
        for step in _getFileActions(_open_descriptors(), fdmap, close, dup2):
            if step[0] == dup2:
                os.dup2(step[1], step[2])
            else:
                os.close(step[1])
        self._resetSignalDisposition()

    def writeToChild(self, childFD: int, data: bytes) -> None:
        """Write to one of the child's piped descriptors.

        :raises KeyError: it is not piped, or closed.
        """
        self.pipes[childFD].write(data)

    def closeChildFD(self, childFD: int) -> None:
        """Close the parent's end of a pipe, after what is queued for it has gone."""
        if childFD in self.pipes:
            self.pipes[childFD].loseConnection()

    def pauseProducing(self) -> None:
        """Stop reading from the child."""
        for pipe in self.pipes.values():
            if isinstance(pipe, ProcessReader):
                pipe.stopReading()

    def resumeProducing(self) -> None:
        """Read from the child again."""
        for pipe in self.pipes.values():
            if isinstance(pipe, ProcessReader):
                pipe.resumeProducing()  # unless it is being closed (contract T7)

    def stopProducing(self) -> None:
        """Close the pipes; the same as :meth:`loseConnection`."""
        self.loseConnection()

    def closeStdin(self) -> None:
        """Close the child's standard input, after what is queued for it has gone."""
        self.closeChildFD(0)

    def closeStdout(self) -> None:
        """Close this end of the child's standard output."""
        self.closeChildFD(1)

    def closeStderr(self) -> None:
        """Close this end of the child's standard error."""
        self.closeChildFD(2)

    def loseConnection(self) -> None:
        """Close all three standard pipes."""
        self.closeStdin()
        self.closeStderr()
        self.closeStdout()

    def write(self, data: bytes) -> None:
        """Write to the child's standard input; without one, *data* is dropped.

        :raises TypeError: *data* is not bytes, whatever the state (contract C15).
        """
        if not isinstance(data, bytes):
            raise TypeError("Data must be bytes")
        if 0 in self.pipes:
            self.pipes[0].write(data)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Register with the child's standard input; without one, *producer* is stopped."""
        if 0 in self.pipes:
            self.pipes[0].registerProducer(producer, streaming)
        else:
            DEAD_SLOT.register(producer, streaming)

    def unregisterProducer(self) -> None:
        """Unregister from the child's standard input."""
        if 0 in self.pipes:
            self.pipes[0].unregisterProducer()

    def writeSequence(self, seq: Iterable[bytes]) -> None:
        """Write all elements of *seq* to the child's standard input, or none of them.

        :raises TypeError: an element is not ``bytes``, whatever the state.
        """
        if 0 in self.pipes:
            self.pipes[0].writeSequence(seq)
        else:
            for data in seq:
                self.write(data)

    def childDataReceived(self, name: int, data: bytes) -> None:
        """A reader has data from the child."""
        self.proto.childDataReceived(name, data)

    def childConnectionLost(self, childFD: int, reason: Failure) -> None:
        """The pipe at *childFD* is done with: close it and tell the protocol."""
        pipe = self.pipes.pop(childFD)
        try:
            os.close(pipe.fileno())
        except OSError:
            log.err(None, f"could not close the pipe {childFD} of {self!r}")
        try:
            self.proto.childConnectionLost(childFD)
        except Exception:
            log.err(None, "unexpected error in childConnectionLost")
        self.maybeCallProcessEnded()

    def maybeCallProcessEnded(self) -> None:
        """Tell the protocol if the process is gone and no pipe is left."""
        if self.pipes:
            return
        if not self.lostProcess:
            self.reapProcess()
            return
        super().maybeCallProcessEnded()

    def getHost(self) -> Any:
        """A pipe has no address."""
        raise NotImplementedError()

    def getPeer(self) -> Any:
        """A pipe has no address."""
        raise NotImplementedError()


def _connect(process: Any) -> None:
    """Introduce the protocol to its process, and have the end noticed, even an early one."""
    if process.proto is not None:
        try:
            process.proto.makeConnection(process)
        except Exception:
            log.err(None, "unexpected error in makeConnection")
    registerReapProcessHandler(process.pid, process)


@implementer(interfaces.IProcessTransport)
class PTYProcess(FileDescriptor, _BaseProcess):
    """A child process that the parent talks to by a pseudo-terminal."""

    status: int | None = -1
    pid: int | None = None

    def __init__(
        self,
        reactor: Any,
        executable: Any,
        args: Sequence[Any],
        environment: Mapping[Any, Any] | None,
        path: Any,
        proto: Any,
        uid: int | None = None,
        gid: int | None = None,
        usePTY: Any = None,
    ) -> None:
        """Start the child and connect *proto* to it.

        :param usePTY: a tuple of master descriptor, slave descriptor and terminal name to use one
            that exists; anything else true makes a new one.
        """
        FileDescriptor.__init__(self, reactor)
        _BaseProcess.__init__(self, proto)
        self._reactor = reactor
        is_ours = not isinstance(usePTY, (tuple, list))
        if is_ours:
            masterfd, slavefd = pty.openpty()
        else:
            masterfd, slavefd = usePTY[:2]
        try:
            self._fork(
                path,
                uid,
                gid,
                executable,
                args,
                environment,
                masterfd=masterfd,
                slavefd=slavefd,
            )
        except BaseException:
            if is_ours:
                os.close(masterfd)
                os.close(slavefd)
            raise
        os.close(slavefd)
        fdesc.setNonBlocking(masterfd)
        self.fd = masterfd
        self.startReading()
        self.connected = 1
        _connect(self)

    def _setupChild(self, masterfd: int, slavefd: int) -> None:
        os.close(masterfd)
        os.setsid()
        # Only a session's leader may take a controlling terminal (tty_ioctl(4)).
        fcntl.ioctl(slavefd, termios.TIOCSCTTY, 0)
        for fd in range(3):
            if fd != slavefd:
                os.close(fd)
        for fd in range(3):
            if fd != slavefd:
                os.dup2(slavefd, fd)
        for fd in _listOpenFDs():
            if fd > 2:
                try:
                    os.close(fd)
                except OSError:
                    pass  # the one by which the list was read
        self._resetSignalDisposition()

    def closeStdin(self) -> None:
        """Nothing: a terminal cannot be closed in one direction."""

    def closeStdout(self) -> None:
        """Nothing: a terminal cannot be closed in one direction."""

    def closeStderr(self) -> None:
        """Nothing: a terminal has no standard error of its own."""

    def doRead(self) -> Any:
        """Read once and pass it on, as the child's standard output."""
        return fdesc.readFromFD(self.fd, lambda data: self.proto.childDataReceived(1, data))

    def fileno(self) -> int:
        """The terminal's master descriptor."""
        return self.fd

    def maybeCallProcessEnded(self) -> None:
        """Tell the protocol if both the process and the terminal are gone."""
        if self.lostProcess == 2:
            _BaseProcess.maybeCallProcessEnded(self)

    def connectionLost(self, reason: Failure) -> None:
        """Close the terminal, which hangs up on the child."""
        if self.disconnected:
            return
        super().connectionLost(reason)
        os.close(self.fd)
        self.lostProcess += 1
        self.maybeCallProcessEnded()

    def writeSomeData(self, data: bytes) -> Any:
        """Give the terminal what it takes."""
        return fdesc.writeToFD(self.fd, data)

    def closeChildFD(self, descriptor: int) -> None:
        """A terminal has no numbered descriptors."""
        raise NotImplementedError()

    def writeToChild(self, childFD: int, data: bytes) -> None:
        """A terminal has no numbered descriptors."""
        raise NotImplementedError()
