"""All settings as one model, of the sections that are declared in `sections`.

Their values come from `sources`; their meaning is left to the modules that read them.
"""

from __future__ import annotations

from typing import Any

from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from supervisor.config.sections.broker import Broker
from supervisor.config.sections.cache import Cache
from supervisor.config.sections.classes import Classes
from supervisor.config.sections.engines import Engines
from supervisor.config.sections.fleet import Fleet
from supervisor.config.sections.http import Http
from supervisor.config.sections.jobs import Admission, Jobs, Journal, Segments
from supervisor.config.sections.observability import Logging, Tracing
from supervisor.config.sections.performance import Performance
from supervisor.config.sections.pool import Pool
from supervisor.config.sections.profiles import Profiles
from supervisor.config.sections.reading import Reading


class Settings(BaseSettings):
    """All settings: the values of the layers, the first before the next, then the defaults.

    Constructing it reads no environment and no file; the layers have done so. Raises pydantic's
    ValidationError.
    """

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, case_sensitive=True
    )

    performance: Performance = Performance()
    pool: Pool = Pool()
    engines: Engines = Engines()
    broker: Broker = Broker()
    admission: Admission = Admission()
    classes: Classes = Classes()
    jobs: Jobs = Jobs()
    journal: Journal = Journal()
    cache: Cache = Cache()
    segments: Segments = Segments()
    reading: Reading = Reading()
    http: Http = Http()
    fleet: Fleet = Fleet()
    logging: Logging = Logging()
    tracing: Tracing = Tracing()
    profiles: Profiles = []

    def __init__(
        self,
        *layers: PydanticBaseSettingsSource,
        **values: Any,  # noqa: ANN401 (sections, as pydantic passes them when it validates a tree)
    ) -> None:
        super().__init__(layers=(InitSettingsSource(type(self), values), *layers))

    @classmethod
    def settings_customise_sources(  # the arguments' names are the base class's
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the layers, in place of the sources that the library would read by itself."""
        layers: tuple[PydanticBaseSettingsSource, ...] = init_settings()["layers"]
        return layers
