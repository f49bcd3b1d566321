"""Parts of the declaration of a setting: effect, unit, section, and errors of rules."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

Effect = Literal["live", "session_rebuild", "worker_restart", "supervisor_restart"]
"""The effect of a changed setting, mildest first."""


class Declared(NamedTuple):
    """The effect of a change and the unit of the value, declared for every setting.

    The unit of a name that ends with `_mb` is MB, 10^6 bytes.
    """

    effect: Effect
    unit: str = ""


CONFLICT = "conflict"
"""Error type of a rule over two settings; each may come from another source."""

RULE = "rule"
"""Error type of a rule over one setting that its range cannot express."""

Name = Annotated[str, Field(min_length=1, max_length=4096)]


class Section(BaseModel):
    """A group of settings. Unknown keys, wrong types, NaN and infinities are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def order_error(section: Section, low: str, high: str) -> PydanticCustomError:
    """Make the error for two settings of one section that are in the wrong order."""
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
