"""What a host profile says, when it counts, and that no file of any content does harm."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.core.allocation.host_profile import (
    SCHEMA,
    Crowd,
    EngineProfile,
    HostProfile,
    MachineKey,
    ProfileError,
    decode,
    encode,
    in_force,
)
from supervisor.core.jobs.admission import FIRST_GUESS, Costs
from supervisor.core.jobs.job import Job
from supervisor.core.jobs.parts import sentences
from supervisor.core.jobs.request import JobRequest
from supervisor.speech import Speech

HERE = MachineKey("A CPU", 2, "1.32.0")
ENGINE = EngineProfile(
    measured_at=1000.0,
    options={"level": 1},
    seconds_per_character=0.002,
    speedup={1: 1.0, 2: 1.6},
    crowd=Crowd(2, 1.9),
    session_build_s=0.1,
    start_s=0.01,
    worker_pss_mb=20.0,
    rounds=3,
)
PROFILE = HostProfile(SCHEMA, HERE, {"hibari": ENGINE})
OPTIONS = {"hibari": {"level": 1}}


def changed(**fields: object) -> bytes:
    """The file with some figures of its engine replaced, as somebody could edit it."""
    document: dict[str, Any] = msgspec.json.decode(encode(PROFILE))
    document["engines"]["hibari"].update(fields)
    return msgspec.json.encode(document)


def test_what_was_written_is_read() -> None:
    """Every figure comes back, numbers of threads as numbers."""
    assert decode(encode(PROFILE)) == PROFILE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"null",
        b"[" * 5000,
        b" " * (1 << 21),
        b'{"schema": 1}',
        encode(PROFILE).replace(b'"schema": 1', b'"schema": 2'),
        encode(PROFILE).replace(b"0.002", b"NaN"),
        encode(PROFILE).replace(b"0.002", b"1e999"),
        changed(seconds_per_character=-1.0),
        changed(seconds_per_character=0),
        changed(seconds_per_character="fast"),
        changed(speedup={"0": 1.0}),
        changed(speedup={"two": 1.0}),
        changed(speedup={"2": -1.0}),
        changed(crowd=None),
        changed(session_build_s=-0.1),
        changed(rounds=0),
    ],
)
def test_anything_else_is_refused_with_one_line(data: bytes) -> None:
    """Cut off, another schema, not a number, negative, of another type: an error, no crash."""
    with pytest.raises(ProfileError) as caught:
        decode(data)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_do_harm(data: bytes) -> None:
    """Whatever is in the file instead of a profile, the answer is a ProfileError."""
    with pytest.raises(ProfileError):
        decode(data)


@pytest.mark.parametrize(
    ("machine", "word"),
    [
        (MachineKey("Another CPU", 2, "1.32.0"), "the CPU"),
        (MachineKey("A CPU", 4, "1.32.0"), "number of cores"),
        (MachineKey("A CPU", 2, "1.33.0"), "onnxruntime"),
    ],
)
def test_a_profile_of_another_machine_says_nothing(machine: MachineKey, word: str) -> None:
    """It is set aside as a whole, and the line says what differs."""
    found = in_force(PROFILE, machine, OPTIONS)
    assert not found.engines
    assert found.ignored is not None
    assert word in found.ignored
    assert found.speedup({"hibari"}, {}) is None
    assert found.rates(1) == {}


def test_an_engine_with_other_options_is_set_aside_alone() -> None:
    """The figures of its neighbour hold still."""
    both = HostProfile(SCHEMA, HERE, {"hibari": ENGINE, "kokoro": ENGINE})
    found = in_force(both, HERE, {**OPTIONS, "kokoro": {"level": 2}})
    assert set(found.engines) == {"hibari"}
    assert found.ignored is not None
    assert "kokoro" in found.ignored
    assert in_force(PROFILE, HERE, OPTIONS).ignored is None


def test_figures_of_engines_together() -> None:
    """Unmeasured company leaves the shape as it was; builds add up; wider workers are faster."""
    found = in_force(PROFILE, HERE, OPTIONS)
    assert found.speedup({"hibari", "noop"}, {}) is None
    assert found.build_s({"hibari", "noop"}) is None
    assert found.build_s({"hibari"}) == 0.1
    assert found.rates(2) == {"hibari": pytest.approx(0.002 / 1.6)}


def test_what_an_engine_says_of_itself_holds_where_nothing_was_measured() -> None:
    """A measured neighbour keeps its figures; one that says nothing leaves all unknown."""
    found = in_force(PROFILE, HERE, OPTIONS)
    both = found.speedup({"hibari", "noop"}, {"noop": 0.5, "hibari": 0.0})
    assert both is not None
    assert both.of(2) == 1.6
    alone = found.speedup({"noop"}, {"noop": 0.5})
    assert alone is not None
    assert alone.of(2) == pytest.approx(1 / 0.75)
    assert found.speedup({"noop", "other"}, {"noop": 0.5}) is None


def test_a_measurement_on_one_free_core_says_nothing_of_threads() -> None:
    """Not even that they gain nothing: the shape stays what it is without a profile."""
    narrow = msgspec.structs.replace(ENGINE, speedup={1: 1.0})
    found = in_force(HostProfile(SCHEMA, HERE, {"hibari": narrow}), HERE, OPTIONS)
    assert found.speedup({"hibari"}, {}) is None
    assert found.rates(4) == {"hibari": 0.002}


def test_predictions_start_from_what_was_measured() -> None:
    """Until the engine has spoken: then it is taken at its own word. What it says of itself before
    is a guess for the queue, and nobody is refused for it.
    """
    request = JobRequest(
        speech=Speech(engine="hibari", voice="v"),
        sample_rate=24_000,
        segments=sentences("ten chars."),
    )
    job = Job("j", request, owner="o", flow="o", now=0.0, credit=0)
    costs = Costs()

    def rate() -> float:
        costs.rate(job)
        return job.work.rate

    assert rate() == FIRST_GUESS
    assert not costs.knows(request)
    costs.expect({}, {"hibari": 0.004})
    assert rate() == 0.004
    assert not costs.knows(request)
    costs.expect({"hibari": 0.002}, {"hibari": 0.004})
    assert rate() == 0.002
    assert costs.knows(request)
    costs.learn(request, len("ten chars."), 0.05)
    assert rate() == pytest.approx(0.005)
