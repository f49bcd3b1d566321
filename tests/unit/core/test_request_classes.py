"""Classes of requests: which a job has, and what each setting of them does."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from supervisor.core.jobs import events as e
from supervisor.core.jobs.classes import Classes, by_rule
from supervisor.core.jobs.job import Job
from supervisor.core.jobs.parts import Part, sentences
from supervisor.core.jobs.request import JobRequest
from supervisor.core.jobs.segmentation import uncut
from supervisor.speech import Prosody, RequestClass, Speech
from tests.fixtures.defaults import BOUNDS
from tests.fixtures.virtual_pool import VirtualPool, book

SENTENCE = (
    "The morning was grey and cold, so nobody wanted to leave the house before the post had come, "
    "and the dog lay by the stove all day, because the rain had not ended since the evening before."
)


LONG: Classes = replace(
    BOUNDS.classes,
    contended_s=1e5,
    rules={n: replace(rules, max_work_s=None) for n, rules in BOUNDS.classes.rules.items()},
)
"""The workers of these tests take a second for a character: segments come a minute apart."""


def rules(**changes: object) -> Classes:
    """The classes as they are by default, but for this."""
    changed: Classes = replace(BOUNDS.classes, **changes)
    return changed


def limited(name: RequestClass, max_chars: int | None) -> Classes:
    """With other lengths for one class."""
    rules = {**LONG.rules, name: replace(LONG.rules[name], max_chars_contended=max_chars)}
    changed: Classes = replace(LONG, rules=rules)
    return changed


def spoken_text(request_class: RequestClass | None, *texts: str) -> JobRequest:
    """A text whose segments may be cut in two."""
    return replace(book([1], 1, request_class), segments=sentences(*texts), rest=None, recut="en")


@pytest.mark.parametrize(
    ("segments", "durable", "open", "expected"),
    [
        (1, False, False, "interactive"),
        (2, False, False, "stream"),
        (20, False, False, "stream"),
        (21, False, False, "batch"),
        (1, True, False, "batch"),
        (1, False, True, "stream"),
        (1, True, True, "stream"),
    ],
)
def test_the_class_by_rule(
    segments: int, durable: bool, open: bool, expected: RequestClass
) -> None:
    """A sentence is waited for, a text is listened to, a book is neither; who writes, listens."""
    assert by_rule(segments, durable=durable, open=open) == expected


def test_what_the_client_says_goes_before_the_rule() -> None:
    """A sentence may be batch work, and a durable one may be waited for."""
    job = Job("j", replace(book([1], 1), request_class="batch"), owner="o", flow="f", now=0.0)
    assert job.request_class == "batch"


def class_of(pool: VirtualPool, job: str) -> RequestClass:
    """The class that a job has by now."""
    found = pool.jobs.find(job)
    assert found is not None
    return found.request_class


def test_a_class_is_not_trusted_beyond_its_bound() -> None:
    """Who calls a book interactive has batch work; who hands it in sentence by sentence has so many
    seconds of them waiting, and the next counts as stream. What others have waiting does not count.
    """
    pool = VirtualPool(1)
    assert class_of(pool, pool.submit("a", book([100], 10, "interactive"))) == "batch"
    found = [class_of(pool, pool.submit("b", book([10], 1))) for _ in range(17)]
    assert found == ["interactive"] * 3 + ["stream"] * 12 + ["batch"] * 2
    assert class_of(pool, pool.submit("c", book([10], 1))) == "interactive"
    job = pool.jobs.find("a0")
    assert job is not None
    assert ("demoted", "interactive", "batch") in [line[1:] for line in job.story]
    assert dict(pool.jobs.admission.demoted) == {"interactive": 15, "stream": 3}
    pool.jobs.check()


def test_an_open_text_that_is_written_faster_than_it_is_spoken_loses_its_class() -> None:
    """Its length is not known when it begins."""
    pool = VirtualPool(1)
    job = pool.submit("a", replace(book([1], 1, "interactive"), segments=(), rest=None, open=True))
    pool.tell(e.TextAppended(0.0, job, sentences("x" * 20)))
    assert class_of(pool, job) == "interactive"
    pool.tell(e.TextAppended(0.0, job, sentences(*["x" * 20] * 20)))
    assert class_of(pool, job) == "batch"
    pool.jobs.check()
    pool.tell(e.TextEnded(0.0, job))
    pool.run(1e4)
    assert pool.jobs.counts["done"] == 1


@pytest.mark.parametrize(
    ("name", "change"),
    [("interactive", {"max_work_s": 100.0}), ("stream", {"max_work_s": 500.0})],
)
def test_the_bound_on_work_is_a_setting(name: RequestClass, change: dict[str, float]) -> None:
    """With more of it the same job keeps its class."""
    request = book([70], 1 if name == "interactive" else 5, name)
    default = VirtualPool(1)
    assert class_of(default, default.submit("a", request)) != name
    known = BOUNDS.classes.rules
    other = VirtualPool(1, rules(rules={**known, name: replace(known[name], **change)}))
    assert class_of(other, other.submit("a", request)) == name


# -- preemption -------------------------------------------------------------------------


def interrupted(classes: Classes, *, had: float = 2.0, length: int = 20) -> bool:
    """Whether a sentence that comes after `had` seconds interrupts a segment of batch work."""
    pool = VirtualPool(1, classes)
    pool.submit("a", book([length], 3, "batch"))
    pool.run(had)
    pool.submit("b", book([1], 1, "interactive"))
    return bool(pool.interrupted)


def test_batch_work_gives_way_to_a_sentence() -> None:
    """Unless `preempt` is off, half of it is done, or little is left."""
    assert interrupted(rules())
    assert not interrupted(rules(preempt=False))
    assert not interrupted(rules(), had=11.0)
    assert not interrupted(rules(preempt_left_s=19.0))
    assert interrupted(rules(preempt_left_s=17.0))


@pytest.mark.parametrize(
    ("running", "comes"),
    [("interactive", "interactive"), ("stream", "interactive"), ("batch", "stream")],
)
def test_nothing_else_gives_way(running: RequestClass, comes: RequestClass) -> None:
    """Only batch work, and only to a sentence."""
    pool = VirtualPool(1)
    pool.submit("a", book([20], 1, running))
    pool.run(1.0)
    pool.submit("b", book([1], 1, comes))
    assert not pool.interrupted


def test_nobody_is_interrupted_where_a_worker_is_about_to_be_free() -> None:
    """Of two workers one ends its segment in 0.2 s."""
    pool = VirtualPool(2)
    pool.submit("a", book([10], 1, "batch"))
    pool.run(5.8)
    pool.submit("b", book([30], 1, "batch"))
    pool.run(9.8)
    pool.submit("c", book([1], 1, "interactive"))
    assert not pool.interrupted


def test_an_interrupted_segment_is_no_lost_one() -> None:
    """It runs again as another attempt, is no retry and no kill, and its time is told."""
    pool = VirtualPool(1)
    job = pool.submit("a", book([20], 2, "batch"))
    pool.run(4.0)
    pool.submit("b", book([1], 1, "interactive"))
    assert [(flow, size) for _at, flow, size in pool.started] == [("a", 20), ("b", 1)]
    pool.run(100.0)
    found = pool.jobs.find(job)
    assert found is not None
    assert (found.retried, found.segments[0].kills, found.segments[0].attempt) == (0, 0, 2)
    assert pool.jobs.counts["retried"] == 0
    assert pool.ended == {"b1": 5.0, job: 45.0}
    assert pool.jobs.preemption.segments == 1
    assert pool.jobs.preemption.thrown_away_s == 4.0


def test_a_segment_that_ends_although_it_was_told_to_stop_counts() -> None:
    """The order and the audio crossed: nothing is thrown away."""
    pool = VirtualPool(1)
    pool.submit("a", book([20], 1, "batch"))
    pool.run(4.0)
    pool.stubborn = True
    pool.submit("b", book([1], 1, "interactive"))
    pool.run(100.0)
    assert pool.jobs.counts["done"] == 2
    assert pool.jobs.preemption.segments == 0


# -- shorter segments -------------------------------------------------------------------


def lengths(
    classes: Classes, name: RequestClass, beside: RequestClass, after_s: float
) -> list[int]:
    """Characters of the segments that two sentences of a text become, so many seconds after a
    segment of another class ran.
    """
    pool = VirtualPool(1, classes)
    pool.submit("a", book([1], 1, beside))
    pool.run(1.0 + after_s)
    begun = len(pool.started)
    pool.submit("b", spoken_text(name, SENTENCE, "Short one."))
    pool.run(1e5)
    assert pool.jobs.counts["done"] == 2
    return [size for _at, _flow, size in pool.started[begun:]]


def test_segments_are_shorter_while_others_want_the_workers() -> None:
    """For `contended_s`, in pieces of about `max_chars_contended`: a book beside a sentence or a
    text, a text beside a sentence, and nothing beside less urgent work.
    """
    whole = [len(SENTENCE), 10]
    shorter = lengths(LONG, "batch", "interactive", 5.0)
    assert len(shorter) > 3
    assert max(shorter) <= 120
    assert sum(shorter) > sum(whole) - len(shorter)
    assert lengths(LONG, "batch", "stream", 5.0) == shorter
    assert lengths(LONG, "batch", "batch", 5.0) == whole
    assert lengths(LONG, "stream", "batch", 5.0) == whole
    assert len(lengths(LONG, "stream", "interactive", 5.0)) == 3
    assert lengths(LONG, "interactive", "interactive", 5.0) == whole
    assert len(lengths(rules(), "batch", "interactive", 5.0)) == 3, "then 30 s are over"
    assert lengths(rules(contended_s=4.0), "batch", "interactive", 5.0) == whole
    assert lengths(limited("batch", None), "batch", "interactive", 5.0) == whole
    assert len(lengths(limited("stream", 60), "stream", "interactive", 5.0)) > 3


def test_what_is_promised_to_be_the_same_is_not_cut_anew() -> None:
    """A text with a seed, or a durable one, has no language to be cut by."""
    pool = VirtualPool(1)
    pool.submit("a", book([1], 1, "interactive"))
    pool.run(2.0)
    pool.submit("b", replace(spoken_text("batch", SENTENCE), recut=None))
    assert pool.started[-1][2] == len(SENTENCE)


def test_for_clients_a_segment_that_was_cut_in_two_is_one() -> None:
    """Its parts have its number and its seed, and END counts as ACCEPTED does."""
    pool = VirtualPool(1, LONG)
    pool.submit("a", book([1], 1, "interactive"))
    pool.run(2.0)
    job = pool.submit("b", spoken_text("batch", "First.", SENTENCE, "Last one."))
    pool.run(1e4)
    runs = [run for run in pool.runs if run.job == job]
    assert [run.number for run in runs] == [0, *[1] * (len(runs) - 2), 2]
    assert len(runs) > 4
    assert [run.segment for run in runs] == list(range(len(runs)))
    told = [command for command in pool.told if getattr(command, "job", None) == job]
    accepted = next(command for command in told if isinstance(command, e.ReleaseAccepted))
    end = next(command for command in told if isinstance(command, e.ReleaseEnd))
    assert accepted.segments == end.segments == 3
    audio = [command.segment for command in told if isinstance(command, e.ReleaseAudio)]
    assert audio == [run.number for run in runs[:-1]]
    assert " ".join(run.part.text for run in runs[1:-1]) == SENTENCE


def test_a_cut_keeps_manner_and_silence() -> None:
    """The parts are spoken as the segment is, and what ended with it ends with the last of them."""
    slow = Prosody(rate=0.5)
    request = replace(
        book([1], 1, "batch"),
        segments=(Part(SENTENCE, "paragraph", slow),),
        rest=None,
        recut="en",
    )
    job = Job("j", request, owner="o", flow="f", now=0.0)
    parts = job.breath(80)
    assert parts is not None
    job.shorten(*parts)
    first, rest = job.segments
    assert (first.part.prosody, rest.part.prosody) == (slow, slow)
    assert (first.part.ends, rest.part.ends) == ("clause", "paragraph")
    assert first.size + rest.size == len(SENTENCE)
    assert Job("j", request, owner="o", flow="f", now=0.0).breath(len(SENTENCE)) is None


def test_a_text_that_is_cut_while_it_is_spoken_is_counted_in_full() -> None:
    """Shortened segments and a rest that is cut later: every character is accounted for."""
    pool = VirtualPool(2, LONG)
    pool.submit("a", book([1], 1, "interactive"))
    text = f"{SENTENCE} " * 40
    request = JobRequest(
        speech=Speech(engine="e", voice="v"),
        sample_rate=24_000,
        segments=(),
        rest=uncut(text, language="en", first_max_chars=80, max_chars=240),
        request_class="batch",
        recut="en",
    )
    pool.submit("b", request)
    for second in range(1, 60):
        pool.run(second * 100.0)
        pool.submit(f"c{second}", book([1], 1, "interactive"))
        pool.jobs.check()
    pool.run(1e6)
    assert pool.jobs.counts["done"] == 61
    assert pool.jobs.shortened_segments > 20
    said = {run.segment: run.part.text for run in pool.runs if run.job == "b1"}
    assert " ".join(said[index] for index in sorted(said)) == text.strip()
