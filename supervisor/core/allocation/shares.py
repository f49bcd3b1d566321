"""Shares: how supervisors that may use the same CPUs divide them, without a leader.

Each one publishes a `Claim`, reads those of the others, and computes the same fair shares from
them. Nobody takes a core from another: who holds more than his share, while another lacks some of
his and finds no free core, gives one back; who is at his share leaves free cores to those who lack.

Shares are max-min by weight over what each wants, in whole cores: first one core for everybody,
then what the settings ask for at least, then the rest. A core goes to the one whose weight ÷ (cores
+ 1) is highest (the method of D'Hondt), so nobody has less than the whole part of his exact share.
Ties go to the older.

Where the sets of CPUs overlap in part only, the total is that of all sets that meet ours.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence
from typing import Annotated

import msgspec

_Pid = Annotated[int, msgspec.Meta(ge=0, le=1 << 31)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=4096)]
_Cpus = Annotated[
    tuple[Annotated[int, msgspec.Meta(ge=0, le=65_535)], ...], msgspec.Meta(max_length=4096)
]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What a supervisor says of itself.

    since: when it started, Unix seconds; the smaller is the older.
    wanted: cores that its own policy asks for, whatever others hold.
    least: those of them that its settings ask for at least.
    reserve: cores that it leaves to the machine, 0 or 1.
    may: ids of the CPUs that it may use. holds: those that it has leased.
    """

    pid: _Pid
    since: float
    weight: Annotated[float, msgspec.Meta(ge=0.01, le=100)]
    wanted: _Count
    least: _Count = 1
    reserve: Annotated[int, msgspec.Meta(ge=0, le=1)] = 0
    may: _Cpus = ()
    holds: _Cpus = ()


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """Our part of the cores. `fair`: cores of each claim, ours first.

    most: cores that we may hold, because another lacks some; None: no such limit.
    yield_to: pid of the one who is to get a core of ours.
    at_once: it has none at all yet.
    spare: a CPU of ours that it could use where it could not use all of them.
    """

    claims: tuple[Claim, ...]
    fair: tuple[int, ...]
    most: int | None = None
    yield_to: int | None = None
    at_once: bool = False
    spare: int | None = None


def fair_shares(cores: int, claims: Sequence[Claim]) -> list[int]:
    """Cores for each claim, `cores` in all or fewer; nobody gets more than he wants.

    What all of them leave to the machine is left to it, unless settings ask for it.
    """
    wants = [min(claim.wanted, len(claim.may)) for claim in claims]
    shares = [0] * len(claims)
    least = [min(claim.least, want) for claim, want in zip(claims, wants, strict=True)]
    # Who has a core keeps it; then the older ones come first.
    order = sorted(range(len(claims)), key=lambda i: (not claims[i].holds, *_age(claims[i])))
    for index in [i for i in order if wants[i]][: max(0, cores)]:
        shares[index] = 1
    left = _pour(cores - sum(shares), claims, least, shares)
    _pour(left - min((claim.reserve for claim in claims), default=0), claims, wants, shares)
    return shares


def _pour(cores: int, claims: Sequence[Claim], caps: Sequence[int], shares: list[int]) -> int:
    """Add cores to `shares`, up to `caps`; return how many are left."""

    def entry(index: int) -> tuple[float, float, int, int]:
        claim = claims[index]
        return -claim.weight / (shares[index] + 1), *_age(claim), index

    heap = [entry(index) for index, cap in enumerate(caps) if shares[index] < cap]
    heapq.heapify(heap)
    while heap and cores > 0:
        index = heap[0][-1]
        shares[index] += 1
        cores -= 1
        if shares[index] < caps[index]:
            heapq.heapreplace(heap, entry(index))
        else:
            heapq.heappop(heap)
    return cores


def _age(claim: Claim) -> tuple[float, int]:
    """Sort key: the older first."""
    return claim.since, claim.pid


def share(own: Claim, others: Sequence[Claim], taken: Collection[int]) -> Shared:
    """Our share beside `others`. `own.holds`: CPUs that our workers are to have, without those on
    their way back. `taken`: CPUs that others have leased, with or without a claim.
    """
    mine = set(own.may)
    met = [claim for claim in others if not claim.may or mine.intersection(claim.may)]
    claims = (own, *sorted(met, key=_age))
    claimed = {cpu for claim in claims[1:] for cpu in claim.holds}
    cpus = mine.union(*(claim.may for claim in claims)) - (set(taken) - claimed)
    fair = tuple(fair_shares(len(cpus), claims))
    lacking = [
        (claim, part)
        for claim, part in zip(claims[1:], fair[1:], strict=True)
        if len(claim.holds) < part
    ]
    if not lacking:
        return Shared(claims=claims, fair=fair)
    free = cpus - claimed - set(own.holds)
    coreless = [claim for claim, _ in lacking if not claim.holds]
    held = len(own.holds)
    # The free cores are first for those who have none.
    most = min(fair[0], max(held, 1, held + len(free & mine) - len(coreless)))
    shared = Shared(claims=claims, fair=fair, most=max(1, most))
    waiting = [
        (bool(claim.holds), len(claim.holds) / part, *_age(claim), claim)
        for claim, part in lacking
        if _too_few(claim, free, len(coreless)) and not set(own.holds).isdisjoint(claim.may)
    ]
    if not waiting:
        return shared
    *_, neediest = min(waiting, key=lambda each: each[:-1])
    return _giving(own, neediest, shared, free)


def _too_few(claim: Claim, free: set[int], coreless: int) -> bool:
    """Whether there are too few free cores for it to take one."""
    count = len(free.intersection(claim.may))
    if not claim.holds:
        return count < coreless
    return count <= (claim.reserve if len(claim.holds) >= claim.least else 0)


def _giving(own: Claim, other: Claim, shared: Shared, free: set[int]) -> Shared:
    """Give it a core of ours, or change one for a core that it cannot use."""
    covered = set(own.holds) <= set(other.may)
    spare = None if covered else max(set(own.holds).intersection(other.may))
    if len(own.holds) > shared.fair[0]:
        at_once = not other.holds
        return msgspec.structs.replace(shared, yield_to=other.pid, at_once=at_once, spare=spare)
    if free.intersection(own.may).difference(other.may):
        return msgspec.structs.replace(shared, spare=spare)
    return shared
