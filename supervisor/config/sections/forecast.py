"""Settings of the forecast of the load."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from supervisor.config.sections.declared import Declared, Section


class Forecast(Section):
    """The section `performance.forecast`: how the load is foretold."""

    lead_s: Annotated[
        float,
        Field(
            ge=0,
            le=900,
            description="How long before its minute the cores are there for a rise that is "
            "foretold. A worker is ready in milliseconds; more only costs.",
        ),
        Declared("live", "s"),
    ] = 5.0
    margin: Annotated[
        float,
        Field(
            ge=0,
            le=10,
            description="How many times its mean error is added to what is foretold.",
        ),
        Declared("live"),
    ] = 0.5
    learn_days: Annotated[
        float,
        Field(
            gt=0,
            le=60,
            description="Days of load that must have been seen before anything is foretold; "
            "a further day goes by before it is trusted.",
        ),
        Declared("live", "days"),
    ] = 1.0
