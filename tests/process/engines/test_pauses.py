"""Silences that are heard, with the whole supervisor in between: where a text has them, and only
there.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest

from supervisor.wire import client as protocol
from tests.fixtures.staged import static_pool
from tests.supervised import Supervised

SAMPLE_RATE = 24_000
AUDIBLE = 0.01
STOP_S = 0.35
"""A silence that is heard as the end of a sentence."""

BEGINNINGS = (
    "The keeper of the lighthouse on the northern cape had already lit the lamp",
    "We left long before sunrise in a boat that was much too small for all of us",
    "Every member of the committee has the right to see the record of the meeting",
    "My neighbour told the children a very long story about a bear and a bell",
    "Nobody in the village could remember a winter with so little snow and ice",
    "The engineers took the whole machine apart and laid its pieces on the floor",
)
ENDINGS = (
    "when the first of the ships came slowly out of the fog.",
    "without any distinction of office or length of service.",
    "because the road into the next valley is closed at noon.",
    "before anybody had the time to ask what it was good for.",
    "and that was all that was ever said about the matter.",
)


@pytest.fixture(scope="module")
def spoken() -> Iterator[Supervised]:
    """Hibari in one worker."""
    with Supervised(static_pool(1)) as supervised:
        supervised.workers(1)
        yield supervised
        assert supervised.stop() == 0, supervised.output


def speak(supervised: Supervised, text: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """The samples of a job of its own."""
    with supervised.wire() as peer:
        peer.send(protocol.Submit("a", engine="hibari", seed=7, credit=1 << 30), text.encode())
        accepted, _body = peer.receive()
        assert isinstance(accepted, protocol.Accepted), accepted
        end, audio = peer.outcome()
    assert isinstance(end, protocol.End), end
    return np.frombuffer(audio, "<f4")


def silences(supervised: Supervised, text: str, least_s: float = STOP_S) -> list[float]:
    """Seconds of each silence between two sounds that is not shorter."""
    heard = np.flatnonzero(np.abs(speak(supervised, text)) > AUDIBLE)
    gaps = np.diff(heard) / SAMPLE_RATE
    return [float(gap) for gap in gaps[gaps >= least_s]]


@pytest.mark.parametrize("sentence", [" ".join(parts) for parts in product(BEGINNINGS, ENDINGS)])
def test_no_sentence_stops_before_its_end(spoken: Supervised, sentence: str) -> None:
    """Each stands first in its job, and is too long for a first segment."""
    assert len(sentence) > 80
    assert silences(spoken, sentence) == []


def test_a_sentence_a_line_and_a_paragraph_end_in_that_order(spoken: Supervised) -> None:
    """What a listener hears of how a text is laid out."""
    (sentence,) = silences(spoken, "The lamp went out. The sea was calm.")
    heading, paragraph = silences(
        spoken, "The lamp\n\nThe sea was calm.\n\nIn the morning the keeper was gone."
    )
    assert sentence == pytest.approx(0.6, abs=0.03)
    assert heading == pytest.approx(0.8, abs=0.03)
    assert paragraph == pytest.approx(1.0, abs=0.03)


def test_items_of_a_list_are_apart_and_wrapped_lines_are_not(spoken: Supervised) -> None:
    """Lines that are broken because they are full say nothing."""
    assert len(silences(spoken, "We need four things:\nFlour\nButter\nSugar\nEggs\n")) == 4
    wrapped = "The sea was calm and the\nkeeper of the lighthouse at\nBell Rock went home early."
    assert silences(spoken, wrapped) == []


def test_a_silence_is_as_long_as_the_text_asks_for(spoken: Supervised) -> None:
    """Nothing of the tag is spoken; what is no tag is text."""
    (asked,) = silences(spoken, "Wait [pause:1.5s] for it.")
    assert asked == pytest.approx(1.5, abs=0.03)
    assert silences(spoken, "Wait. [pause:500ms][PAUSE:1s] Go on.") == pytest.approx(
        [1.5], abs=0.03
    )
    late = np.flatnonzero(np.abs(speak(spoken, "[pause:1s] Hello.")) > AUDIBLE)[0] / SAMPLE_RATE
    assert 1.0 <= late < 1.1
    plain, wrong = speak(spoken, "Wait for it."), speak(spoken, "Wait [pause:x] for it.")
    assert wrong.size > plain.size + SAMPLE_RATE // 2, "it is read aloud"


def test_a_silence_alone_is_a_text(spoken: Supervised) -> None:
    """It needs no engine, and is as long as it says."""
    samples = speak(spoken, "[pause:250ms]")
    assert samples.size == SAMPLE_RATE // 4
    assert not samples.any()
