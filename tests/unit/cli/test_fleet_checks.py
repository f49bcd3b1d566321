"""What `supervisor fleet` makes of settings, and of what the servers say."""

from __future__ import annotations

import pytest

from supervisor.cli.fleet.common import layout_of
from supervisor.cli.fleet.server_checks import check_clock, check_peers, check_road, syncs
from supervisor.config import Settings
from supervisor.nats.connection import Servers
from supervisor.nats.layout import Layout, consumers, streams
from supervisor.nats.limits import server_time
from supervisor.nats.setup import is_new_enough


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ("2.12.3", True),
        ("2.15.1", True),
        ("3.0.0", True),
        ("2.13.0-RC.1", True),
        ("2.12.2", False),
        ("2.9.25", False),
        ("", False),
        ("2.12", False),
        ("dev", False),
    ],
)
def test_a_server_must_be_new_enough(version: str, enough: bool) -> None:
    """By numbers, not by letters; what cannot be read is not."""
    assert is_new_enough(version) == enough


@pytest.mark.parametrize(
    ("offset", "level", "words"),
    [
        (0.2, "ok", "0.200 s behind the servers'"),
        (-3.0, "warning", "3.000 s ahead of the servers'"),
        (61.0, "problem", "61.000 s behind the servers'"),
        (None, "note", "unknown"),
    ],
)
def test_a_clock_that_is_off_is_told(offset: float | None, level: str, words: str) -> None:
    """A second is a warning, a minute a problem."""
    found = check_clock(offset)
    assert (found.level, words in found.found) == (level, True)


def test_the_servers_times_are_read_to_the_microsecond() -> None:
    """They have nanoseconds."""
    assert server_time("2026-12-01T18:04:50.584778848Z") == pytest.approx(1796148290.584778)


def test_servers_of_a_stream_that_are_away_are_told() -> None:
    """One that lags is a warning, no leader a problem, three that agree nothing."""
    away = {"name": "n2", "current": False, "offline": True, "lag": 3}
    near = {"name": "n3", "current": True}
    found = list(check_peers("JOBS", {"cluster": {"leader": "n1", "replicas": [away, near]}}))
    assert [(each.level, each.found) for each in found] == [
        ("warning", "JOBS: n2 is offline, 3 messages behind")
    ]
    (lost,) = check_peers("JOBS", {"cluster": {"replicas": [near]}})
    assert (lost.level, lost.found) == ("problem", "JOBS has no leader")
    assert not list(check_peers("JOBS", {"cluster": {"leader": "n1", "replicas": [near]}}))


@pytest.mark.parametrize(
    ("url", "credentials", "levels"),
    [
        ("nats://127.0.0.1:4222", None, ["note", "note"]),
        ("nats://10.0.0.1:4222", None, ["warning", "problem"]),
        ("nats://10.0.0.1:4222", "host.nk", ["warning"]),
        ("tls://10.0.0.1:4222", "host.nk", ["ok"]),
        ("nats://me:secret@10.0.0.1", None, ["warning"]),
    ],
)
def test_beyond_this_machine_there_has_to_be_tls_and_a_user(
    url: str, credentials: str | None, levels: list[str]
) -> None:
    """On it, neither is more than a note."""
    assert [each.level for each in check_road(Servers((url,), "h1", credentials))] == levels


@pytest.mark.parametrize(
    ("text", "always"),
    [
        ("jetstream { sync_interval: always }", True),
        ('jetstream { sync: "always" }', True),
        ("sync_interval = always", True),
        ("# sync_interval: always", False),
        ("// sync_interval: always", False),
        ("sync_interval: 2m", False),
        ("", False),
    ],
)
def test_a_servers_configuration_says_whether_it_syncs(text: str, always: bool) -> None:
    """In the spellings that the server takes; a comment is none."""
    assert syncs(text) == always


class ThreeServers:
    """Stands for a connection to a cluster, of which only the servers are asked."""

    known_servers = ("nats://a:4222", "nats://b:4222", "nats://c:4222")


def layout(**fleet: object) -> Layout:
    """What these settings have the servers hold."""
    settings = Settings(fleet=fleet)
    return layout_of(settings, ThreeServers())  # type: ignore[arg-type] # all that is looked at


def documents(found: Layout) -> list[dict[str, object]]:
    """All that `setup` would make of a layout, but for what all hosts share."""
    return [*streams(found), *consumers(found)]


@pytest.mark.parametrize(
    ("setting", "value", "name", "field", "expected"),
    [
        ("max_jobs", 7, "JOBS", "max_msgs", 7),
        ("max_bytes_mb", 7, "JOBS", "max_bytes", 7_000_000),
        ("max_bytes_mb", 7, "AUDIO", "max_bytes", 7_000_000),
        ("retention_s", 70.0, "AUDIO", "max_age", 70_000_000_000),
        ("retention_s", 70.0, "KV_outcome", "max_age", 70_000_000_000),
        ("replicas", 1, "JOBS", "num_replicas", 1),
        ("audio_replicas", 1, "AUDIO", "num_replicas", 1),
        ("lease_s", 7.0, "high_hibari_0", "ack_wait", 7_000_000_000),
        ("lanes", 2, "batch_hibari_1", "filter_subject", "tts.1.job.batch.hibari.1.>"),
    ],
)
def test_each_setting_comes_to_the_servers(
    setting: str, value: object, name: str, field: str, expected: object
) -> None:
    """By `fleet setup`; left alone they are otherwise."""

    def found(**fleet: object) -> object:
        made = {str(each["name"]): each for each in documents(layout(**fleet))}
        return made.get(name, {}).get(field)

    assert found(**{setting: value}) == expected
    assert found() != expected


def test_of_three_servers_all_hold_everything() -> None:
    """The audio too, unless it is asked for less; one server holds it alone, whatever is asked."""
    held = [each["num_replicas"] for each in streams(layout())]
    assert held == [3] * 5
    alone = layout(replicas=1, audio_replicas=3)
    assert (alone.replicas, alone.audio_replicas) == (1, 1)
    assert layout(part_s=7.0).part_s == 7.0
