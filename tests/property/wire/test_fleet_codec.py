"""Reading a fleet's records never raises anything but its own two errors."""

from __future__ import annotations

from contextlib import suppress

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from supervisor.wire.fleet import codec, jobs, live, names
from supervisor.wire.fleet.headers import read_headers

KINDS = (jobs.Job, jobs.Outcome, jobs.DeadLetter, live.Heartbeat, live.Bid, live.Control)

_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)
_fields = sorted({name for kind in KINDS for name in kind.__struct_fields__})


@given(st.binary() | st.dictionaries(st.sampled_from(_fields), _values).map(msgspec.msgpack.encode))
def test_any_bytes_are_a_record_or_one_of_two_errors(data: bytes) -> None:
    """Whatever a stranger publishes, a host's loop goes on."""
    for kind in KINDS:
        with suppress(codec.NewerSchema, codec.Unreadable):
            assert isinstance(codec.decode(data, kind), kind)


@given(st.dictionaries(st.text(), st.text()))
def test_any_headers_are_read(headers: dict[str, str]) -> None:
    """Headers are a stranger's as well."""
    read_headers(headers | {"Tts-Part": headers.get("", "1/2"), "Tts-Cost-S": headers.get("", "")})


@given(st.text(), st.text(), st.text())
def test_any_names_make_safe_subjects_or_are_refused(owner: str, key: str, name: str) -> None:
    """A token has no dot, space or wildcard, and is the same every time."""
    for made in (names.job_id(owner, key), names.as_token(name)):
        assert names.token(made) == made
    with suppress(names.NameRefused):
        assert str(names.parse_name(name)) == name
