"""What a person who looks after the supervisor should know besides its cores and its queue.

The fleet, memory, time profiles, the forecast, other supervisors, the cache, classes of requests: a
line each, and none where there is nothing to tell, which is the usual state.
"""

from __future__ import annotations

import time
from typing import Final, Literal

import msgspec

from supervisor.telling.distributions import difference, quantile
from supervisor.telling.stories import urgency
from supervisor.telling.times import short, span
from supervisor.wire.status import (
    NOTHING,
    ClassStatus,
    CoreShare,
    FleetStatus,
    Forecast,
    MemoryCare,
    Profiles,
    Status,
)
from supervisor.wording import counted

Tone = Literal["", "warn", "bad"]

_MOST_SHARES: Final = 4
"""Other supervisors that are told one by one."""


class Note(msgspec.Struct, frozen=True):
    """What it is about, in a word or two, and what there is to know of it, a line each.

    tone: "warn" and "bad" where somebody should look at it.
    """

    about: str
    lines: tuple[str, ...]
    tone: Tone = ""

    @property
    def text(self) -> str:
        """The lines as one."""
        return "; ".join(self.lines)


def notes(status: Status, now: float) -> list[Note]:
    """What there is to know, the most pressing first. `now`: Unix seconds."""
    allocation = status.allocation
    found = (
        _fleet(status.fleet),
        _memory(allocation.memory),
        _shares(allocation.leases.shares),
        _profiles(allocation.profiles, now),
        _forecast(allocation.forecast),
        _classes(status),
        _cache(status),
    )
    return [note for note in found if note is not None]


def _fleet(fleet: FleetStatus) -> Note | None:
    """None where this host has no fleet."""
    if fleet.state == "alone":
        return None
    meaning: dict[str, tuple[str, Tone]] = {
        "joining": ("joining, no server has answered yet", ""),
        "joined": ("joined", ""),
        "degraded": ("degraded, this host works alone until a server answers", "warn"),
        "refused": ("refused, this host works alone", "bad"),
        "draining": ("leaving", ""),
    }
    means, tone = meaning.get(fleet.state, (fleet.state, ""))
    return Note("fleet", (f"{means}: {fleet.reason}" if fleet.reason else means,), tone)


def _memory(memory: MemoryCare) -> Note | None:
    """None while there is room for one more worker beside the reserve."""
    meaning: dict[str, tuple[str, Tone]] = {
        "tight": ("no worker is added", "warn"),
        "short": ("workers that are idle are ended", "warn"),
        "critical": ("all workers but one are ended, and only short texts are taken", "bad"),
    }
    if memory.state not in meaning:
        return None
    means, tone = meaning[memory.state]
    left = ""
    if memory.available_bytes is not None:
        left = f", {size(memory.available_bytes)} left"
    text = f"{memory.state}{left}, {size(memory.reserve_bytes)} are to stay free: {means}"
    if memory.claimed_by_others_bytes:
        text += f"; other supervisors are about to take {size(memory.claimed_by_others_bytes)}"
    if memory.pressure_percent is not None and memory.pressure_percent >= 1.0:
        text += f"; programs wait for memory {memory.pressure_percent:.0f} % of the time"
    return Note("memory", (text,), tone)


def _shares(shares: list[CoreShare]) -> Note | None:
    """None where there is no other supervisor."""
    own = [share for share in shares if share.own]
    others = [share for share in shares if not share.own]
    if not others:
        return None
    told = [f"this one {_share(share)}" for share in own]
    told += [f"process {share.pid} {_share(share)}" for share in others[:_MOST_SHARES]]
    if more := others[_MOST_SHARES:]:
        held = sum(share.held for share in more)
        told.append(f"{counted(len(more), 'other')} hold {held}")
    lacks = any(share.held < min(share.wanted, share.fair) for share in own)
    return Note("shared cores", tuple(told), "warn" if lacks else "")


def _share(share: CoreShare) -> str:
    wants = "" if share.wanted == share.held else f", wants {share.wanted}"
    weight = "" if share.weight == 1.0 else f" (weight {share.weight:g})"
    return f"holds {share.held}{wants}, its share is {share.fair}{weight}"


def _profiles(profiles: Profiles, now: float) -> Note | None:
    """None where none is in force and none will be."""
    active, edge = ", ".join(profiles.active), profiles.next
    following = ""
    if edge is not None:
        ends = "ends" if edge.name == active else f"{edge.name} ends"
        following = f"{f'{edge.name} begins' if edge.begins else ends} {clock(edge.at, now)}"
    if not active and not following:
        return None
    force = f"in force: {active}" if active else "none in force"
    return Note("profile", (f"{force}; {following}" if following else force,))


_STANDINGS: Final = {
    "judged": "it is held against what happens for a day first",
    "no_better": "not trusted: to expect that all stays as it is would be as good",
    "missed": "not trusted: the last rises that it foretold did not come",
    "costly": "not trusted: it has held too many cores for nothing",
}


def _forecast(forecast: Forecast) -> Note | None:
    """None where nothing is foretold, unless it is to act."""
    acts = forecast.mode == "act"
    if forecast.standing == "learning" and acts:
        left = max(0, forecast.minutes_needed - forecast.minutes_seen)
        return Note("forecast", (f"learns the load for {span(60.0 * left)} more",))
    known = [load for load in forecast.next_load if load is not None]
    if not known or forecast.standing == "learning":
        return None
    most = max(known)
    told = f"up to {most:.1f} cores of work in the next {len(forecast.next_load)} min"
    if forecast.load is not None:
        told += f", {forecast.load:.1f} now"
    lines = [told]
    if forecast.loss_ratio is not None:
        lines.append(f"its errors are {100 * forecast.loss_ratio:.0f} % of expecting no change")
    trusted = "acts before sharp rises" if acts else "trusted, but shown only"
    if said := _STANDINGS.get(forecast.standing, trusted if forecast.trusted else ""):
        lines.append(said)
    return Note("forecast", ("; ".join(lines),))


def _cache(status: Status) -> Note | None:
    """None while nothing is kept, and nothing was there."""
    cache = status.allocation.cache
    if not cache.enabled or not (cache.entries or cache.hits):
        return None
    told = []
    if cache.hit_ratio is not None:
        asked = counted(cache.hits + cache.misses, "sentence")
        told.append(f"{100 * cache.hit_ratio:.0f} % of {asked} came from it")
    if cache.saved_s >= 0.1:
        told.append(f"{_lasting(cache.saved_s)} of work saved")
    kept = f"it holds {cache.entries:,} in {size(cache.bytes)}"
    if cache.disk_bytes:
        kept += f", {size(cache.disk_bytes)} on disk"
    return Note("cache", ("; ".join([*told, kept]),))


def _classes(status: Status) -> Note | None:
    """None while no more than one class was asked for."""
    classes = status.classes
    told = [text for name, found in classes.by_name.items() if (text := _class(name, found))]
    if len(told) < 2:
        return None
    if classes.contended and (classes.stream.jobs or classes.batch.jobs):
        told.append("what is less urgent is cut shorter now")
    if classes.preempted:
        interrupted = counted(classes.preempted, "sentence")
        told.append(f"{interrupted} interrupted ({_lasting(classes.thrown_away_s)} of work lost)")
    return Note("classes", tuple(told))


def _class(name: str, found: ClassStatus) -> str:
    """Its jobs now, and how soon most of those since the start were heard."""
    slow = quantile(difference(found.first_audio_s, NOTHING), 0.95)
    jobs = counted(found.jobs, "job") if found.jobs else ""
    sound = "" if slow is None else f"first sound within {short(slow)}"
    told = ", ".join(filter(None, (jobs, sound)))
    return f"{urgency(name)}: {told}" if told else ""


def size(number: int) -> str:
    """Bytes: "80 MB", "1.2 GB"."""
    if number < 1e9:
        return f"{number / 1e6:.{0 if number >= 1e7 or not number else 1}f} MB"
    return f"{number / 1e9:.1f} GB"


def _lasting(seconds: float) -> str:
    return short(seconds) if seconds < 10.0 else span(seconds)


def clock(at: float, now: float) -> str:
    """The wall clock at a Unix time: "at 18:00 CET", with the day where it is not today."""
    then, today = time.localtime(at), time.localtime(now)
    hour = time.strftime("at %H:%M %Z", then)
    if then[:3] == today[:3]:
        return hour
    day = time.strftime("on %a" if at - now < 6 * 86_400 else f"on {then.tm_mday} %b", then)
    return f"{day} {hour}"
