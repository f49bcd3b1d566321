"""Slots of a listener: idle connections make room, busy ones never do."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from supervisor.gateway.connections.slots import Slot, Slots


class Somebody:
    """A connection that remembers whether it was hung up on."""

    def __init__(self) -> None:
        self.unsent = False
        self.hung_up = False

    def hang_up(self) -> None:
        assert not self.hung_up
        self.hung_up = True


def come(slots: Slots) -> tuple[Somebody, Slot]:
    """One more, for whom there is a slot."""
    occupant = Somebody()
    slot = slots.take(occupant)
    assert slot is not None
    return occupant, slot


def test_who_has_waited_longest_makes_room() -> None:
    """One for one, in the order in which they began to wait; who asks anew is last again."""
    slots = Slots("test", 3)
    (first, first_slot), (second, _), (third, _) = (come(slots) for _ in range(3))
    first_slot.mark_busy()
    first_slot.mark_idle()
    fourth, _ = come(slots)
    assert [each.hung_up for each in (first, second, third)] == [False, True, False]
    fifth, _ = come(slots)
    come(slots)
    assert [each.hung_up for each in (first, third, fourth, fifth)] == [True, True, False, False]


def test_who_is_at_work_keeps_the_place() -> None:
    """Where all are, nobody else comes in; where one ends, the next does."""
    slots = Slots("test", 2)
    (first, first_slot), (second, second_slot) = (come(slots) for _ in range(2))
    first_slot.mark_busy()
    second_slot.mark_busy()
    assert slots.take(Somebody()) is None
    first_slot.mark_idle()
    come(slots)
    assert (first.hung_up, second.hung_up) == (True, False)


def test_an_answer_that_has_not_left_is_spared() -> None:
    """As long as somebody else waits; after that it makes room like anybody's."""
    slots = Slots("test", 2)
    (reader, _), (idle, _) = (come(slots) for _ in range(2))
    reader.unsent = True
    _, newcomer = come(slots)
    assert (reader.hung_up, idle.hung_up) == (False, True)
    newcomer.mark_busy()
    come(slots)
    assert reader.hung_up


def test_some_places_are_reserved() -> None:
    """Taken when all others work, given up like others, and changed for one that is free."""
    slots = Slots("test", 1, reserved=1)
    _, worker = come(slots)
    worker.mark_busy()
    probe, probe_slot = come(slots)
    assert (worker.reserved, probe_slot.reserved) == (False, True)
    assert not probe_slot.promote()
    other, other_slot = come(slots)
    assert probe.hung_up
    worker.leave()
    assert other_slot.promote()
    assert not other_slot.reserved
    assert not other.hung_up
    assert other_slot.promote()


def test_leaving_twice_frees_one_place() -> None:
    """Whoever was hung up on leaves later, too."""
    slots = Slots("test", 1)
    _, first = come(slots)
    _, second = come(slots)
    second.mark_busy()
    first.leave()
    first.leave()
    first.mark_idle()
    assert slots.take(Somebody()) is None


class SlotsInAnyOrder(RuleBasedStateMachine):
    """Whatever they do, in whatever order."""

    LIMIT, RESERVED = 3, 2
    occupants = Bundle("occupants")

    def __init__(self) -> None:
        super().__init__()
        self.slots = Slots("test", self.LIMIT, self.RESERVED)
        self.there: dict[Slot, Somebody] = {}
        self.working: set[Slot] = set()

    def _look(self) -> None:
        self.there = {
            slot: occupant for slot, occupant in self.there.items() if not occupant.hung_up
        }

    @rule(target=occupants)
    def come(self) -> Slot | None:
        occupant = Somebody()
        slot = self.slots.take(occupant)
        self._look()
        if slot is not None:
            self.there[slot] = occupant
        else:
            assert len(self.working) == len(self.there) == self.LIMIT + self.RESERVED
        return slot

    @rule(slot=occupants, unsent=st.booleans())
    def wait(self, slot: Slot | None, *, unsent: bool) -> None:
        if slot in self.there:
            self.there[slot].unsent = unsent
            self.working.discard(slot)
            slot.mark_idle()

    @rule(slot=occupants)
    def work(self, slot: Slot | None) -> None:
        if slot in self.there:
            self.working.add(slot)
            slot.mark_busy()

    @rule(slot=occupants)
    def promote(self, slot: Slot | None) -> None:
        if slot not in self.there:
            return
        moves = slot.reserved
        if slot.promote():
            assert not slot.reserved
            if moves:  # As one who waits.
                self.working.discard(slot)
            self._look()

    @rule(slot=consumes(occupants))
    def leave(self, slot: Slot | None) -> None:
        if slot is not None:
            slot.leave()
            self.working.discard(slot)
            self.there.pop(slot, None)

    @invariant()
    def bounded_and_fair(self) -> None:
        reserved = sum(slot.reserved for slot in self.there)
        assert reserved <= self.RESERVED
        assert len(self.there) - reserved <= self.LIMIT
        assert self.working <= set(self.there)


TestSlots = SlotsInAnyOrder.TestCase
