"""The segment cache in the job machine: what a worker is spared, and each setting of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from supervisor.broker.bounds import bounds
from supervisor.broker.requests import SHARED_SEED, read_request
from supervisor.broker.sockets.peers import scope_of
from supervisor.config.sections.cache import Cache
from supervisor.config.settings import Settings
from supervisor.core.jobs import events as e
from supervisor.core.jobs.machine import Jobs
from supervisor.core.jobs.parts import Part
from supervisor.core.jobs.request import JobRequest, Shared
from supervisor.core.jobs.segment_cache import Doorkeeper, Spoken
from supervisor.speech import Prosody, Speech
from supervisor.wire.client import Submit
from supervisor.wire.worker import Catalogue, EngineState, VoiceState
from tests.fixtures.defaults import limits_with

MB = 1_000_000


class Speaking:
    """A job machine with one worker, which speaks whatever it gets."""

    def __init__(self, **settings: Any) -> None:
        self.settings = Settings(cache=Cache(**settings))
        self.jobs = Jobs(bounds(self.settings))
        self.now = 0.0
        self.size = 4
        self.made_by = "model 1"
        self.exact = True
        self.ran: list[e.RunSegment] = []
        self.ended: dict[str, e.ReleaseEnd] = {}
        self.refused: list[e.ReleaseRefusal] = []
        self.to_disk: list[e.WriteCached] = []
        self.looks: list[e.ReadCached] = []
        self.count = 0
        self.tell(e.WorkerReady(0.0, 1))

    def tell(self, event: e.Event) -> None:
        for command in self.jobs.handle(event):
            match command:
                case e.RunSegment():
                    self.ran.append(command)
                case e.ReleaseEnd(job=job):
                    self.ended[job] = command
                case e.ReleaseRefusal():
                    self.refused.append(command)
                case e.WriteCached():
                    self.to_disk.append(command)
                case e.ReadCached():
                    self.looks.append(command)
        self.jobs.check()

    def submit(self, *parts: str | Part, scope: str = "a", **how: Any) -> str:
        """Hand in a job; returns its name."""
        self.count += 1
        speech = Speech(engine="e", voice="v", **how.pop("speech", {}))
        shared = how.pop("shared", Shared(scope, seeded=False))
        request = JobRequest(
            speech=speech,
            sample_rate=24_000,
            segments=tuple(p if isinstance(p, Part) else Part(p) for p in parts),
            shared=shared,
            **how,
        )
        self.tell(
            e.Submitted(
                now=self.now,
                job=f"j{self.count}",
                owner="o",
                client=b"c",
                request=request,
                credit=1 << 40,
                flow=scope,
            )
        )
        return f"j{self.count}"

    def answer(self) -> None:
        """The worker speaks what it has."""
        run = self.ran[-1]
        self.tell(
            e.SegmentSpoken(
                now=self.now,
                worker=run.worker,
                job=run.job,
                segment=run.segment,
                attempt=run.attempt,
                pieces=(bytes(self.size),),
                synthesis_s=0.5,
                made_by=self.made_by,
                exact=self.exact,
            )
        )

    def cached(self, *parts: str | Part, **how: Any) -> bool:
        """Say something; whether no worker was needed."""
        before = len(self.ran)
        job = self.submit(*parts, **how)
        while job not in self.ended:
            self.answer()
        return len(self.ran) == before

    def knows(self, text: str = "Good morning.", **how: Any) -> Speaking:
        """Have a text spoken twice, so that it is cached."""
        for _ in range(2):
            assert not self.cached(text, **how)
        return self


# -- what a hit is ----------------------------------------------------------------------


def test_a_phrase_that_was_spoken_twice_needs_no_worker() -> None:
    """Not even an idle one; it says so at the end, and costs nothing."""
    speaking = Speaking().knows()
    job = speaking.submit("Good morning.")
    assert speaking.ended[job].cached == 1
    assert speaking.ended[job].synthesis_s == 0
    assert speaking.jobs.admission.work_s == 0
    assert (speaking.jobs.repeats.hits, speaking.jobs.repeats.misses) == (1, 2)
    assert speaking.jobs.repeats.saved_s == 0.5


def test_a_phrase_waits_for_nobody() -> None:
    """All workers speak a book, and many books wait: it is answered in the same event."""
    speaking = Speaking().knows()
    for number in range(3):
        speaking.submit(f"Book {number}.", f"And more of book {number}.", scope="b")
    job = speaking.submit("Good morning.")
    assert job in speaking.ended
    assert speaking.jobs.waiting_segments == 5, "it was no demand"


def test_the_known_part_of_a_text_is_no_work() -> None:
    """Where there is no room for more work, a text that is all there is taken still."""
    speaking = Speaking().knows()
    limits = limits_with(work_s_per_client=1e-9, work_s=1e-9)
    settings = msgspec.structs.replace(bounds(speaking.settings), limits=limits)
    speaking.tell(e.Configured(0.0, settings))
    for number in range(3):
        speaking.submit(f"Book {number}.")
    assert [refusal.code for refusal in speaking.refused] == ["busy"]
    assert speaking.submit("Good morning.") in speaking.ended


@pytest.mark.parametrize(
    "how",
    [
        {"speech": {"speed": 1.5}},
        {"speech": {"volume": 0.5}},
        {"speech": {"words": True}},
        {"speech": {"language": "en-GB"}},
        {"scope": "b"},
        {"tolerant": False},
        {"shared": None},
    ],
)
def test_what_would_sound_otherwise_is_a_miss(how: dict[str, Any]) -> None:
    """And so is what another owner has had said, and what is not to be cached."""
    assert not Speaking().knows().cached("Good morning.", **how)


@pytest.mark.parametrize(
    "part",
    [
        Part("Good morning!"),
        Part("Good morning.", "paragraph"),
        Part("Good morning.", 0.5),
        Part("Good morning.", prosody=Prosody(rate=1.1)),
        Part("Good morning.", prosody=Prosody(voice="w")),
    ],
)
def test_another_text_end_or_manner_is_a_miss(part: Part) -> None:
    """Text, position and manner are as they were cut."""
    assert not Speaking().knows().cached(part)


def test_seeds_count_where_the_engine_draws() -> None:
    """With one that does not, every seed is the same."""
    drawing: dict[str, Any] = {"shared": Shared("a", seeded=True)}
    speaking = Speaking().knows(speech={"seed": 1}, **drawing)
    assert speaking.cached("Good morning.", speech={"seed": 1}, **drawing)
    assert not speaking.cached("Good morning.", speech={"seed": 2}, **drawing)
    assert Speaking().knows(speech={"seed": 1}).cached("Good morning.", speech={"seed": 2})


def test_a_reproducible_job_takes_what_one_thread_made() -> None:
    """A plain one takes any."""
    speaking = Speaking()
    speaking.exact = False
    speaking.knows()
    assert speaking.cached("Good morning.")
    speaking.exact = True
    assert not speaking.cached("Good morning.", reproducible=True)
    assert speaking.cached("Good morning.", reproducible=True)


def test_nothing_is_found_of_a_model_that_is_gone() -> None:
    """Engines are loaded anew, and what speaks by now is not known until it has spoken."""
    speaking = Speaking().knows()
    speaking.tell(e.EnginesChanged(0.0))
    speaking.made_by = "model 2"
    assert not speaking.cached("Good morning.")
    assert speaking.cached("Good morning."), "it was kept at once: it is wanted often"
    speaking.tell(e.EnginesChanged(0.0))
    assert not speaking.cached("Good morning.")


def test_what_nobody_knows_the_maker_of_is_not_kept() -> None:
    """An engine without a fingerprint is never cached."""
    speaking = Speaking()
    speaking.made_by = ""
    assert not any(speaking.cached("Good morning.") for _ in range(4))


# -- single flight ----------------------------------------------------------------------


def test_equal_segments_are_spoken_once() -> None:
    """Two owners' are not equal."""
    speaking = Speaking()
    first, second = speaking.submit("Hello."), speaking.submit("Hello.")
    speaking.tell(e.WorkerReady(0.0, 2))
    other = speaking.submit("Hello.", scope="b")
    assert [run.job for run in speaking.ran] == [first, other]
    speaking.ran.reverse()
    speaking.answer()
    assert speaking.ended.keys() == {first, second}
    assert speaking.ended[second].cached == 1


@pytest.mark.parametrize("how", ["lost", "refused", "cancelled"])
def test_who_waited_in_vain_is_on_its_own(how: str) -> None:
    """Whatever became of the segment that it waited for."""
    speaking = Speaking()
    speaking.tell(e.WorkerReady(0.0, 2))
    first, second = speaking.submit("Hello."), speaking.submit("Hello.")
    run = speaking.ran[0]
    if how == "lost":
        speaking.tell(e.WorkerLost(0.0, run.worker, "it died"))
    else:
        if how == "cancelled":
            speaking.tell(e.Cancelled(0.0, first, "enough"))
        speaking.tell(
            e.SegmentRefused(
                now=0.0,
                worker=run.worker,
                job=run.job,
                segment=run.segment,
                attempt=run.attempt,
                message="no",
            )
        )
    while second not in speaking.ended:
        speaking.answer()
    assert speaking.ended[second].retried == 0


# -- each setting -----------------------------------------------------------------------


def test_enabled() -> None:
    """Without it nothing is kept, and equal segments are all spoken."""
    assert not any(Speaking(enabled=False).cached("Hello.") for _ in range(4))


def test_memory_mb() -> None:
    """Of two segments of 0.7 MB one has room in an MB, and both in two."""
    for memory_mb, both in ((1, False), (2, True)):
        speaking = Speaking(memory_mb=memory_mb)
        speaking.size = 700_000
        speaking.knows("One.").knows("Two.")
        assert speaking.cached("Two.")
        assert speaking.jobs.repeats.cache.bytes <= memory_mb * MB
        assert speaking.cached("One.") == both
        assert bool(speaking.jobs.repeats.cache.evicted) != both


def test_max_segment_chars() -> None:
    """A longer one is spoken every time."""
    speaking = Speaking(max_segment_chars=10)
    assert [speaking.cached("x" * 10) for _ in range(3)] == [False, False, True]
    assert [speaking.cached("x" * 11) for _ in range(3)] == [False, False, False]


@pytest.mark.parametrize("uses", [1, 2, 3])
def test_min_uses(uses: int) -> None:
    """So often it is spoken before it is kept."""
    found = [Speaking(min_uses=uses)] * 5
    assert [each.cached("Hello.") for each in found] == [False] * uses + [True] * (5 - uses)


def test_ttl_s() -> None:
    """After that it is spoken anew."""
    speaking = Speaking(ttl_s=60.0).knows()
    speaking.now = 59.0
    assert speaking.cached("Good morning.")
    speaking.now = 61.0
    assert not speaking.cached("Good morning.")


def test_disk_mb() -> None:
    """What is kept is written to the disk, if there is to be any, and found there after a start:
    from the second segment of the voice on.
    """
    assert not Speaking().knows().to_disk
    before = Speaking(disk_mb=1).knows()
    (written,) = before.to_disk
    after = Speaking(disk_mb=1)
    after.tell(e.CachedFound(0.0, (written.key,)))
    assert not after.cached("Good evening."), "who speaks is known from now on"
    job = after.submit("Good morning.")
    (look,) = after.looks
    after.tell(e.CachedRead(0.0, look.maker, written.spoken))
    assert after.ended[job].cached == 1
    assert after.cached("Good morning."), "it is in memory now"


@pytest.mark.parametrize("there", ["nothing", "of another model", "too old"])
def test_what_is_not_on_disk_is_spoken(there: str) -> None:
    """Or is not what is wanted any more."""
    (written,) = Speaking(disk_mb=1).knows().to_disk
    speaking = Speaking(disk_mb=1, ttl_s=10)
    speaking.tell(e.CachedFound(0.0, (written.key,)))
    assert not speaking.cached("Good evening.")
    job = speaking.submit("Good morning.")
    spoken: Spoken | None = written.spoken
    if there == "of another model":
        spoken = msgspec.structs.replace(written.spoken, made_by="model 0")
    if there == "too old":
        spoken = msgspec.structs.replace(written.spoken, at=-11.0)
    speaking.tell(
        e.CachedRead(0.0, speaking.looks[0].maker, None if there == "nothing" else spoken)
    )
    speaking.answer()
    assert speaking.ended[job].cached == 0


def request_for(seed: int | None, *, draws: bool, **settings: Any) -> JobRequest:
    """What the broker makes of a SUBMIT under these settings."""
    engine = EngineState(
        name="hibari",
        sample_rate=24_000,
        default_voice="v",
        voices=(VoiceState("v", "en-US", "", 24_000),),
        licence="",
        min_speed=0.5,
        max_speed=2.0,
        unavailable=None,
        draws=draws,
    )
    submit = Submit("1", seed=seed)
    catalogue = Catalogue((engine,))
    return read_request(submit, "Hello.", catalogue, Settings(cache=Cache(**settings)), 0.0)[0]


def test_unseeded() -> None:
    """An engine that draws gets a seed of its own for each request, or the same for all."""
    fresh = [request_for(None, draws=True) for _ in range(2)]
    assert fresh[0].speech.seed != fresh[1].speech.seed
    assert [request.shared for request in fresh] == [None, None]
    shared = request_for(None, draws=True, unseeded="share")
    assert shared.speech.seed == SHARED_SEED
    assert shared.shared == Shared("", seeded=True)
    assert not shared.reproducible
    assert request_for(7, draws=True).shared == Shared("", seeded=True)
    assert request_for(None, draws=False).shared == Shared("", seeded=False)
    assert request_for(7, draws=True, enabled=False).shared is None


def test_the_scope_of_an_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key, a user, a key or an address over HTTP; on this machine without a key the user."""
    monkeypatch.setattr("os.getuid", lambda: 1000)
    assert scope_of("key:ab") == "key:ab"
    assert scope_of("uid:1000") == "uid:1000"
    assert scope_of("uid:1000", "key:cd") == "for:key:cd"
    assert scope_of("uid:1000", "addr:10.0.0.1") == "for:addr:10.0.0.1"
    assert scope_of("uid:1000", "conn:7-1") == "uid:1000"
    assert scope_of("key:ab", "key:cd") == "key:ab", "others act for nobody"


# -- the doorkeeper ---------------------------------------------------------------------


def test_the_doorkeeper_forgets_what_came_once() -> None:
    """A book does not make room for itself: its sentences come once, and are forgotten."""
    doorkeeper = Doorkeeper()
    names = [hash(f"Said {number} times.") for number in range(3)]
    assert [doorkeeper.see(name) for name in names] == [1, 1, 1]
    assert doorkeeper.see(names[0]) == 2
    for number in range(10_000):
        doorkeeper.see(hash(f"Sentence {number}."))
    assert doorkeeper.see(names[1]) == 1
