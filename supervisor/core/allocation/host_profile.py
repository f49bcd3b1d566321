"""The host profile: measurements of `supervisor bench host`, and whether they still hold.

Measuring is left to `supervisor.bench`, files to `supervisor.host.profile`. A profile is a
hint and never needed: figures that cannot be read or were measured under other conditions
are ignored, with the reason in one line.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from supervisor.core.allocation.speedup import Speedup, best_of

SCHEMA = 1
"""Grows when a field changes its meaning; a profile of another schema is not read."""

MAX_BYTES = 1 << 20

Seconds = Annotated[float, Meta(gt=0, le=3600)]
Share = Annotated[float, Meta(gt=0, le=1000)]
Count = Annotated[int, Meta(ge=1, le=65_536)]


class ProfileError(ValueError):
    """A profile that cannot be used; one line."""


class MachineKey(msgspec.Struct, frozen=True):
    """The conditions of all figures: CPU model, logical CPUs online, version of the runtime."""

    cpu: str
    cores: Count
    onnxruntime: str


class Crowd(msgspec.Struct, frozen=True):
    """A measurement of single-threaded workers at once, each on a core of its own.

    `throughput`: of all together, as a multiple of that of one alone.
    """

    workers: Count
    throughput: Share


class EngineProfile(msgspec.Struct, frozen=True):
    """One engine under its `options` (its section of the settings), at a Unix time.

    seconds_per_character: of one worker with one thread that speaks alone.
    speedup: threads of a session to how many times faster it speaks than one thread.
    session_build_s: to build and warm a session with more threads than one.
    start_s: from the order for a fork to a worker that can speak.
    worker_pss_mb: proportional set size of a worker that has spoken, in 10^6 bytes.
    rounds: how often every figure was measured; each is the median.
    worker_private_mb: memory that such a worker shares with no other, in 10^6 bytes.
    """

    measured_at: Annotated[float, Meta(ge=0, le=1e12)]
    options: dict[str, Any]
    seconds_per_character: Seconds
    speedup: dict[Count, Share]
    crowd: Crowd
    session_build_s: Seconds | None
    start_s: Seconds
    worker_pss_mb: Annotated[float, Meta(gt=0, le=1e9)] | None
    rounds: Count
    worker_private_mb: Annotated[float, Meta(gt=0, le=1e9)] | None = None

    @property
    def gain(self) -> Speedup | None:
        """The speed-up as a function of threads; None where it was measured on one core alone."""
        return Speedup(self.speedup) if max(self.speedup, default=1) > 1 else None


class HostProfile(msgspec.Struct, frozen=True):
    """The content of a profile: the machine and the engines measured on it."""

    schema: int
    machine: MachineKey
    engines: dict[str, EngineProfile]


class _Versioned(msgspec.Struct):
    schema: int


def encode(profile: HostProfile) -> bytes:
    """The file's content: JSON, indented for people."""
    return msgspec.json.format(msgspec.json.encode(profile), indent=2) + b"\n"


def decode(data: bytes) -> HostProfile:
    """Read what `encode` wrote. Raises ProfileError for anything else."""
    if len(data) > MAX_BYTES:
        raise ProfileError(f"it is longer than {MAX_BYTES} bytes")
    try:
        schema = msgspec.json.decode(data, type=_Versioned).schema
        if schema != SCHEMA:
            raise ProfileError(f"its schema is {schema}, this version reads {SCHEMA}")
        return msgspec.json.decode(data, type=HostProfile)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProfileError(f"not a host profile: {error}") from None


def plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options as a file gives them back: only then can they be compared with a profile's."""
    return msgspec.json.decode(msgspec.json.encode(options), type=dict[str, Any])


def measured_otherwise(profile: HostProfile, machine: MachineKey) -> str | None:
    """Why the profile says nothing of this machine, in one line; None if it does."""
    before = profile.machine
    pairs = (
        ("the CPU", before.cpu, machine.cpu),
        ("the number of cores", before.cores, machine.cores),
        ("onnxruntime", before.onnxruntime, machine.onnxruntime),
    )
    found = [f"{what} was {then}, is {now}" for what, then, now in pairs if then != now]
    return f"measured on another machine: {'; '.join(found)}" if found else None


class InForce(msgspec.Struct, frozen=True):
    """Figures of a profile that hold here and now. `ignored`: why others do not, or None."""

    engines: dict[str, EngineProfile] = {}
    ignored: str | None = None

    @property
    def measured_at(self) -> float | None:
        """Unix time of the oldest figure."""
        return min((engine.measured_at for engine in self.engines.values()), default=None)

    def speedup(self, engines: Collection[str], declared: Mapping[str, float]) -> Speedup | None:
        """Speed-up of workers that serve all of these engines; None where one is not known.

        `declared`: share of its work that threads divide, by engine, as it says itself; for those
        that were not measured here.
        """
        known = [gain for name in engines if (gain := self._gain(name, declared)) is not None]
        return best_of(known) if len(known) == len(engines) else None

    def _gain(self, name: str, declared: Mapping[str, float]) -> Speedup | None:
        engine = self.engines.get(name)
        if engine is not None and engine.gain is not None:
            return engine.gain
        return Speedup.of_share(declared[name]) if name in declared else None

    def rates(self, threads: int) -> dict[str, float]:
        """Seconds for a character by engine, of a worker with that many threads."""
        return {
            name: engine.seconds_per_character / (engine.gain.of(threads) if engine.gain else 1.0)
            for name, engine in self.engines.items()
        }

    def worker_bytes(self) -> dict[str, int]:
        """By engine, memory that one more worker takes; by its share of all, where only that was
        measured.
        """
        sizes = {
            name: engine.worker_private_mb or engine.worker_pss_mb
            for name, engine in self.engines.items()
        }
        return {name: int(size * 1e6) for name, size in sizes.items() if size is not None}

    def build_s(self, engines: Collection[str]) -> float | None:
        """Seconds in which a worker builds its sessions for all of these anew, if known."""
        known = [self.engines[name].session_build_s for name in engines if name in self.engines]
        found = [seconds for seconds in known if seconds is not None]
        return sum(found) if len(found) == len(engines) else None


def in_force(
    profile: HostProfile, machine: MachineKey, options: Mapping[str, Mapping[str, Any]]
) -> InForce:
    """Figures that hold on this machine for engines with these options (empty for none)."""
    why = measured_otherwise(profile, machine)
    if why is not None:
        return InForce({}, why)
    same = {
        name: engine
        for name, engine in profile.engines.items()
        if engine.options == plain(options.get(name, {}))
    }
    changed = sorted(profile.engines.keys() - same.keys())
    why = f"measured with other options: {', '.join(changed)}" if changed else None
    return InForce(same, why)
