"""Whatever supervisors want: cores are shared by weight, and all come to rest at their shares."""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.core.allocation.shares import Claim, fair_shares, share

CPUS = tuple(range(24))
weights = st.sampled_from([0.01, 0.5, 1.0, 2.0, 3.0, 100.0])


def claims_of(least: st.SearchStrategy[int]) -> st.SearchStrategy[list[Claim]]:
    """Some claims on all CPUs; each has a pid of its own."""
    one = st.builds(
        Claim,
        pid=st.integers(1, 99),
        since=st.sampled_from([1.0, 2.0, 3.0]),
        weight=weights,
        wanted=st.integers(0, 30),
        least=least,
        reserve=st.integers(0, 1),
        may=st.just(CPUS),
    )
    return st.lists(one, min_size=1, max_size=6, unique_by=lambda claim: claim.pid)


def level(cores: float, claims: Sequence[Claim], wants: Sequence[int]) -> float:
    """Cores for each unit of weight, where cores can be divided: the level of the water."""
    low, high = 0.0, 1e6
    for _ in range(100):
        middle = (low + high) / 2
        filled = sum(min(w, middle * c.weight) for c, w in zip(claims, wants, strict=True))
        low, high = (middle, high) if filled < cores else (low, middle)
    return low


@given(st.integers(0, 24), claims_of(st.integers(1, 8)))
def test_shares(cores: int, claims: list[Claim]) -> None:
    """Nobody has more than he wants, nothing is left that is wanted but the reserve, everybody has
    a core before anybody has two, the order of the claims does not matter, and one core more takes
    none from anybody.
    """
    shares = fair_shares(cores, claims)
    wants = [min(claim.wanted, 24) for claim in claims]
    assert all(0 <= had <= want for had, want in zip(shares, wants, strict=True))
    reserve = min(claim.reserve for claim in claims)
    assert min(cores - reserve, sum(wants)) <= sum(shares) <= cores
    if max(shares) > 1:
        assert all(shares[i] for i, want in enumerate(wants) if want)
    mixed = list(range(len(claims)))
    random.Random(cores).shuffle(mixed)
    assert fair_shares(cores, [claims[i] for i in mixed]) == [shares[i] for i in mixed]
    more = fair_shares(cores + 1, claims)
    assert all(now >= before for now, before in zip(more, shares, strict=True))


@given(st.integers(0, 24), claims_of(st.just(0)))
def test_shares_are_the_water_level_in_whole_cores(cores: int, claims: list[Claim]) -> None:
    """With a core for each, nobody is below the whole part of his exact share; twice the weight
    never has less.
    """
    claims = [msgspec.structs.replace(claim, reserve=0) for claim in claims]
    shares, wants = fair_shares(cores, claims), [claim.wanted for claim in claims]
    wants = [min(want, 24) for want in wants]
    seeds = [min(1, want) for want in wants]
    exact = level(cores, claims, wants)
    if all(exact * claim.weight >= seed for claim, seed in zip(claims, seeds, strict=True)):
        for had, claim, want in zip(shares, claims, wants, strict=True):
            assert had >= min(want, int(exact * claim.weight + 1e-6))
    for one, had in zip(claims, shares, strict=True):
        for other, has in zip(claims, shares, strict=True):
            if one.weight > other.weight and one.wanted >= other.wanted and has > 1:
                assert had >= has


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 12), claims_of(st.integers(1, 4)), st.randoms(use_true_random=False))
def test_all_come_to_rest_at_their_shares(
    count: int, claims: list[Claim], chance: random.Random
) -> None:
    """Supervisors that look in any order, give one core back at a time, and take what is free: each
    ends with his share and stays there; a core has one holder.
    """
    cpus = tuple(range(count))
    claims = [msgspec.structs.replace(claim, may=cpus, reserve=0) for claim in claims]
    states: list[tuple[tuple[int, ...], ...]] = []
    for _ in range(4 * count):
        for i in chance.sample(range(len(claims)), len(claims)):
            claims[i] = looked(claims, i, cpus)
        states.append(tuple(claim.holds for claim in claims))
        held = [cpu for claim in claims for cpu in claim.holds]
        assert len(held) == len(set(held))
    assert [len(claim.holds) for claim in claims] == fair_shares(count, claims)
    assert states[-1] == states[-count]


def looked(claims: Sequence[Claim], index: int, cpus: tuple[int, ...]) -> Claim:
    """What a supervisor makes of it: its claim after a look."""
    own, others = claims[index], [claim for i, claim in enumerate(claims) if i != index]
    taken = {cpu for claim in others for cpu in claim.holds}
    shared = share(own, others, taken)
    free = sorted(set(cpus) - taken - set(own.holds))
    if shared.yield_to is not None and len(own.holds) > 1:
        return msgspec.structs.replace(own, holds=own.holds[:-1])
    most = own.wanted if shared.most is None else min(own.wanted, shared.most)
    if len(own.holds) > own.wanted:
        return msgspec.structs.replace(own, holds=own.holds[: own.wanted])
    if free and len(own.holds) < most:
        return msgspec.structs.replace(own, holds=(*own.holds, free[0]))
    return own
