"""The agent's end of the queue: pulls, deliveries, and what is said of each delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from supervisor.core.fleet import clock
from supervisor.core.fleet import events as e
from supervisor.fleet.held import Held
from supervisor.logs import get_logger
from supervisor.nats.errors import FleetError
from supervisor.nats.pulls import Delivery, Pulls
from supervisor.wire.client import Submit
from supervisor.wire.fleet import names
from supervisor.wire.fleet.codec import NewerSchema, Unreadable, decode
from supervisor.wire.fleet.headers import read_headers
from supervisor.wire.fleet.jobs import Job

if TYPE_CHECKING:
    from supervisor.fleet.agent import Agent

_PASSES_S: Final = 30.0
_NOT_OURS_S: Final = 2.0
"""Pause before a job that this host may not speak is offered again."""

log = get_logger(__name__)


class Queue:
    """Pulls of this agent, and the deliveries that it answers for."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._pulls = Pulls(agent.connection, names.JOBS, self)
        self._deliveries: dict[int, Delivery] = {}
        self._last = 0
        self._refused = ""
        self._refused_since = 0.0

    @property
    def refused(self) -> str:
        """Why pulls have been refused for so long that it does not pass by itself, as it does while
        the servers elect a leader; empty for no such reason.
        """
        if self._refused and self._agent.now() - self._refused_since > _PASSES_S:
            return self._refused
        return ""

    def _taken(self) -> None:
        """A pull was not refused."""
        self._refused = ""

    # -- commands -----------------------------------------------------------------------

    def ask(self, command: e.Ask) -> None:
        """Pull."""
        self._agent.spawn(self._ask(command))

    async def _ask(self, command: e.Ask) -> None:
        try:
            await self._pulls.ask(
                command.pull, command.consumer, command.batch, command.wait_s, command.priority
            )
        except FleetError as error:
            self.ended(command.pull, str(error))

    def abandon(self, command: e.Abandon) -> None:
        """Give up a pull."""
        self._agent.spawn(self._pulls.abandon(command.pull))

    def give_back(self, command: e.Return) -> None:
        """Return a job; where that cannot be said, its lease runs out."""
        delivery = self._deliveries.get(command.delivery)
        if delivery is not None:
            self._agent.spawn(self._give_back(delivery, command.delay_s))

    @staticmethod
    async def _give_back(delivery: Delivery, delay_s: float) -> None:
        try:
            await delivery.give_back(delay_s)
        except FleetError as error:
            log.info("fleet: a job could not be returned, and comes again by itself: %s", error)

    def lengthen(self, command: e.Progress) -> None:
        """Lengthen a lease."""
        delivery = self._deliveries.get(command.delivery)
        if delivery is not None:
            self._agent.spawn(self._lengthen(command.delivery, delivery))

    async def _lengthen(self, number: int, delivery: Delivery) -> None:
        try:
            await delivery.lengthen()
        except FleetError as error:
            log.debug("fleet: a lease was not lengthened: %s", error)
        else:
            self._agent.tell(e.Confirmed(self._agent.now(), number))

    def ack(self, command: e.Ack) -> None:
        """Take a job off the queue."""
        self._agent.spawn(self._ack(command.lease, self._deliveries[command.delivery]))

    async def _ack(self, lease: int, delivery: Delivery) -> None:
        try:
            await delivery.ack()
        except FleetError as error:
            log.debug("fleet: a job was not acknowledged: %s", error)
            self._agent.tell(e.Acked(self._agent.now(), lease, ok=False))
        else:
            self._agent.tell(e.Acked(self._agent.now(), lease, ok=True))

    def forget(self, delivery: int) -> None:
        """Say nothing more of a delivery."""
        self._deliveries.pop(delivery, None)

    # -- what the servers say -----------------------------------------------------------

    def heard(self, pull: int) -> None:
        """As `pulls.Puller`."""
        self._taken()
        self._agent.tell(e.PullHeard(self._agent.now(), pull))

    def ended(self, pull: int, failed: str | None) -> None:
        """As `pulls.Puller`."""
        if failed is None:
            self._taken()
        else:
            if not self._refused:
                self._refused_since = self._agent.now()
                log.debug("fleet: no jobs can be asked for: %s", failed)
            self._refused = f"no jobs can be asked for: {failed}"
        self._agent.tell(e.PullEnded(self._agent.now(), pull, failed=failed is not None))

    def delivered(self, pull: int, delivery: Delivery) -> None:
        """As `pulls.Puller`: a job came. One that this host may not speak goes back at once."""
        self._taken()
        agent = self._agent
        try:
            name = names.parse_subject(delivery.subject)
        except names.NameRefused as error:
            log.warning("fleet: %s", error)
            return
        headers = read_headers(delivery.headers)
        job, schema = _read(delivery, name, headers.schema)
        fingerprint = agent.made_by.get(name.engine)
        if pull == 0 or (job.made_by is not None and job.made_by != fingerprint):
            agent.spawn(self._give_back(delivery, _NOT_OURS_S if pull else 0.0))
            if pull:
                agent.tell(e.PullEnded(agent.now(), pull))
            return
        self._last += 1
        number = self._last
        self._deliveries[number] = delivery
        left_s = clock.left_s(
            deadline_ms=job.deadline_ms,
            submitted_ms=job.submitted_ms,
            stored_at=delivery.stored_at,
            queue_now=agent.broker_time(),
        )
        lease = agent.by_key.get(name.key)
        if lease is None:
            agent.hold(held := Held(number, name, job))
            held.until = None if left_s is None else agent.now() + left_s
        else:
            agent.held[lease].delivery = number
        agent.tell(
            e.Delivered(
                agent.now(),
                pull,
                number,
                name.key,
                deliveries=delivery.deliveries,
                schema=schema,
                left_s=left_s,
                cost_s=job.cost_s,
                job_class=name.klass,
            )
        )
        if lease is None and number not in agent.machine.leases.all:
            agent.let_go(number)

    async def lost(self) -> None:
        """The connection is gone, and with it all pulls."""
        await self._pulls.forget()


def _read(delivery: Delivery, name: names.JobName, schema: int) -> tuple[Job, int]:
    """The job of a delivery, and the schema by which it was written. One that cannot be read, or
    says to be another than its subject names, is a job without a text: it fails when it is spoken.
    """
    nothing = Job(id=name.id, tenant=name.tenant, submit=Submit(id=""))
    try:
        job = decode(delivery.data, Job)
    except NewerSchema as error:
        return nothing, max(schema, error.schema)
    except Unreadable as error:
        log.warning("fleet: %s", error)
        return nothing, schema
    if (job.id, job.tenant) != (name.id, name.tenant):
        log.warning("fleet: a job says to be another than its subject names")
        return nothing, schema
    return job, schema
