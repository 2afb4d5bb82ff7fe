"""Protocols that cut a stream of bytes into messages, and a sender of files."""

from __future__ import annotations

from typing import Any

from ._file_sender import FileSender as FileSender
from ._int_strings import Int8StringReceiver as Int8StringReceiver
from ._int_strings import Int16StringReceiver as Int16StringReceiver
from ._int_strings import Int32StringReceiver as Int32StringReceiver
from ._int_strings import IntNStringReceiver as IntNStringReceiver
from ._int_strings import StringTooLongError as StringTooLongError
from ._line_receivers import LineOnlyReceiver as LineOnlyReceiver
from ._line_receivers import LineReceiver as LineReceiver
from ._netstring import IncompleteNetstring as IncompleteNetstring
from ._netstring import NetstringParseError as NetstringParseError
from ._netstring import NetstringReceiver as NetstringReceiver
from ._netstring import _formatNetstring as _formatNetstring
from ._pauseable_mixin import _PauseableMixin as _PauseableMixin

DEBUG = 0


class StatefulStringProtocol:
    """Gives each string to a method named after the state the protocol is in.

    To be mixed into a receiver of strings. A method ``proto_STATE`` is called with the string and
    answers the next state; ``'done'`` closes the connection.

    :ivar state: the present state.
    """

    state: str = "init"
    transport: Any

    def stringReceived(self, string: bytes) -> None:
        """Call the method of the present state."""
        method = getattr(self, "proto_" + self.state)
        self.state = method(string)
        if self.state == "done":
            self.transport.loseConnection()
