"""A worker's own streams say nothing of what it speaks, whoever writes to them."""

from __future__ import annotations

import io
import sys
from collections import deque

import pytest

from workers import redaction

TEXT = "My password is swordfish, they said."


def guarded(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Guard stderr while this text is spoken; what arrives below."""
    below = io.StringIO()
    monkeypatch.setattr(sys, "stderr", below)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(redaction, "_texts", deque(maxlen=2))
    redaction.guard()
    redaction.speaking(TEXT)
    return below


def test_lines_that_quote_are_replaced_and_others_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also one that comes in parts."""
    written = guarded(monkeypatch)
    sys.stderr.write("loading\nnow: my pass")
    sys.stderr.write("word is swordfish\ndone")
    sys.stderr.flush()
    assert written.getvalue() == "loading\n(a line that quotes the text)\ndone"


def test_the_text_before_is_guarded_too_and_older_ones_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A thread of an engine may be late by one segment."""
    written = guarded(monkeypatch)
    redaction.speaking("Something else entirely.")
    sys.stderr.write("swordfish\n")
    redaction.speaking("And a third one.")
    sys.stderr.write("swordfish\n")
    assert written.getvalue() == "(a line that quotes the text)\nswordfish\n"


def test_a_guard_is_put_up_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fork inherits its template's, and there may be no stream at all."""
    guarded(monkeypatch)
    before = sys.stderr
    redaction.guard()
    assert sys.stderr is before
    monkeypatch.setattr(sys, "stderr", None)
    redaction.guard()
    assert sys.stderr is None


def test_a_refusal_keeps_its_words_unless_they_quote(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is what the client is told."""
    guarded(monkeypatch)
    assert redaction.of_refusal(ValueError("no voice\n'x'")) == "no voice 'x'"
    said = redaction.of_refusal(ValueError(f"not a word of {TEXT}"))
    assert said == "the engine cannot speak this text: ValueError (its message quotes the text)"
