"""The guide covers all that a guide to producers and consumers has to."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"

#: Sections in order: the level of the heading, and its text.
SECTIONS = [
    (1, "Push producers"),
    (2, "pauseProducing()"),
    (2, "resumeProducing()"),
    (2, "stopProducing()"),
    (1, "Pull producers"),
    (2, "resumeProducing()"),
    (2, "stopProducing()"),
    (1, "Consumers"),
    (2, "registerProducer(producer, streaming)"),
    (2, "unregisterProducer()"),
    (2, "write(data)"),
    (1, "Further reading"),
    (2, "The streaming example"),
    (2, "FileSender"),
    (2, "Components"),
]
LEVELS = {"=": 0, "-": 1, "~": 2}


def headings(page: str) -> list[tuple[int, str]]:
    lines = (DOCS / page).read_text("utf-8").split("\n")
    return [
        (LEVELS[under[0]], text)
        for text, under in pairwise(lines)
        if text and under[:1] in LEVELS and under == under[0] * len(text)
    ]


def test_every_section_is_there_and_in_order() -> None:
    found = iter(headings("guide.rst"))
    missing = [section for section in SECTIONS if section not in found]
    assert not missing


def test_interfaces_and_adapters_have_a_page() -> None:
    assert headings("components.rst") == [
        (0, "Interfaces and adapters"),
        (1, "Interfaces"),
        (1, "Adapters"),
    ]


def test_guide_leads_there() -> None:
    text = (DOCS / "guide.rst").read_text("utf-8")
    assert ":doc:`components`" in text
    assert "FileSender <" in text or "FileSender`" in text
