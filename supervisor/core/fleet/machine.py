"""The fleet machine of a host: which jobs it takes from the queue, and what becomes of each.

It takes the events. `room` says how many more jobs there is room for, and why no more, `pulling`
where they are asked for, `lease` what becomes of those that came, `bidding` which live requests of
others are promised room. The queue, the stores and the supervisor are the shell's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from supervisor.core.fleet import events as e
from supervisor.core.fleet.bidding import Reservations
from supervisor.core.fleet.lease import Leases
from supervisor.core.fleet.pulling import Pulling
from supervisor.core.fleet.room import Room, Why


class FleetHost:
    """This host, as a part of the fleet."""

    def __init__(self, rules: e.Rules) -> None:
        self.rules = rules
        self.room = Room()
        self._commands: list[e.Command] = []
        self.leases = Leases(self._do, rules)
        self.pulling = Pulling(self._do)
        self.reservations = Reservations()
        self.free = 0
        """Jobs that may be taken now, as of the last event."""
        self.why: Why = ""
        """Why none may."""
        self.pulling.configure(rules)
        leases = self.leases
        self._handlers: dict[type, Callable[[Any], None]] = {
            e.Configured: self._configured,
            e.SupervisorFound: lambda _event: self.room.found(),
            e.SupervisorLost: lambda _event: self.room.lost(),
            e.HostSeen: self._host_seen,
            e.BidAsked: self._bid_asked,
            e.Opened: lambda event: self.reservations.opened(event.ref),
            e.Drain: self._drain,
            e.GraceOver: lambda _event: leases.drain(begun=True),
            e.Tick: lambda _event: None,
            e.BrokerFound: self._broker_found,
            e.BrokerLost: self._broker_lost,
            e.Delivered: self._delivered,
            e.PullHeard: self.pulling.heard,
            e.PullEnded: self.pulling.ended,
            e.Confirmed: leases.confirmed,
            e.CancelAsked: leases.cancelled,
            e.Begun: self._begun,
            e.Spoken: self._spoken,
            e.Failed: self._failed,
            e.Refused: self._refused,
            e.Died: self._died,
            e.AudioPut: leases.audio_put,
            e.OutcomeAnswered: leases.outcome_answered,
            e.OutcomeRead: leases.outcome_read,
            e.AttemptCounted: leases.counted,
            e.Buried: leases.buried,
            e.Acked: leases.acked,
        }

    def _do(self, command: e.Command) -> None:
        self._commands.append(command)
        if isinstance(command, e.Closed):
            self.room.left(command.lease)

    def handle(self, event: e.Event) -> list[e.Command]:
        """Take one event; return the commands that follow from it, in order."""
        commands: list[e.Command] = []
        self._commands = commands
        self._handlers[type(event)](event)
        self._go_on(event.now)
        return commands

    def next_wakeup(self, now: float) -> float | None:
        """Time of the latest useful `Tick`; None: nothing is waited for."""
        times = (
            self.room.next_wakeup(now),
            self.leases.next_wakeup(),
            self.pulling.next_wakeup(now),
            self.reservations.next_wakeup(),
        )
        return min((at for at in times if at is not None), default=None)

    @property
    def slots(self) -> int:
        """Jobs that this host may have in hand, as the supervisor last said."""
        return self.room.cores + self.rules.prefetch if self.room.cores else 0

    @property
    def busy_tenth(self) -> int:
        """Tenths of the slots that are taken, 9 at most."""
        slots = self.slots
        return min(9, 10 * self.leases.slots // slots) if slots else 9

    # -- events -------------------------------------------------------------------------

    def _configured(self, event: e.Configured) -> None:
        self.rules = event.rules
        self.leases.configure(event.rules)
        self.pulling.configure(event.rules)
        self._bound_storing()

    def _host_seen(self, event: e.HostSeen) -> None:
        before = self.room.cores
        self.room.saw(event)
        if event.cores != before:
            self._bound_storing()

    def _bound_storing(self) -> None:
        self.leases.at_once = self.rules.storing or max(1, self.room.cores)

    def _bid_asked(self, event: e.BidAsked) -> None:
        idle = self.room.cores - self.leases.slots if not self.room.closed_for(event.now) else 0
        offers = self.reservations.offer(
            event.now, event.ref, start_s=event.start_s, below_s=event.below_s, idle=max(0, idle)
        )
        if offers:
            self._do(e.Offer(event.ref, event.start_s))

    def _drain(self, event: e.Drain) -> None:
        self.room.leaving = not event.off
        if not event.off:
            self.leases.drain(begun=False)

    def _broker_found(self, _event: e.BrokerFound) -> None:
        if self.room.broker:
            self.pulling.lost()
        self.room.broker = True

    def _broker_lost(self, _event: e.BrokerLost) -> None:
        self.room.broker = False
        self.pulling.lost()

    def _delivered(self, event: e.Delivered) -> None:
        stale = self.pulling.delivered(event, self.leases.slots)
        free, why = self._room(event.now)
        refused: str = "" if free else why or "no slot"
        if free and stale and self.leases.slots >= self.room.cores:
            refused = "busier"
        lease = self.leases.delivered(event, refused)
        if lease is not None:
            self.room.took(lease)
            self.pulling.took(event.job_class, event.cost_s)

    def _begun(self, event: e.Begun) -> None:
        self.room.works()
        self.leases.begun(event)

    def _spoken(self, event: e.Spoken) -> None:
        self.room.works()
        self.leases.spoken(event)

    def _failed(self, event: e.Failed) -> None:
        self.room.left(event.lease)
        self.leases.failed(event)

    def _refused(self, event: e.Refused) -> None:
        self.room.refused(event.now, event.lease)
        self.leases.refused(event)

    def _died(self, event: e.Died) -> None:
        self.room.left(event.lease)
        self.leases.died(event)

    # -- after each event ---------------------------------------------------------------

    def _go_on(self, now: float) -> None:
        leases, pulling = self.leases, self.pulling
        if now >= leases.due:
            leases.tick(now, self.room.silent_s(now))
        if now >= pulling.due:
            pulling.give_up(now)
        self.free, self.why = self._room(now)
        if self.free and pulling.may_ask(busy := self.busy_tenth):
            pulling.ask(now, self.free, busy, leases.slots)

    def _room(self, now: float) -> tuple[int, Why]:
        leases = self.leases
        if leases.unstored > leases.at_once:
            return 0, "storing"
        held = leases.slots + self.reservations.held(now)
        return self.room.free(now, held, self.rules.prefetch)

    # -- proof --------------------------------------------------------------------------

    def check(self) -> None:
        """Raise AssertionError if an invariant is broken; tests call it after every event."""
        self.leases.check()
        self.pulling.check()
        assert not (self.free and self.why), "there is room, and a reason for none"
