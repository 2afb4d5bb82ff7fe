"""The text of a log event, whatever is in it: a report must never fail for what it reports."""

from __future__ import annotations

from typing import Any

from ._safe_text import safe_str

EventDict = dict[str, Any]
"""What an observer is given: ``time``, ``system``, ``message``, ``isError`` and the rest."""


def _safeFormat(fmtString: Any, fmtDict: EventDict) -> str:
    """``fmtString % fmtDict``, or a text that says why there is none."""
    try:
        return str(fmtString % fmtDict)
    except KeyboardInterrupt:
        raise
    except BaseException:
        pass
    try:
        return (
            f"Invalid format string or unformattable object in log message: "
            f"{fmtString!r}, {fmtDict}"
        )
    except KeyboardInterrupt:
        raise
    except BaseException:
        pass
    try:
        return f"UNFORMATTABLE OBJECT WRITTEN TO LOG with fmt {fmtString!r}, MESSAGE LOST"
    except KeyboardInterrupt:
        raise
    except BaseException:
        return "PATHOLOGICAL ERROR IN BOTH FORMAT STRING AND MESSAGE DETAILS, MESSAGE LOST"


def textFromEventDict(eventDict: EventDict) -> str | None:
    """The text of an event, or None if it has none.

    Its message if there is one, else its failure's report, else its format filled in.
    """
    message = eventDict["message"]
    if message:
        return " ".join(map(safe_str, message))
    if eventDict["isError"] and "failure" in eventDict:
        why = eventDict.get("why") or "Unhandled Error"
        try:
            report = eventDict["failure"].getTraceback()
        except Exception as e:
            report = f"(unable to obtain traceback): {e}"
        return f"{why}\n{report}"
    if "format" in eventDict:
        return _safeFormat(eventDict["format"], eventDict)
    return None
