"""What every declaration of a setting is made of, and the errors of rules beyond a range."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

Effect = Literal["live", "session_rebuild", "worker_restart", "supervisor_restart"]
"""What has to happen for a changed setting to hold, mildest first."""


class Declared(NamedTuple):
    """Stands on every setting: the effect of a change, and the unit of the value.

    The unit of a name that ends with `_mb` is MB, 10^6 bytes.
    """

    effect: Effect
    unit: str = ""


CONFLICT = "conflict"
"""Error type of a rule over two settings; each may come from another source."""

RULE = "rule"
"""Error type of a rule over one setting that its range cannot say."""

Name = Annotated[str, Field(min_length=1, max_length=4096)]


class Section(BaseModel):
    """A group of settings. Unknown keys, wrong types, NaN and infinities are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def above(section: Section, low: str, high: str) -> PydanticCustomError:
    """The error for two settings of one section that are in the wrong order."""
    return PydanticCustomError(
        CONFLICT,
        "{low} {low_value} is above {high} {high_value}",
        {
            "low": low,
            "low_value": getattr(section, low),
            "high": high,
            "high_value": getattr(section, high),
        },
    )
