"""The settings as the agent reads them: the few that are its own, checked by the supervisor.

Their models are left out, as they would take 9 MB of each agent.
"""

from __future__ import annotations

import msgspec

from supervisor.wire.fleet.names import as_token


class Weights(msgspec.Struct, frozen=True):
    """The section `fleet.weights`."""

    high: int
    normal: int
    batch: int


class Fleet(msgspec.Struct, frozen=True):
    """The section `fleet`, as far as it is the agent's."""

    servers: list[str]
    credentials: str | None
    ca: str | None
    name: str | None
    weights: Weights
    lease_s: float
    prefetch: int
    storing: int | None
    accept_work: bool
    accept_live: bool
    ping_s: float

    def host(self, hostname: str) -> str:
        """The name of this host in the fleet."""
        return self.name or as_token(hostname)


class Logging(msgspec.Struct, frozen=True):
    """The section `logging`."""

    level: str
    format: str
    levels: dict[str, str]


class Pool(msgspec.Struct, frozen=True):
    """The section `pool`, as far as it is the agent's."""

    grace_period_s: float


class AgentSettings(msgspec.Struct, frozen=True):
    """What an agent goes by."""

    fleet: Fleet
    logging: Logging
    pool: Pool


class _Handover(msgspec.Struct, frozen=True):
    settings: AgentSettings


def take_over(given: bytes) -> AgentSettings:
    """Decode what `config.handover` made. Raises msgspec.MsgspecError."""
    return msgspec.json.decode(given, type=_Handover).settings
