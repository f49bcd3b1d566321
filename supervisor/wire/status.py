"""The status document as records: the state of the supervisor, its workers, jobs and cores.

The supervisor fills them in, every Python reader decodes them (`read`), and the printed JSON
has just these keys. Units stand in the names, sizes in MB are 10^6 bytes, times are monotonic
seconds of the supervisor unless stated otherwise, and None is "unknown", never a guess.

Compatibility: a field is never renamed and never changes its meaning, and a new one has a
default, so that a newer reader understands an older supervisor. A reader ignores fields that
it does not know. Open parts are mappings: the policy (settings, field for field), tracing, and
the environment of a worker.

The values are found by `supervisor.service`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import msgspec

WorkerState = Literal[
    "starting",
    "idle",
    "busy",
    "reshaping",
    "standby",
    "retiring",
    "leaving",
    "ending",
    "backoff",
    "fatal",
]
"""starting: launched, not ready. idle, busy: ready, without and with a segment. reshaping: on its
way to another shape, still working. standby: ready, and begins when the worker that it replaces
has spoken its last segment. retiring: speaks its last segment. leaving: told to go (or killed),
not yet gone. ending: it hung and is being ended. backoff: no process, waits for its time.
fatal: the same after it failed too often; it is parked for long."""

WORKER_STATES: tuple[WorkerState, ...] = get_args(WorkerState)

TAKES_WORK: frozenset[WorkerState] = frozenset({"idle", "busy", "reshaping", "standby"})
"""States in which a worker gets segments: at once, after the one that it speaks, or after the
last one of the worker that it replaces."""

Outcome = Literal["done", "failed", "cancelled", "expired", "quarantined"]
"""Outcomes of a job: the final states of the job machine."""

JOB_OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

AllocationStatus = Literal["success", "error", "disabled"]


class UnreadableStatusError(ValueError):
    """A document that this version cannot read; the message is one line."""


class SupervisorStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The supervisor process. `state`: starting, running, draining, stopped."""

    pid: int
    epoch: str
    version: str
    state: str
    template_pid: int | None
    configuration_error: str | None


class HostProfile(msgspec.Struct, frozen=True, kw_only=True):
    """The measured engines whose figures are in force, their time (Unix seconds), and why others
    are not.
    """

    engines: list[str]
    measured_at: float | None
    ignored: str | None


class CurrentAllocation(msgspec.Struct, frozen=True, kw_only=True):
    """The cores held and decided, and the last decision. `timestamp`: Unix seconds."""

    allocated_cores: int
    decided_cores: int
    inter_op_threads: int
    intra_op_threads: int
    utilization_percent: float | None
    allocation_reason: str
    timestamp: float


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """Percent of the leased cores; `monitoring_interval` in seconds."""

    cpu_target: float
    scale_up_threshold: float
    scale_down_threshold: float
    hysteresis_factor: float
    monitoring_interval: float


class DecisionInputs(msgspec.Struct, frozen=True, kw_only=True):
    """The sample that a decision was made from, as `core.allocation` saw it."""

    now: float
    utilization: float | None
    usable: int
    starved: float
    leased: int | None
    temperature: float | None
    throttling: bool
    memory_cap: int | None
    backlog_s: float
    demand: float
    waiting: float
    idle: float | None
    finished: float
    building: bool
    forecast: int = 0


class AllocationDecision(msgspec.Struct, frozen=True, kw_only=True):
    """Cores before and after; `inputs` is None where the settings made the change.

    `kind` is why, a word; `figures` are those of the kind; `reason` is both in one, to be shown.
    An older supervisor sends `reason` alone, which then stands for the kind, too. `profile`: the
    time profile that has set the bound which decided; empty for none.
    """

    now: float
    before: int
    after: int
    utilization: float | None
    average: float | None
    reason: str
    kind: str = ""
    figures: tuple[float, ...] = ()
    inputs: DecisionInputs | None
    profile: str = ""

    def __post_init__(self) -> None:
        """Take the reason for the kind where that is not given."""
        if not self.kind:
            msgspec.structs.force_setattr(self, "kind", self.reason)


class AllocationStats(msgspec.Struct, frozen=True, kw_only=True):
    """The inputs of the allocator, and its latest decisions, oldest first."""

    monitoring_active: bool
    total_cores: int
    current_allocation: CurrentAllocation
    thresholds: Thresholds
    utilization_history: list[float]
    average_utilization: float | None
    starved_by_others_percent: float | None
    cooldown_remaining_s: float
    scale_down_wait_s: float
    reallocations: int
    shape_reason: str
    demand: float
    decision_counts: dict[str, int]
    decisions: list[AllocationDecision]


class PoolInUse(msgspec.Struct, frozen=True, kw_only=True):
    """Workers and threads that the pool runs with now."""

    workers: int
    onnx_inter_op_threads: int
    onnx_intra_op_threads: int
    batch_size: int
    concurrent_requests: int
    allocated_cores: int


class EffectiveCpus(msgspec.Struct, frozen=True, kw_only=True):
    """CPU ids by every limit, and which limit won; `quota_cores` is None where there is none."""

    online: list[int]
    affinity: list[int]
    cpuset: list[int] | None
    quota_cores: float | None
    usable: list[int]
    usable_count: int
    won: str


class CoreBounds(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on the allocator's number of cores, and the limit that set each."""

    lower: int
    upper: int
    hard: int
    winner: str
    hard_winner: str
    lower_winner: str = "min_cores"
    notes: list[str]


class ThrottlingCounters(msgspec.Struct, frozen=True, kw_only=True):
    """The kernel's counters, and whether one rose; None: there is no such counter."""

    thermal_events: int | None
    thermal_rising: bool | None
    cgroup_periods: int | None
    cgroup_seconds: float | None
    cgroup_rising: bool | None


class MemoryBytes(msgspec.Struct, frozen=True, kw_only=True):
    """Memory of the machine, or the cgroups' part of it; `limit` is None where none binds."""

    total: int
    available: int
    limit: int | None


MEMORY_STATES = ("free", "tight", "short", "critical")
"""From best to worst: room for one more worker beside the reserve; none; idle workers go; all but
one go, and only short texts are taken."""


class MemoryEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the memory's state, at a Unix time. `cause`: available, pressure or limit_met."""

    at: float
    before: str
    after: str
    cause: str
    available_bytes: int


class MemoryCare(msgspec.Struct, frozen=True, kw_only=True):
    """How the pool gets along with its memory, in bytes. `state`: one of MEMORY_STATES, or one that
    a later supervisor knows.

    `available_bytes`: what is left of the machine or the cgroup. `reserve_bytes` stays free of it;
    0 where memory is not watched. `claimed_by_others_bytes`: what workers that other supervisors
    start now will take of it. `predicted_worker_bytes`: what one more worker
    takes, by engine, as far as known. `pressure_percent`: part of the last 10 s in which all tasks
    waited for memory.
    """

    state: str = "free"
    reserve_bytes: int = 0
    available_bytes: int | None = None
    claimed_by_others_bytes: int = 0
    pressure_percent: float | None = None
    predicted_worker_bytes: dict[str, int] = {}
    last_event: MemoryEvent | None = None


class CpuPressure(msgspec.Struct, frozen=True, kw_only=True):
    """Percent of the last 10 s in which some, or all, tasks waited for a CPU."""

    some: float
    full: float | None


class SystemInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The machine. `temperature_c` is a number or "unknown"; cores are keyed by their id."""

    total_cpu_cores: int
    current_pid: int
    effective_cpus: EffectiveCpus
    bounds: CoreBounds
    temperature_c: float | str
    throttling: ThrottlingCounters | None
    memory: MemoryBytes | None
    pressure: CpuPressure | None
    utilization_source: str
    core_busy_percent: dict[str, float]
    core_foreign_percent: dict[str, float]
    monitor_errors: list[str]


class WorkerLease(msgspec.Struct, frozen=True, kw_only=True):
    """Affinity and session of a worker, as ordered and as observed."""

    slot: int
    requested_affinity: list[int]
    observed_affinity: list[list[int]]
    intra_op_threads: int
    session_generation: int
    reshape_error: str | None
    environment: dict[str, str]


class CoreShare(msgspec.Struct, frozen=True, kw_only=True):
    """A supervisor that may use some of our cores, by its own words; `own`: it is this one.

    `wanted`: cores that its policy asks for. `fair`: cores that are its share of them.
    """

    pid: int
    weight: float
    held: int
    wanted: int
    fair: int
    own: bool


class Leases(msgspec.Struct, frozen=True, kw_only=True):
    """`cores`: core id → the slot that holds it. `leased_by_others`: core ids. `shares`: this
    supervisor first; empty where there is no other.
    """

    cores: dict[str, int]
    leased_by_others: list[int]
    error: str | None
    workers: list[WorkerLease]
    shares: list[CoreShare] = []


class NextEdge(msgspec.Struct, frozen=True, kw_only=True):
    """The next time that a profile begins or ends. `at`: Unix seconds."""

    name: str
    at: float
    begins: bool


class Profiles(msgspec.Struct, frozen=True, kw_only=True):
    """Time profiles: the names of all, of those in force, and the next edge of the coming month;
    the list is that of the settings, and of two in force the later wins.
    """

    names: list[str] = []
    active: list[str] = []
    next: NextEdge | None = None


class CacheStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The segment cache since the start. `entries` and `bytes`: what is in memory now; `hits` are
    segments that needed no worker, `misses` those that did and might have been there; `saved_s`:
    the time of workers that the hits took when they were made. `hit_ratio` is None before the
    first of either.
    """

    enabled: bool = False
    entries: int = 0
    bytes: int = 0
    hits: int = 0
    misses: int = 0
    hit_ratio: float | None = None
    evicted: int = 0
    saved_s: float = 0.0
    disk_bytes: int = 0


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What load is foretold, in cores of work, and whether that is believed.

    mode: off, advise or act. standing: learning, judged, no_better, missed, costly or trusted, or
        one that a later supervisor knows. trusted: it would act, or does.
    loss_ratio: its losses over the last day ÷ those of the forecast that all stays as it is.
    load: what the last whole minute brought. next_load: this minute and those after it, None where
        nothing is known; empty where prediction is off. cores: those that this minute's load needs.
    minutes_seen of minutes_needed: for a forecast.
    rises: those that were foretold, rises_came those of them that came.
    core_seconds: what was held for foretold rises and not needed.
    """

    mode: str = "off"
    standing: str = ""
    trusted: bool = False
    loss_ratio: float | None = None
    load: float | None = None
    next_load: list[float | None] = []
    cores: int | None = None
    minutes_seen: int = 0
    minutes_needed: int = 0
    rises: int = 0
    rises_came: int = 0
    core_seconds: float = 0.0


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """The diagnostics document: `GET /diagnostics/cpu-allocation`."""

    status: AllocationStatus
    error: str | None
    dynamic_allocation_enabled: bool
    allocation_stats: AllocationStats
    policy: dict[str, Any]
    """`performance.dynamic_cpu_allocation` as it is in force; `core.allocation.policy` reads it."""
    recommended_settings: PoolInUse
    system_info: SystemInfo
    leases: Leases
    configuration_error: str | None
    restart_needed_for: list[str]
    profiles: Profiles = Profiles()
    memory: MemoryCare = MemoryCare()
    cache: CacheStatus = CacheStatus()
    forecast: Forecast = Forecast()


class PoolStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`restarts`: workers that ended unasked. `fatal_slots`: those that are parked."""

    restarts: int
    fatal_slots: list[int]


class WorkerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One worker, or a slot that waits for one.

    `state` is a `WorkerState`, or a new one of a later supervisor; so a reader that asks for
    working workers uses `takes_work`, which that supervisor sends. It is derived from the
    state where an older one does not send it, and never None in a made record.
    """

    slot: int
    epoch: int
    pid: int | None
    state: str
    takes_work: bool | None = None
    cpus: list[int]
    observed_cpus: list[int]
    intra_op_threads: int
    os_threads: int
    session_generation: int
    session_build_s: float | None
    reshape_error: str | None
    segments_done: int
    pss_mb: float | None
    last_exit: str | None
    retry_in_s: float | None

    def __post_init__(self) -> None:
        """Derive `takes_work` from the state where it is not given."""
        if self.takes_work is None:
            msgspec.structs.force_setattr(self, "takes_work", self.state in TAKES_WORK)


class JobCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs and segments that wait or run now, and the outcomes of all since the start.

    A field for every `Outcome`, which `ended` gives by its name.
    """

    queued: int
    running: int
    cancelled: int
    done: int
    expired: int
    failed: int
    quarantined: int
    spoken: int
    retried: int
    stale: int
    refused: int
    segments_running: int
    segments_waiting: int

    @property
    def ended(self) -> dict[str, int]:
        """Number of ended jobs by outcome."""
        return {outcome: getattr(self, outcome) for outcome in JOB_OUTCOMES}


class QueueStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Work that waits or runs, as admission counts it; a flow is a client."""

    jobs: int
    flows: int
    largest_flow_work_s: float
    text_bytes: int
    predicted_work_s: float
    oldest_wait_s: float
    drain_rate: float


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """`buckets`: upper bound, as text → observations up to it; `sum` and `count` of all."""

    buckets: dict[str, int]
    sum: float
    count: int


NOTHING = Distribution(buckets={}, sum=0.0, count=0)
"""Before the first observation."""


class ClassStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One class of requests: its jobs that have not ended, and its segments that run.

    `demoted`: jobs that were put into the class below, since their client had too much in this.
    """

    jobs: int = 0
    segments_running: int = 0
    demoted: int = 0
    weight: float = 1.0
    first_audio_s: Distribution = NOTHING


class ClassesStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Classes of requests, and what batch work gave up for others: segments that were interrupted
    (`preempted`), the workers' seconds that were lost with it, segments cut shorter. `contended`:
    whether they are cut shorter now.
    """

    interactive: ClassStatus = ClassStatus()
    stream: ClassStatus = ClassStatus()
    batch: ClassStatus = ClassStatus()
    contended: bool = False
    preempted: int = 0
    thrown_away_s: float = 0.0
    shortened: int = 0

    @property
    def by_name(self) -> dict[str, ClassStatus]:
        """The classes by their names, the most urgent first."""
        return {"interactive": self.interactive, "stream": self.stream, "batch": self.batch}


class Timings(msgspec.Struct, frozen=True, kw_only=True):
    """Distributions of jobs' times to first segment and first audio, and of real-time factors."""

    wait_s: Distribution
    first_audio_s: Distribution
    real_time_factor: Distribution


class JournalStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`writable` is None while that is not known, or not asked."""

    enabled: bool
    sync: str
    recovered: bool
    problem: str | None
    writable: bool | None
    damaged_rows: int
    warnings: list[str]
    kept_bytes: int


class WatchersStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Connections that watch events, and events since the start: those that one of them was to
    get, and of these the ones lost because he was slow.
    """

    watching: int = 0
    told: int = 0
    lost: int = 0


class FleetStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How this host gets along with its fleet, and why, in one line.

    alone: it has none. joining: no server has answered yet. joined: it takes part. degraded: no
    server answers any more, or the agent starts again. refused: the servers do not let it in, or
    hold no fleet. draining: it leaves. A later version may know more.
    """

    state: str = "alone"
    reason: str = ""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The whole document, which `supervisor status --json` prints."""

    supervisor: SupervisorStatus
    host_profile: HostProfile
    allocation: Allocation
    pool: PoolStatus
    workers: list[WorkerStatus]
    jobs: JobCounts
    queue: QueueStatus
    classes: ClassesStatus = ClassesStatus()
    timings: Timings
    journal: JournalStatus
    tracing: dict[str, Any]
    watchers: WatchersStatus = WatchersStatus()
    fleet: FleetStatus = FleetStatus()


def read(document: Mapping[str, Any]) -> Status:
    """Decode a document that came over the wire. Raises UnreadableStatusError."""
    try:
        return msgspec.convert(document, Status)
    except msgspec.ValidationError as error:
        raise UnreadableStatusError(
            f"the supervisor's status cannot be read: {error}; is it of another version?"
        ) from None
