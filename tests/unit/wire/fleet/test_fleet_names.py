"""Names of a fleet: what a client chooses never becomes a level, a wildcard, or another's name."""

from __future__ import annotations

import pytest

from supervisor.wire.fleet import names
from supervisor.wire.fleet.names import NameRefused


def test_a_public_id_is_the_end_of_the_subject_and_says_all_of_it() -> None:
    """A job is found by its id alone, whole or in parts."""
    whole = names.job_name("normal", "kokoro", 3, "shop", "abc")
    assert str(whole) == "normal.kokoro.3.shop.abc"
    assert whole.subject == "tts.1.job.normal.kokoro.3.shop.abc"
    assert names.parse_subject(whole.subject) == names.parse_name(str(whole)) == whole
    assert (whole.key, whole.control) == ("shop.abc", "tts.1.ctl.shop.abc")
    assert whole.consumer == "normal_kokoro_3"
    book = names.job_name("batch", "kokoro", 0, "shop", "abc", 2)
    assert names.parse_name(str(book)) == book
    assert [str(part) for part in book.each()] == [
        "batch.kokoro.0.shop.abc-0",
        "batch.kokoro.0.shop.abc-1",
    ]
    assert whole.each() == (whole,)


@pytest.mark.parametrize("bad", ["", "a.b", "a b", "*", ">", "é", "a\n", "a" * 65, "a*"])
def test_what_is_no_token_is_refused_in_one_line(bad: str) -> None:
    """No dot, wildcard or space reaches a subject."""
    with pytest.raises(NameRefused, match=r"\A[^\n]*\Z"):
        names.token(bad)
    for make in (names.bid_subject, names.talk_subjects):
        if bad != "*":
            with pytest.raises(NameRefused):
                make(bad)
    assert names.token(names.as_token(bad))


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "a3f2",
        "normal.kokoro.0.t",
        "slow.kokoro.0.t.id",
        "normal.kokoro.x.t.id",
        "normal.kokoro.-1.t.id",
        "normal.kokoro.0.t.id.0x1",
        "normal.kokoro.0.t.id.99999",
        "normal.kokoro.0.>.id",
        "normal.kokoro.0.t.id.1.2",
        "normal." * 10_000,
    ],
)
def test_what_is_no_job_of_a_fleet_is_told_from_one(bad: str) -> None:
    """A supervisor's own ids, and nonsense, are not taken for names."""
    assert not names.is_job_name(bad)


def test_names_of_hosts_stay_different_when_they_are_made_tokens() -> None:
    """A dot is replaced, and a digest keeps two names apart."""
    assert names.as_token("host-1") == "host-1"
    assert names.as_token("a.b") != names.as_token("a-b") != names.as_token("a_b")
    assert len({names.as_token(name) for name in ("a.b", "a b", "a/b", "a" * 70, "a" * 71)}) == 5


def test_an_id_depends_on_owner_and_key_and_their_border() -> None:
    """The same key of another owner is another job; without a key no two are the same."""
    assert names.job_id("o", "key") == names.job_id("o", "key")
    assert names.job_id("ok", "ey") != names.job_id("o", "key") != names.job_id("", "okey")
    assert names.job_id("", "\udc80")
    ids = {names.random_id() for _ in range(100)} | {names.job_id("o", "key")}
    assert len(ids) == 101
    assert all(len(id) == 26 and names.token(id) for id in ids)


def test_classes_and_lanes() -> None:
    """The client's class goes first, then its priority; a tenant keeps its lane."""
    assert [names.class_of(p, None) for p in (9, 7, 6, 5, 3, 2, 0)] == (
        ["high", "high", "normal", "normal", "normal", "batch", "batch"]
    )
    assert names.class_of(9, "batch") == "batch"
    assert names.class_of(0, "interactive") == "high"
    assert names.class_of(0, "stream") == "normal"
    assert {names.lane_of(f"t{i}", 4) for i in range(50)} == {0, 1, 2, 3}
    assert names.lane_of("t", 1) == 0


def test_objects_name_their_attempt_and_lie_under_their_tenant() -> None:
    """Two hosts, or two attempts of one, never have one name."""
    made = {names.audio_object("id", host, "e", n) for host in ("h1", "h2") for n in (1, 2)}
    assert len(made) == 4
    assert names.audio_subject("t", "id.h1.e.1", 7) == "tts.1.audio.t.id.h1.e.1.7"
    assert names.audio_subject("t", "id.h1.e.1", "*") == "tts.1.audio.t.id.h1.e.1.*"
    assert names.text_subject("t", "id", 0) == "tts.1.text.t.id.0"
    with pytest.raises(NameRefused):
        names.audio_subject("t", "id.*", 0)
