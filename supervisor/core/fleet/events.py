"""Events and commands of a host in the fleet, as plain records.

Times (`now`) are monotonic seconds of this host. A `pull` is a request for jobs, numbered by the
machine. A `delivery` is one message of the queue, numbered by the shell, and never twice; it is
what is acknowledged, returned or lengthened. A `lease` is a job in our hands; it bears the number
of its first delivery, though a later one of the same job may take the first one's place.
"""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

JobClass = Literal["high", "normal", "batch"]
"""Classes of durable jobs, the most urgent first."""

CLASSES: tuple[JobClass, ...] = get_args(JobClass)

State = Literal["done", "failed", "cancelled", "expired"]
"""Outcomes of a job."""

FenceAnswer = Literal["won", "exists", "unknown"]
"""Answer to the first writing of an outcome. unknown: it timed out, and may have been written."""


class _Record(msgspec.Struct, frozen=True, gc=False):
    pass


class Source(_Record, frozen=True):
    """A consumer of the queue that this host pulls from, and the class of the jobs in it."""

    consumer: str
    job_class: JobClass


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a host, from its settings.

    host, epoch: its name, and this agent's, for the names of attempts.
    weights: parts of the host for `CLASSES`, in their order, each at least 1.
    prefetch: jobs in hand beyond one a core.
    lease_s: seconds after which the queue gives a job to another, if nothing is heard of it.
    storing: results that are stored at once; None: one a core.
    schema: the newest schema of jobs that this version understands.
    """

    host: str
    epoch: str
    sources: tuple[Source, ...]
    weights: tuple[int, int, int] = (8, 3, 1)
    prefetch: int = 1
    lease_s: float = 30.0
    storing: int | None = None
    schema: int = 1


# -- events: the host -------------------------------------------------------------------


class Configured(_Record, frozen=True):
    """The settings changed: these rules hold from now on."""

    now: float
    rules: Rules


class SupervisorFound(_Record, frozen=True):
    """The supervisor has welcomed us."""

    now: float


class SupervisorLost(_Record, frozen=True):
    """The connection to the supervisor is gone."""

    now: float


class HostSeen(_Record, frozen=True):
    """The supervisor answered STATUS.

    cores: those that its pool may use now. behind_s: predicted seconds that work of others (all
    but the fleet's durable jobs) waits before it begins.
    """

    now: float
    cores: int
    behind_s: float = 0.0
    hot: bool = False
    throttled: bool = False
    draining: bool = False
    memory_short: bool = False


class BidAsked(_Record, frozen=True):
    """Somebody looks for a host that begins a live request sooner than in `below_s` seconds.

    `ref` is his word for it, which `Opened` repeats. `start_s`: when it would begin here, as the
    supervisor predicts it.
    """

    now: float
    ref: str
    below_s: float
    start_s: float


class Opened(_Record, frozen=True):
    """The live request that was bid for has come: the supervisor counts it from now on."""

    now: float
    ref: str


class Drain(_Record, frozen=True):
    """Take nothing more, and return what has not begun. `off`: take jobs again."""

    now: float
    off: bool = False


class GraceOver(_Record, frozen=True):
    """The time to end what has begun is over: return it all."""

    now: float


class Tick(_Record, frozen=True):
    """Time passed."""

    now: float


# -- events: the queue ------------------------------------------------------------------


class BrokerFound(_Record, frozen=True):
    """There is a connection to the queue, the first one or a new one."""

    now: float


class BrokerLost(_Record, frozen=True):
    """The connection to the queue is gone."""

    now: float


class Delivered(_Record, frozen=True):
    """A job came. `deliveries`: how often the queue has given it to anybody, with this.

    left_s: seconds until its deadline, by the queue's clock (`clock`); None: it has none. cost_s:
    predicted seconds of one core; 0: unknown.
    """

    now: float
    pull: int
    delivery: int
    job: str
    deliveries: int = 1
    schema: int = 1
    left_s: float | None = None
    cost_s: float = 0.0
    job_class: JobClass = "normal"


class PullHeard(_Record, frozen=True):
    """The queue still holds this pull (its heartbeat)."""

    now: float
    pull: int


class PullEnded(_Record, frozen=True):
    """The queue is done with this pull: it had enough, nothing was there, or its time is over.

    failed: it was refused, or could not be sent; the next one waits a moment.
    """

    now: float
    pull: int
    failed: bool = False


class Confirmed(_Record, frozen=True):
    """The queue has answered a `Progress`."""

    now: float
    delivery: int


class CancelAsked(_Record, frozen=True):
    """Somebody who may do so wants this job to end."""

    now: float
    job: str


# -- events: the job at our supervisor --------------------------------------------------


class Begun(_Record, frozen=True):
    """First audio of the job: a worker speaks it."""

    now: float
    lease: int


class Spoken(_Record, frozen=True):
    """All of its audio is here."""

    now: float
    lease: int


class Failed(_Record, frozen=True):
    """It cannot be spoken, here or anywhere."""

    now: float
    lease: int
    code: str
    message: str


class Refused(_Record, frozen=True):
    """It was not spoken here, but may be elsewhere or later: the supervisor is away, busy or
    leaving.
    """

    now: float
    lease: int


class Died(_Record, frozen=True):
    """The supervisor was lost while it had the job, and did not come back in time. It may have died
    of it, or not: the job is spoken elsewhere, and what it is told of is counted.
    """

    now: float
    lease: int
    message: str


# -- events: the result -----------------------------------------------------------------


class AudioPut(_Record, frozen=True):
    """The audio is in the store, or could not be put there."""

    now: float
    lease: int
    ok: bool


class OutcomeAnswered(_Record, frozen=True):
    """Answer to `CreateOutcome`."""

    now: float
    lease: int
    answer: FenceAnswer


class OutcomeRead(_Record, frozen=True):
    """Answer to `ReadOutcome`: the attempt that the outcome names; None: there is none.

    ok: false if nothing could be read.
    """

    now: float
    lease: int
    attempt: str | None
    ok: bool = True


class AttemptCounted(_Record, frozen=True):
    """Answer to `CountAttempt`: how many attempts have ended so, anywhere; None: unknown."""

    now: float
    lease: int
    attempts: int | None


class Buried(_Record, frozen=True):
    """Answer to `Bury`."""

    now: float
    lease: int
    ok: bool


class Acked(_Record, frozen=True):
    """Answer to `Ack`."""

    now: float
    lease: int
    ok: bool


Event = (
    Configured
    | SupervisorFound
    | SupervisorLost
    | HostSeen
    | BidAsked
    | Opened
    | Drain
    | GraceOver
    | Tick
    | BrokerFound
    | BrokerLost
    | Delivered
    | PullHeard
    | PullEnded
    | Confirmed
    | CancelAsked
    | Begun
    | Spoken
    | Failed
    | Refused
    | Died
    | AudioPut
    | OutcomeAnswered
    | OutcomeRead
    | AttemptCounted
    | Buried
    | Acked
)


# -- commands ---------------------------------------------------------------------------


class Ask(_Record, frozen=True):
    """Pull `batch` jobs. The answers are `Delivered` and one `PullEnded`.

    wait_s: seconds that the queue is to hold the pull; 0: it answers at once. priority: 0 is
    served first, 9 last. Every pull has an inbox of its own.
    """

    pull: int
    consumer: str
    batch: int
    wait_s: float
    priority: int


class Abandon(_Record, frozen=True):
    """Nothing was heard of this pull: give up its inbox."""

    pull: int


class Return(_Record, frozen=True):
    """Give a job back to the queue, which offers it again after `delay_s`."""

    delivery: int
    delay_s: float
    reason: str


class Progress(_Record, frozen=True):
    """Lengthen the lease. An answer of the queue is `Confirmed`."""

    delivery: int


class Forget(_Record, frozen=True):
    """Nothing more is said of this delivery."""

    delivery: int


class Speak(_Record, frozen=True):
    """Give the job to our supervisor."""

    lease: int
    job: str


class Stop(_Record, frozen=True):
    """Have our supervisor end the job; what it says of it from now on is ignored."""

    lease: int


class PutAudio(_Record, frozen=True):
    """Put the audio into the store under the attempt's name, and answer with `AudioPut`."""

    lease: int
    attempt: str


class CreateOutcome(_Record, frozen=True):
    """Write the outcome unless there is one, and answer with `OutcomeAnswered`."""

    lease: int
    job: str
    attempt: str
    state: State
    code: str
    message: str


class ReadOutcome(_Record, frozen=True):
    """Read the outcome, from the leader, and answer with `OutcomeRead`."""

    lease: int
    job: str


class CountAttempt(_Record, frozen=True):
    """Count an attempt that ended with a supervisor, and answer with `AttemptCounted`."""

    lease: int
    job: str


class Bury(_Record, frozen=True):
    """Keep a failed job for the operators, and answer with `Buried`."""

    lease: int
    job: str
    code: str
    message: str


class DropAudio(_Record, frozen=True):
    """Delete the audio of an attempt that lost. No answer."""

    attempt: str


class Ack(_Record, frozen=True):
    """Take the job off the queue, and answer with `Acked`. Its outcome is written."""

    lease: int
    delivery: int


class Closed(_Record, frozen=True):
    """The lease is over; what the shell keeps of it may go.

    won: our outcome counts, `state`. Else it was returned, or another host was sooner (settled).
    """

    lease: int
    job: str
    state: State | Literal["returned", "settled"]
    won: bool


class Offer(_Record, frozen=True):
    """Answer a bid: a live request would begin in `start_s`, for which room is held a moment."""

    ref: str
    start_s: float


class NewerSchema(_Record, frozen=True):
    """Report, once, that there are jobs of this schema, which this version does not understand."""

    schema: int


Command = (
    Ask
    | Abandon
    | Return
    | Progress
    | Forget
    | Speak
    | Stop
    | PutAudio
    | CreateOutcome
    | ReadOutcome
    | CountAttempt
    | Bury
    | DropAudio
    | Ack
    | Closed
    | Offer
    | NewerSchema
)
