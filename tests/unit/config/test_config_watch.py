"""Live reload, on real files: most tests under a clock of their own, one on a real loop."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from supervisor.config import ConfigError, Settings, load
from supervisor.config.watch import POLL_S, Rejected, Reloaded, Watch
from tests.unit.config.places import Place, cpu

UNUSABLE = 6


class Call:
    """A call to come."""

    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        """Never make it."""
        self.callback = None


class VirtualLoop:
    """The clock and timers of a loop; time passes only in `run`."""

    def __init__(self) -> None:
        self._now = 100.3
        self._count = itertools.count()
        self._calls: list[tuple[float, int, Call]] = []

    def time(self) -> float:
        """Now, in virtual seconds."""
        return self._now

    def call_at(self, when: float, callback: Callable[[], object], /) -> Call:
        """Call back when `run` comes by."""
        call = Call(callback)
        heapq.heappush(self._calls, (when, next(self._count), call))
        return call

    def run(self, seconds: float) -> None:
        """Let this much time pass."""
        end = self._now + seconds
        while self._calls and self._calls[0][0] <= end:
            self._now, _, call = heapq.heappop(self._calls)
            if call.callback is not None:
                call.callback()
        self._now = end


class Watched:
    """A watch on a place, and what it has delivered since it was last asked."""

    def __init__(self, place: Place, clock: Callable[[], float] = time.time) -> None:
        self.place = place
        self.loop = VirtualLoop()
        self.events: list[Reloaded | Rejected] = []
        loaded = load(environ={}, at=clock())
        self.watch = Watch(loaded, self.events.append, environ={}, clock=clock, check=self._check)
        self.watch.start(self.loop)

    @staticmethod
    def _check(settings: Settings) -> None:
        """As of a machine on which one port cannot be used."""
        if settings.http.port == UNUSABLE:
            raise ConfigError(f"http.port {UNUSABLE} is not for this machine")

    def after(self, seconds: float = 3 * POLL_S) -> list[Reloaded | Rejected]:
        """Let time pass; return and forget what was delivered."""
        self.loop.run(seconds)
        events, self.events[:] = self.events[:], []
        return events

    def ports(self) -> list[object]:
        """What has become of http.port: each new value, or the error."""
        return [
            event.error if isinstance(event, Rejected) else event.loaded.settings.http.port
            for event in self.after()
        ]


@pytest.fixture
def watched(place: Place) -> Iterator[Watched]:
    """A watch on an empty override.json."""
    watched = Watched(place)
    assert watched.after() == []
    yield watched
    watched.watch.stop()


def port(number: int) -> str:
    """The text of a file that sets http.port."""
    return json.dumps({"http": {"port": number}})


def replace(path: Path, content: str) -> None:
    """Replace the file at once, as careful programs do."""
    aside = path.with_suffix(".new")
    aside.write_text(content)
    aside.replace(path)


def test_edit_in_place(watched: Watched) -> None:
    """A write into the file is delivered once, with what changed; later nothing more."""
    watched.place.override.write_text(port(9))
    (event,) = watched.after()
    assert isinstance(event, Reloaded)
    assert [change.path for change in event.changes] == ["http.port"]
    assert watched.watch.loaded is event.loaded
    assert watched.after(60) == []


def test_a_pronunciation_changes_live(watched: Watched) -> None:
    """An edit of one word is delivered as a change to be applied at once; a wrong one is not."""
    for entries in ({"Nguyen": "win"}, {"Nguyen": "/wɪn/", "SQL": "sequel"}):
        replace(watched.place.override, json.dumps({"reading": {"pronunciations": entries}}))
        (event,) = watched.after()
        assert isinstance(event, Reloaded)
        assert [(change.path, change.effect) for change in event.changes] == [
            ("reading.pronunciations", "live")
        ]
        assert watched.watch.loaded.settings.reading.pronunciations == entries
    replace(watched.place.override, '{"reading": {"pronunciations": {"Nguyen": "/R/"}}}')
    (event,) = watched.after()
    assert isinstance(event, Rejected)
    assert "reading.pronunciations.Nguyen: 'R' (U+0052)" in str(event.error)
    assert watched.watch.loaded.settings.reading.pronunciations == entries


def test_atomic_replace_even_of_the_same_size_and_time(watched: Watched) -> None:
    """A new file under the old name is a change, whatever its size."""
    replace(watched.place.override, port(8))
    assert watched.ports() == [8]
    replace(watched.place.override, port(9))
    assert watched.ports() == [9]


def test_created_after_start(watched: Watched) -> None:
    """config.json was not there at the start and is followed all the same."""
    watched.place.config.write_text(port(9))
    assert watched.ports() == [9]


def test_deleted_and_made_again(watched: Watched) -> None:
    """A deletion that lasts gives the defaults back; the new file is followed."""
    watched.place.override.write_text(port(9))
    assert watched.ports() == [9]
    watched.place.override.unlink()
    assert watched.ports() == [8354]
    watched.place.override.write_text(port(10))
    assert watched.ports() == [10]


def test_editor_that_deletes_first_causes_no_detour(watched: Watched) -> None:
    """A file missing for half a second while it is written anew is one change, not two."""
    watched.place.override.write_text(port(9))
    assert watched.ports() == [9]
    watched.place.override.unlink()
    watched.loop.run(0.5 + POLL_S - watched.loop.time() % POLL_S)
    watched.place.override.write_text(port(10))
    assert watched.ports() == [10]


def test_invalid_file_changes_nothing_until_mended(watched: Watched) -> None:
    """The last good settings and the error stand side by side; mending it is told."""
    watched.place.override.write_text(port(9))
    assert watched.ports() == [9]
    watched.place.override.write_text('{"http": {"port": 99999}}')
    (event,) = watched.after()
    assert isinstance(event, Rejected)
    assert "http.port must be" in str(event.error)
    assert watched.watch.error is event.error
    assert watched.watch.loaded.settings.http.port == 9
    assert watched.after(60) == []
    watched.place.override.write_text(port(9))
    (event,) = watched.after()
    assert isinstance(event, Reloaded)
    assert event.changes == []
    assert watched.watch.error is None


def test_settings_that_this_machine_cannot_use_are_as_good_as_invalid(watched: Watched) -> None:
    """The last good ones stay, and what is written next is compared with them."""
    watched.place.override.write_text(port(9))
    assert watched.ports() == [9]
    watched.place.override.write_text(port(UNUSABLE))
    (event,) = watched.after()
    assert isinstance(event, Rejected)
    assert watched.watch.loaded.settings.http.port == 9
    watched.place.override.write_text(port(10))
    (event,) = watched.after()
    assert isinstance(event, Reloaded)
    assert [(change.old, change.new) for change in event.changes] == [(9, 10)]


def test_burst_of_writes_is_read_once(watched: Watched) -> None:
    """While the file keeps changing nobody reads it; half a file is never seen."""
    watched.loop.run(POLL_S - watched.loop.time() % POLL_S)
    whole = port(12345)
    for end in range(1, len(whole)):
        watched.place.override.write_text(whole[:end])
        assert watched.after(0.05) == []
    watched.place.override.write_text(whole)
    assert watched.ports() == [12345]


def test_file_that_never_rests_is_read_all_the_same(watched: Watched) -> None:
    """Endless writing does not put off a change for ever."""
    events: list[object] = []
    for n in range(200):
        watched.place.override.write_text(port(9) + " " * n)
        events += watched.after(0.1)
    assert events


def test_touch_without_change_is_silent(watched: Watched) -> None:
    """A new time stamp, or other white space, is no change of settings."""
    watched.place.override.touch()
    assert watched.after() == []
    watched.place.override.write_text("{  }")
    assert watched.after() == []


def test_directory_in_place_of_the_file(watched: Watched) -> None:
    """A directory is rejected, and removing it mends."""
    watched.place.override.unlink()
    watched.place.override.mkdir()
    (event,) = watched.after()
    assert isinstance(event, Rejected)
    watched.place.override.rmdir()
    (event,) = watched.after()
    assert isinstance(event, Reloaded)


def test_link_to_another_target(watched: Watched, tmp_path: Path) -> None:
    """A mounted ConfigMap swaps a link to a directory: the file behind it is followed."""
    for version in (1, 2):
        (tmp_path / f"v{version}").mkdir()
        (tmp_path / f"v{version}/override.json").write_text(port(version))
    (tmp_path / "data").symlink_to("v1")
    watched.place.override.unlink()
    watched.place.override.symlink_to("data/override.json")
    assert watched.ports() == [1]
    (tmp_path / "next").symlink_to("v2")
    (tmp_path / "next").replace(tmp_path / "data")
    assert watched.ports() == [2]


def test_change_between_load_and_start_is_found(place: Place) -> None:
    """A file saved while the supervisor starts is not missed."""
    loaded = load(environ={})
    place.override.write_text(port(9))
    loop, events = VirtualLoop(), list[Reloaded | Rejected]()
    Watch(loaded, events.append, environ={}).start(loop)
    loop.run(3 * POLL_S)
    assert [event.loaded.settings.http.port for event in events if isinstance(event, Reloaded)] == [
        9
    ]


def test_reload_answers_at_once_and_always(watched: Watched) -> None:
    """SIGHUP gets an answer without a change too, and the change is not told again."""
    watched.watch.reload()
    assert [type(event) for event in watched.after(0)] == [Reloaded]
    watched.place.override.write_text(port(9))
    watched.watch.reload()
    assert watched.ports() == [9]


def test_command_line_and_environment_stay_in_force(place: Place) -> None:
    """A reload cannot change what the start options fixed."""
    environ, given = {"SUPERVISOR_HTTP__HOST": "::1"}, {"http.port": 7}
    loop, events = VirtualLoop(), list[Reloaded | Rejected]()
    loaded = load(environ=environ, command_line=given)
    Watch(loaded, events.append, environ=environ, command_line=given).start(loop)
    place.override.write_text('{"http": {"port": 9, "host": "x"}, "segments": {"max_chars": 99}}')
    loop.run(3 * POLL_S)
    (event,) = events
    assert isinstance(event, Reloaded)
    assert [change.path for change in event.changes] == ["segments.max_chars"]


def test_stop_ends_it(watched: Watched) -> None:
    """After stop nothing is read and no timer is left."""
    watched.watch.stop()
    watched.place.override.write_text(port(9))
    assert watched.after(60) == []


async def _next_change(place: Place) -> Reloaded | Rejected:
    events: asyncio.Queue[Reloaded | Rejected] = asyncio.Queue()
    watch = Watch(load(environ={}), events.put_nowait, environ={})
    watch.start(asyncio.get_running_loop())
    try:
        place.override.write_text(port(9))
        return await asyncio.wait_for(events.get(), 10)
    finally:
        watch.stop()


def test_on_a_real_loop(place: Place) -> None:
    """The loop of asyncio has what the watch asks of a loop."""
    event = asyncio.run(_next_change(place))
    assert isinstance(event, Reloaded)
    assert event.loaded.settings.http.port == 9


class Profiled(Watched):
    """A watch on a place with a profile from 06:00 to 09:00 UTC, under a wall clock of its own."""

    def __init__(self, place: Place) -> None:
        self.wall = 1_796_104_770.0  # 2026-12-01T05:59:30Z
        place.override.write_text(profiles("09:00"))
        super().__init__(place, clock=lambda: self.wall + self.loop.time() - 100.3)

    def moves(self, seconds: float = 3 * POLL_S) -> list[tuple[tuple[str, ...], int]]:
        """What came in this time: the profiles in force, and min_cores."""
        return [
            (
                event.loaded.active,
                event.loaded.settings.performance.dynamic_cpu_allocation.min_cores,
            )
            for event in self.after(seconds)
            if isinstance(event, Reloaded)
        ]


def profiles(end: str) -> str:
    """The text of a file with a profile that sets min_cores 6."""
    tree = cpu(min_cores=6)
    morning = {"name": "morning", "from": "06:00", "to": end, "timezone": "UTC", "set": tree}
    return json.dumps({"profiles": [morning]})


@pytest.fixture
def profiled(place: Place) -> Iterator[Profiled]:
    """Half a minute before the profile begins."""
    watched = Profiled(place)
    yield watched
    watched.watch.stop()


def test_a_profile_begins_and_ends_by_the_wall_clock(profiled: Profiled) -> None:
    """Within a second of its minute, without a change of any file, and each edge once."""
    assert profiled.after(29) == []
    assert profiled.moves(2.1) == [(("morning",), 6)]
    assert profiled.after(3 * 3600 - 10) == []
    assert profiled.moves(20) == [((), 1)]
    assert profiled.after(3600) == []


def test_a_clock_that_is_set_and_a_machine_that_slept(profiled: Profiled) -> None:
    """Back before the window, into it, and over it: what counts is what the wall shows now."""
    assert profiled.moves(60) == [(("morning",), 6)]
    profiled.wall -= 3600
    assert profiled.moves() == [((), 1)]
    profiled.wall += 2 * 3600
    assert profiled.moves() == [(("morning",), 6)]
    profiled.wall += 24 * 3600
    assert profiled.after() == [], "the same window of another day"
    profiled.wall += 6 * 3600
    assert profiled.moves() == [((), 1)]


def test_profiles_go_on_while_the_files_are_broken(profiled: Profiled) -> None:
    """Those of the last good files, and the error stays told; mended, the new ones hold."""
    profiled.place.override.write_text('{"http": ')
    (event,) = profiled.after(5)
    assert isinstance(event, Rejected)
    (event,) = profiled.after(60)
    assert isinstance(event, Reloaded)
    assert event.loaded.active == ("morning",)
    assert event.error is profiled.watch.error
    assert event.error is not None
    profiled.place.override.write_text("{}")
    (event,) = profiled.after(5)
    assert isinstance(event, Reloaded)
    assert (event.loaded.active, event.error) == ((), None)


def test_an_edit_takes_and_leaves_a_window_at_once(profiled: Profiled) -> None:
    """Not with the next minute."""
    profiled.place.override.write_text(profiles("05:59").replace("06:00", "05:00"))
    assert profiled.moves(5) == [((), 1)], "05:59 is past"
    profiled.place.override.write_text(profiles("06:00").replace('"06:00", "to"', '"05:00", "to"'))
    assert profiled.moves(5) == [(("morning",), 6)]
    profiled.place.override.write_text("{}")
    assert profiled.moves(5) == [((), 1)]
