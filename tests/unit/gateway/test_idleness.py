"""Idleness of a WebSocket: when its slot may be given away, and when it is over."""

from __future__ import annotations

import asyncio

import pytest

from supervisor.gateway.connections import idleness
from supervisor.gateway.connections.idleness import Idleness
from supervisor.gateway.connections.slots import Slot, Slots


class Nobody:
    """A connection that remembers whether it was hung up on."""

    unsent = False
    hung_up = False

    def hang_up(self) -> None:
        self.hung_up = True


def makes_room(slots: Slots, occupant: Nobody) -> bool:
    """Whether a new connection takes the only slot."""
    taken = slots.take(Nobody())
    if taken is not None:
        taken.leave()
    return occupant.hung_up


def alone() -> tuple[Slots, Nobody, Slot]:
    """A listener with one slot, and who has it."""
    slots, occupant = Slots("test", 1), Nobody()
    slot = slots.take(occupant)
    assert slot is not None
    slot.mark_busy()
    return slots, occupant, slot


def test_only_an_idle_one_makes_room() -> None:
    """From the begin on, while work is done not, and not for a while after what may go on."""

    async def talk() -> None:
        slots, occupant, slot = alone()
        idle = Idleness(slot, lambda: None)
        idle.end()
        assert not makes_room(slots, occupant)
        idle.begin(after_s=0.02)
        assert not makes_room(slots, occupant)
        while not makes_room(slots, occupant):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
        idle.forget()

    asyncio.run(asyncio.wait_for(talk(), 20.0))


def test_it_is_over_after_a_long_time_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only when nothing happened meanwhile, and never after it was closed."""
    monkeypatch.setattr(idleness, "IDLE_S", 0.05)

    async def talk() -> None:
        over = asyncio.Event()
        idle = Idleness(None, over.set)
        idle.end()
        await asyncio.sleep(0.1)
        assert not over.is_set()
        idle.begin()
        await over.wait()
        over.clear()
        idle.begin()
        idle.forget()
        await asyncio.sleep(0.1)
        assert not over.is_set()

    asyncio.run(asyncio.wait_for(talk(), 20.0))
