"""Draw what a monitor recorded: what was written, what was held, and who had to wait, over time.

A recording is written by pcstream.conformance.monitor.watch(..., recording=...), and by
pcstream demo --record FILE. Without an option it is drawn in the terminal:

  pcstream timeline relay.jsonl
  pcstream timeline relay.jsonl --html relay.html

exit status:
  0    it was drawn
  1    the picture could not be written
  2    wrong usage
  5    the recording is missing, cannot be read, or is none
"""

from __future__ import annotations

import argparse
import shutil
import sys

from .status import Abandoned, Status

SUMMARY = "draw the recording of a monitor"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    parser.add_argument("recording", metavar="RECORDING", help="the file that was recorded")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--html", metavar="FILE", help="write a page that needs nothing else")
    where.add_argument("--svg", metavar="FILE", help="write a picture that needs nothing else")


def run(options: argparse.Namespace) -> Status:
    """Draw the recording as the options say.

    :raises Abandoned: with the status and the line that tell why it cannot be drawn.
    """
    from ..conformance.timeline import BadRecording, read_recording

    try:
        timeline = read_recording(options.recording)
    except OSError as error:
        raise Abandoned(
            Status.UNREADABLE, f"cannot read {options.recording}: {error.strerror}"
        ) from None
    except BadRecording as error:
        raise Abandoned(Status.UNREADABLE, str(error)) from None
    if options.html is not None:
        from ..conformance.timeline_page import draw_page

        _write(options.html, draw_page(timeline))
    elif options.svg is not None:
        from ..conformance.timeline_svg import draw_svg

        _write(options.svg, draw_svg(timeline))
    else:
        from ..conformance.timeline_strips import draw_strips

        width = shutil.get_terminal_size().columns
        sys.stdout.write(draw_strips(timeline, width, ascii_only=not _shows_blocks()))
        return Status.DONE
    for remark in timeline.remarks:
        print(f"pcstream timeline: note: {remark}", file=sys.stderr)
    return Status.DONE


def _shows_blocks() -> bool:
    try:
        "█▁░".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise Abandoned(Status.FAILED, f"cannot write {path}: {error.strerror}") from None
