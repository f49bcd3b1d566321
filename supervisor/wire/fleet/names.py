"""Names of a fleet: subjects, streams, buckets, ids of jobs, lanes and classes.

A subject is made of tokens that are checked here, so no name of a client's choice adds a level to
one, or a wildcard. A subject that a tenant may use names the tenant, because that is what a
permission of the broker can say.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import zlib
from typing import Final, Literal, NamedTuple, get_args

PREFIX: Final = "tts.1"
"""First tokens of every subject; the number is the schema of the subjects."""

JOBS: Final = "JOBS"
"""Stream of the durable jobs that wait or run, one subject each."""
AUDIO: Final = "AUDIO"
"""Stream of what is spoken, and of long texts, in pieces with a subject each."""
OUTCOMES: Final = "outcome"
"""Key-value bucket of what became of jobs; `outcome_key` is a key of it."""
DEAD: Final = "dead"
"""Key-value bucket of jobs that an operator is to look at; keys as of outcomes."""
FLEET: Final = "fleet"
"""Key-value bucket of what the whole fleet shares; `CONFIG` is a key of it."""
CONFIG: Final = "config"
BACKLOG: Final = "backlog"
"""A key of the bucket FLEET: what waits in all (`live.Backlog`)."""

FleetClass = Literal["high", "normal", "batch"]
"""How urgent a durable job is among those that wait, the most urgent first."""
CLASSES: Final[tuple[FleetClass, ...]] = get_args(FleetClass)

PIECE_BYTES: Final = 256 * 1024
"""Bytes of one piece in the stream AUDIO; every piece but the last has so many."""
MAX_TEXT_BYTES: Final = 512 * 1024
"""Longest text inside a job's own message; a longer one is laid down in pieces before."""
MAX_PARTS: Final = 10_000
"""Most parts of one job."""
MAX_TOKEN_CHARS: Final = 64

DEFAULT_TENANT: Final = "default"

ANY_ENGINE: Final = "any"
"""In place of an engine in the subject of a bid: each host's default one."""

_ID_CHARS = 26
_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{1,{MAX_TOKEN_CHARS}}}", re.ASCII)
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]", re.ASCII)
_HIGH_PRIORITY, _LOW_PRIORITY = 7, 2


class NameRefused(ValueError):
    """A name that cannot be part of a subject; the text is one line for a user."""


class JobName(NamedTuple):
    """A durable job's name, which says where it waits: the end of its subject, and its public id.

    `id` is that of the job, or of one part of it (`part_id`); `parts` is how many it was cut into,
    0 for a job in one piece, and it stands in the public id alone.
    """

    klass: FleetClass
    engine: str
    lane: int
    tenant: str
    id: str
    parts: int = 0

    def __str__(self) -> str:
        tail = f"{self.klass}.{self.engine}.{self.lane}.{self.tenant}.{self.id}"
        return f"{tail}.{self.parts}" if self.parts else tail

    @property
    def subject(self) -> str:
        """Where its message lies in the stream JOBS; of a job in one piece, or of a part."""
        return f"{PREFIX}.job.{self.klass}.{self.engine}.{self.lane}.{self.tenant}.{self.id}"

    @property
    def key(self) -> str:
        """The key of its outcome, and of its dead letter."""
        return outcome_key(self.tenant, self.id)

    @property
    def control(self) -> str:
        """Where it is cancelled, and asked for its state."""
        return control_subject(self.tenant, self.id)

    @property
    def consumer(self) -> str:
        """The consumer that hands it out."""
        return consumer(self.klass, self.engine, self.lane)

    def part(self, number: int) -> JobName:
        """The name of one of its parts, from 0 on."""
        return self._replace(id=part_id(self.id, number), parts=0)

    def each(self) -> tuple[JobName, ...]:
        """The names of what was published for it: its parts, or itself."""
        return tuple(map(self.part, range(self.parts))) if self.parts else (self,)


def token(name: str) -> str:
    """The name itself, if it can be one token of a subject. Raises NameRefused."""
    if _TOKEN.fullmatch(name) is None:
        shown = repr(name if len(name) <= MAX_TOKEN_CHARS else name[:MAX_TOKEN_CHARS] + "…")
        raise NameRefused(
            f"{shown} is no name for a fleet: 1 to {MAX_TOKEN_CHARS} of letters, digits, - and _"
        )
    return name


def as_token(name: str) -> str:
    """A token for any name, the same for the same name: itself if it is one, else what is left of
    it and a digest, so that two names do not become one.
    """
    if _TOKEN.fullmatch(name) is not None:
        return name
    digest = _base32(hashlib.sha256(name.encode(errors="surrogatepass")).digest())[:8]
    return f"{_UNSAFE.sub('-', name)[: MAX_TOKEN_CHARS - 9]}-{digest}"


def job_id(owner: str, key: str) -> str:
    """The id of a job that its owner named with `key`: the same for every attempt to submit it."""
    named = f"{len(owner)}:{owner}{key}".encode(errors="surrogatepass")
    return _base32(hashlib.sha256(named).digest())[:_ID_CHARS]


def random_id() -> str:
    """The id of a job without a key."""
    return _base32(secrets.token_bytes(20))[:_ID_CHARS]


def part_id(id: str, part: int) -> str:
    """The id of one part of a job."""
    return f"{id}-{part}"


def lane_of(tenant: str, lanes: int) -> int:
    """The lane in which a tenant's jobs wait, of so many: tenants of other lanes are served beside
    it, however much it hands in.
    """
    return zlib.crc32(tenant.encode()) % lanes


def class_of(priority: int, request_class: str | None) -> FleetClass:
    """The class of a durable job, by what its client asks for (`wire.client.Submit`)."""
    if request_class == "batch" or (request_class is None and priority <= _LOW_PRIORITY):
        return "batch"
    if request_class == "interactive" or priority >= _HIGH_PRIORITY:
        return "high"
    return "normal"


def job_name(
    klass: FleetClass, engine: str, lane: int, tenant: str, id: str, parts: int = 0
) -> JobName:
    """The name of a durable job. Raises NameRefused."""
    if klass not in CLASSES or lane < 0 or not 0 <= parts <= MAX_PARTS:
        raise NameRefused(f"{klass} with lane {lane} and {parts} parts is no place for a job")
    return JobName(klass, token(engine), lane, token(tenant), token(id), parts)


def parse_subject(subject: str) -> JobName:
    """The name of the job whose message has this subject. Raises NameRefused."""
    head = f"{PREFIX}.job."
    if not subject.startswith(head):
        raise NameRefused(f"{subject[:200]!r} is not the subject of a job")
    return parse_name(subject[len(head) :])


def parse_name(name: str) -> JobName:
    """Read the public id of a job, or the end of a subject. Raises NameRefused."""
    klass, *rest = name.split(".") if len(name) <= 6 * MAX_TOKEN_CHARS else [""]
    for known in CLASSES:
        if klass == known and len(rest) in {4, 5}:
            engine, lane, tenant, id = rest[:4]
            parts = _number(rest[4]) if len(rest) == 5 else 0
            return job_name(known, engine, _number(lane), tenant, id, parts)
    raise NameRefused(f"{name[:200]!r} is not the id of a fleet's job")


def is_job_name(name: str) -> bool:
    """Whether this is the public id of a fleet's job, and not that of a host's own."""
    try:
        parse_name(name)
    except NameRefused:
        return False
    return True


def consumer(klass: FleetClass, engine: str, lane: int) -> str:
    """The durable consumer that hands out the jobs of one class, engine and lane."""
    return f"{klass}_{token(engine)}_{lane}"


def consumer_filter(klass: FleetClass, engine: str, lane: int) -> str:
    """The subjects of that consumer."""
    return f"{PREFIX}.job.{klass}.{token(engine)}.{lane}.>"


def outcome_key(tenant: str, id: str) -> str:
    """The key of a job's outcome."""
    return f"{token(tenant)}.{token(id)}"


def control_subject(tenant: str, id: str) -> str:
    """Where a job is cancelled, and asked for its state (`live.Control`)."""
    return f"{PREFIX}.ctl.{token(tenant)}.{token(id)}"


def audio_object(id: str, host: str, epoch: str, attempt: int) -> str:
    """The name of one attempt's audio: two hosts that speak one job never write over each other."""
    return f"{token(id)}.{token(host)}.{token(epoch)}.{attempt}"


def audio_subject(tenant: str, name: str, piece: int | Literal["*"]) -> str:
    """The subject of one piece of an attempt's audio, from 0 on, or of all of them ("*")."""
    for part in name.split("."):
        token(part)
    return f"{PREFIX}.audio.{token(tenant)}.{name}.{piece}"


def text_subject(tenant: str, id: str, piece: int | Literal["*"]) -> str:
    """The subject of one piece of a job's long text, from 0 on, or of all of them ("*")."""
    return f"{PREFIX}.text.{token(tenant)}.{token(id)}.{piece}"


def bid_subject(engine: str) -> str:
    """Where hosts that speak an engine are asked how soon they could (`live.Bid`)."""
    return f"{PREFIX}.bid.{token(engine)}"


def talk_subject(host: str, tenant: str, id: str) -> str:
    """Where the packets of one conversation with a host go (`client.live.packets`); its answers go
    to the inbox that they name. `id` is the conversation's, which nobody else knows.
    """
    return f"{PREFIX}.talk.{token(host)}.{token(tenant)}.{token(id)}"


DECLINED: Final = "declined"
"""In place of a conversation's id: what a host promised in a bid (the payload is its `ref`) is not
needed.
"""


def talk_subjects(host: str) -> str:
    """The subjects of all conversations with a host."""
    return f"{PREFIX}.talk.{token(host)}.*.*"


def heartbeat_subject(host: str) -> str:
    """Where a host tells how it is (`live.Heartbeat`); "*" for all of them."""
    return f"{PREFIX}.hb.{host if host == '*' else token(host)}"


def drain_subject(host: str) -> str:
    """Where an operator has a host take no more work of the fleet (`live.Drain`)."""
    return f"{PREFIX}.drain.{token(host)}"


WHO: Final = f"{PREFIX}.who"
"""Where all hosts are asked how they are; each answers with its heartbeat."""


def _number(digits: str) -> int:
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 6):
        raise NameRefused(f"{digits[:20]!r} is not a number of a fleet's name")
    return int(digits)


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()
