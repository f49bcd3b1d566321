"""Places at a door: who makes room for whom, and who never does."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from supervisor.gateway.doors.places import Place, Places


class Somebody:
    """A connection that remembers whether it was hung up on."""

    def __init__(self) -> None:
        self.unsent = False
        self.hung_up = False

    def hang_up(self) -> None:
        assert not self.hung_up
        self.hung_up = True


def come(places: Places) -> tuple[Somebody, Place]:
    """One more, for whom there is a place."""
    guest = Somebody()
    place = places.take(guest)
    assert place is not None
    return guest, place


def test_who_has_waited_longest_makes_room() -> None:
    """One for one, in the order in which they began to wait; who asks anew is last again."""
    places = Places("test", 3)
    (first, first_place), (second, _), (third, _) = (come(places) for _ in range(3))
    first_place.works()
    first_place.waits()
    fourth, _ = come(places)
    assert [each.hung_up for each in (first, second, third)] == [False, True, False]
    fifth, _ = come(places)
    come(places)
    assert [each.hung_up for each in (first, third, fourth, fifth)] == [True, True, False, False]


def test_who_is_at_work_keeps_the_place() -> None:
    """Where all are, nobody else comes in; where one ends, the next does."""
    places = Places("test", 2)
    (first, first_place), (second, second_place) = (come(places) for _ in range(2))
    first_place.works()
    second_place.works()
    assert places.take(Somebody()) is None
    first_place.waits()
    come(places)
    assert (first.hung_up, second.hung_up) == (True, False)


def test_an_answer_that_has_not_left_is_spared() -> None:
    """As long as somebody else waits; after that it makes room like anybody's."""
    places = Places("test", 2)
    (reader, _), (idle, _) = (come(places) for _ in range(2))
    reader.unsent = True
    _, newcomer = come(places)
    assert (reader.hung_up, idle.hung_up) == (False, True)
    newcomer.works()
    come(places)
    assert reader.hung_up


def test_some_places_are_reserved() -> None:
    """Taken when all others work, given up like others, and changed for one that is free."""
    places = Places("test", 1, reserved=1)
    _, worker = come(places)
    worker.works()
    probe, probe_place = come(places)
    assert (worker.reserved, probe_place.reserved) == (False, True)
    assert not probe_place.promote()
    other, other_place = come(places)
    assert probe.hung_up
    worker.leave()
    assert other_place.promote()
    assert not other_place.reserved
    assert not other.hung_up
    assert other_place.promote()


def test_leaving_twice_frees_one_place() -> None:
    """Whoever was hung up on leaves later, too."""
    places = Places("test", 1)
    _, first = come(places)
    _, second = come(places)
    second.works()
    first.leave()
    first.leave()
    first.waits()
    assert places.take(Somebody()) is None


class Door(RuleBasedStateMachine):
    """Whatever they do, in whatever order."""

    LIMIT, RESERVED = 3, 2
    guests = Bundle("guests")

    def __init__(self) -> None:
        super().__init__()
        self.places = Places("test", self.LIMIT, self.RESERVED)
        self.there: dict[Place, Somebody] = {}
        self.working: set[Place] = set()

    def _look(self) -> None:
        self.there = {place: guest for place, guest in self.there.items() if not guest.hung_up}

    @rule(target=guests)
    def come(self) -> Place | None:
        guest = Somebody()
        place = self.places.take(guest)
        self._look()
        if place is not None:
            self.there[place] = guest
        else:
            assert len(self.working) == len(self.there) == self.LIMIT + self.RESERVED
        return place

    @rule(place=guests, unsent=st.booleans())
    def wait(self, place: Place | None, *, unsent: bool) -> None:
        if place in self.there:
            self.there[place].unsent = unsent
            self.working.discard(place)
            place.waits()

    @rule(place=guests)
    def work(self, place: Place | None) -> None:
        if place in self.there:
            self.working.add(place)
            place.works()

    @rule(place=guests)
    def promote(self, place: Place | None) -> None:
        if place not in self.there:
            return
        moves = place.reserved
        if place.promote():
            assert not place.reserved
            if moves:  # As one who waits.
                self.working.discard(place)
            self._look()

    @rule(place=consumes(guests))
    def leave(self, place: Place | None) -> None:
        if place is not None:
            place.leave()
            self.working.discard(place)
            self.there.pop(place, None)

    @invariant()
    def bounded_and_fair(self) -> None:
        reserved = sum(place.reserved for place in self.there)
        assert reserved <= self.RESERVED
        assert len(self.there) - reserved <= self.LIMIT
        assert self.working <= set(self.there)


TestDoor = Door.TestCase
