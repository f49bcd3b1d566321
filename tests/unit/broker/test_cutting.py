"""Turns: who has a text to cut is served in turn, and everything else on the loop in between."""

from __future__ import annotations

import asyncio
import functools
from itertools import pairwise

import pytest

from supervisor.broker.cutting import TextReader, Turns
from supervisor.broker.preparing import Preparation
from supervisor.broker.refused import Refused
from supervisor.core.jobs.parts import sentences
from supervisor.core.jobs.segmentation import uncut
from tests.fixtures.cutting import cut_whole

SENTENCE = "The wind has turned, and nobody saw it. "


def reader(text: str, *, whole: bool) -> TextReader:
    """A text that was just handed in."""
    preparation = Preparation(
        text, language="en", markup="plain", policy="skip", name_emoji=False, fit=str
    )
    begin = functools.partial(uncut, language="en", first_max_chars=80, max_chars=240)
    return TextReader(preparation, begin, whole=whole)


def cut_up(one: TextReader) -> None:
    """Read the text until it can become a job."""
    while not one.ready:
        one.step()


def test_a_plain_text_is_enough_when_something_can_be_spoken() -> None:
    """Its first window is; the rest comes while that is spoken. Nothing gets lost between."""
    text = SENTENCE * 1_000
    one = reader(text, whole=False)
    cut_up(one)
    assert not one.ended
    parts, rest = one.take()
    assert rest is not None
    assert (*(part.text for part in parts), *cut_whole(rest)) == cut_whole(
        uncut(text, language="en", first_max_chars=80, max_chars=240)
    )


@pytest.mark.parametrize("times", [1, 100, 5_000])
def test_a_durable_text_is_cut_whole_before_it_is_a_job(times: int) -> None:
    """However long: what is left to do with it is to take lines."""
    one = reader(SENTENCE * times, whole=True)
    cut_up(one)
    assert one.ended
    parts, rest = one.take()
    texts = [part.text for part in parts]
    assert (*texts, *(() if rest is None else cut_whole(rest))) == (SENTENCE.strip(),) * times
    assert len(parts) < 1_000


def test_a_text_without_anything_to_speak_is_read_to_its_end() -> None:
    """Before that nobody can say that it is a silence, or empty."""
    one = reader("…" * 5_000, whole=False)
    cut_up(one)
    assert one.take() == (sentences(""), None)
    empty = reader(" " * 5_000, whole=False)
    with pytest.raises(Refused, match="the text is empty"):
        cut_up(empty)


def test_turns_go_round_and_others_are_served_in_between() -> None:
    """Two who always want more are served alternately; a callback of somebody else, asked for in
    a turn, comes before the next turn. One that fails costs itself its turns and nobody else.
    """

    async def run() -> list[str]:
        loop = asyncio.get_running_loop()
        turns, seen, over = Turns(loop), list[str](), loop.create_future()
        loop.set_exception_handler(lambda _loop, _context: seen.append("failed"))

        def step(name: str) -> bool:
            seen.append(name)
            loop.call_soon(seen.append, "other")
            if len(seen) > 12 and not over.done():
                over.set_result(None)
            return not over.done()

        def bad() -> bool:
            raise ValueError("a fault of ours")

        turns.add(lambda: step("a"))
        turns.add(bad)
        turns.add(lambda: step("b"))
        await over
        return seen

    seen = asyncio.run(run())
    assert seen.count("failed") == 1
    assert [name for name in seen if name in "ab"][:4] == ["a", "b", "a", "b"]
    assert all(one == "other" or next == "other" for one, next in pairwise(seen[4:]))
