"""Whatever comes in at the socket, the supervisor stays up, stays small, and serves the others."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import partial
from typing import get_args

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from msgspec.structs import fields

from supervisor.core.jobs.classes import CLASSES
from supervisor.speech import Markup, Unreadable
from supervisor.wire import client as wire
from supervisor.wire.codec import MAGIC, encode
from supervisor.wire.events import EVENTS
from tests.fixtures.patterns import PATTERNS, worst
from tests.fixtures.processes import rss_mb
from tests.fuzz.attacks import attack
from tests.fuzz.figures import note
from tests.fuzz.seeds import REQUEST_SEEDS
from tests.supervised import Supervised, Wire, eventually

MESSAGES = int(os.environ.get("FUZZ_MESSAGES", "10000"))
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "200"))
GROWTH_MB = 20


@pytest.fixture(scope="module")
def target() -> Iterator[Supervised]:
    """A supervisor with an engine that does nothing."""
    with Supervised({"engines.default": "noop", "engines.preload": ["noop"]}) as supervised:
        yield supervised
        assert supervised.stop() == 0, supervised.output
        assert "Traceback" not in supervised.output


def served(peer: Wire) -> None:
    """A job of a good client is spoken."""
    peer.send(wire.Submit("good"), b"Hello.")
    assert isinstance(peer.outcome(20)[0], wire.End)


def test_ten_thousand_hostile_messages(target: Supervised) -> None:
    """No crash, no growth beyond 20 MB, and a good client is served all the while."""
    path = target.run_dir / "client.sock"
    attack(path, 500, seed=2)
    before = rss_mb(target.pid)
    counts: dict[str, int] = {}
    thread = threading.Thread(target=lambda: counts.update(attack(path, MESSAGES)))
    jobs = 0
    with target.wire() as good:
        thread.start()
        while thread.is_alive():
            served(good)
            jobs += 1
        thread.join()
        served(good)
    assert sum(counts.values()) >= MESSAGES
    assert min(counts.values()) > 0
    assert jobs > 1
    # Peers that left are looked for every 10 s and given 3 s; a busy machine takes its time, too.
    eventually(lambda: rss_mb(target.pid) - before <= GROWTH_MB, "memory as before", 60.0)
    note(
        **{"hostile messages": sum(counts.values()), **counts},
        **{"good jobs served meanwhile": jobs, "growth, MB": round(rss_mb(target.pid) - before, 1)},
    )


NAMES = st.text(max_size=200)
NUMBERS = st.integers(-(1 << 63), (1 << 63) - 1)
MAYBE_NAMES = st.one_of(st.none(), NAMES)
MAYBE_NUMBERS = st.one_of(st.none(), NUMBERS)

REQUESTS: st.SearchStrategy[wire.Message] = st.one_of(
    st.builds(wire.Hello, NAMES),
    st.builds(
        wire.Submit,
        NAMES,
        engine=st.one_of(MAYBE_NAMES, st.just("noop")),
        voice=MAYBE_NAMES,
        speed=st.one_of(st.just(1.0), st.floats()),
        volume=st.one_of(st.just(1.0), st.floats()),
        seed=MAYBE_NUMBERS,
        language=st.one_of(MAYBE_NAMES, st.sampled_from(["en", "es-MX", "en_us"])),
        markup=st.one_of(MAYBE_NAMES, st.sampled_from(get_args(Markup))),
        unreadable=st.one_of(MAYBE_NAMES, st.sampled_from(get_args(Unreadable))),
        pronunciations=st.one_of(
            st.none(), st.dictionaries(NAMES, st.one_of(NAMES, MAYBE_NUMBERS), max_size=5)
        ),
        tempo=st.one_of(st.just(1.0), st.floats()),
        credit=st.one_of(st.just(0), NUMBERS),
        progress=st.booleans(),
        priority=st.one_of(st.integers(0, 9), NUMBERS),
        deadline_ms=MAYBE_NUMBERS,
        key=MAYBE_NAMES,
        durable=st.booleans(),
        on_behalf=MAYBE_NAMES,
        request_class=st.one_of(MAYBE_NAMES, st.sampled_from(CLASSES)),
        traceparent=MAYBE_NAMES,
        tracestate=MAYBE_NAMES,
        words=st.booleans(),
        open=st.booleans(),
        first_segment=st.one_of(st.just(0), NUMBERS),
        part=st.one_of(st.none(), st.tuples(st.integers(0, 9), st.integers(0, 9))),
        label=MAYBE_NAMES,
    ),
    st.builds(wire.Append, NAMES, NAMES, st.booleans(), MAYBE_NUMBERS),
    st.builds(wire.Finish, NAMES, NAMES, MAYBE_NUMBERS),
    st.builds(wire.Credit, NAMES, NUMBERS),
    st.builds(wire.Cancel, NAMES, forget=st.booleans()),
    st.builds(wire.Attach, NAMES, NAMES, NUMBERS, NUMBERS),
    st.builds(wire.Status, NAMES, st.booleans()),
    st.builds(wire.Jobs, NAMES, MAYBE_NAMES, NUMBERS),
    st.builds(wire.ClearCache, NAMES),
    st.builds(wire.Outlook, NAMES),
    st.builds(wire.Watch, NAMES, st.lists(st.one_of(NAMES, st.sampled_from(EVENTS))).map(tuple)),
    st.just(wire.Ping()),
    st.just(wire.Bye()),
)
"""Every request that there is, with whatever stands in its fields."""

HEADERS = st.one_of(
    st.binary(max_size=200),
    st.builds(
        lambda op, fields: encode(wire.Ping())[1] + op + fields,
        st.binary(max_size=5),
        st.binary(max_size=50),
    ),
    st.builds(lambda message, json: bytes(encode(message, json=json)[1]), REQUESTS, st.booleans()),
)


@pytest.mark.parametrize("kind", get_args(wire.Request))
def test_every_request_is_among_those_that_are_thrown(kind: type[wire.Message]) -> None:
    """A new one is fuzzed too, and each of its fields, in the codec and through the socket."""

    def has(name: str, default: object, message: wire.Message) -> bool:
        return isinstance(message, kind) and getattr(message, name) != default

    assert any(isinstance(message, kind) for message in REQUEST_SEEDS)
    any_one = settings(  # The shortest takes minutes.
        max_examples=2_000, phases=[Phase.generate], database=None
    )
    found = find(REQUESTS, lambda message: isinstance(message, kind), settings=any_one)
    assert isinstance(found, kind)
    for field in fields(kind):
        told = partial(has, field.name, field.default)
        assert any(map(told, REQUEST_SEEDS)), field.name
        assert told(find(REQUESTS, told, settings=any_one)), field.name


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    magic=st.one_of(st.just(MAGIC), st.binary(max_size=6)),
    header=HEADERS,
    bodies=st.lists(st.binary(max_size=300), max_size=3),
)
def test_any_frames_through_a_live_socket(
    target: Supervised, magic: bytes, header: bytes, bodies: list[bytes]
) -> None:
    """They are answered or ignored, and the next message on the same connection is served."""
    with target.wire() as peer:
        peer.socket.send_multipart([magic, header, *bodies])
        peer.send(wire.Status("after"))
        while True:
            message, _body = peer.receive()
            if isinstance(message, wire.Report) and message.id == "after":
                return


@settings(
    max_examples=max(1, EXAMPLES // 10),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    parts=st.lists(
        st.one_of(st.sampled_from(PATTERNS), st.text(max_size=8)), min_size=1, max_size=3
    ),
    size=st.integers(0, 2 << 20),
    durable=st.booleans(),
    flow=st.sampled_from([None, "a", "b"]),
)
def test_any_pattern_of_text_keeps_nobody_waiting(
    target: Supervised, parts: list[str], size: int, durable: bool, flow: str | None
) -> None:
    """However long and whatever it is made of: somebody else is served meanwhile, and it comes to
    an answer of its own.
    """
    text = "".join(parts).replace("\0", "")
    with target.wire() as peer, target.wire() as good:
        submit = wire.Submit("a", credit=1, durable=durable, on_behalf=flow)
        peer.send(submit, worst(text or ".", size).encode())
        served(good)
        answer, _body = peer.receive()
        if isinstance(answer, wire.Accepted):
            peer.send(wire.Cancel(answer.job))
        else:
            assert isinstance(answer, wire.Error)
            assert answer.code in {"empty_text", "busy", "bad_text"}
