"""The settings: sections, names, defaults, ranges, and what a change of each one takes.

A new setting is a new line here: its documentation, its place in config.json, its
environment variable and its error messages follow from the declaration. Where
values come from is `sources`; what they mean is the business of those who read them.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

Effect = Literal["live", "session_rebuild", "worker_restart", "supervisor_restart"]
"""What has to happen for a changed setting to hold, mildest first."""


class Declared(NamedTuple):
    """Stands on every setting: the effect of a change, and the unit of the value."""

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


class DynamicCpuAllocation(Section):
    """How many cores the pool holds, and when that changes."""

    enabled: Annotated[
        bool,
        Field(
            description="Let the number of cores follow the load. When false the pool is static: "
            "`max_cores`, or `min_cores` where only that is set."
        ),
        Declared("live"),
    ] = True
    cpu_target: Annotated[
        float,
        Field(gt=0, le=100, description="Average utilization above which the pool takes cores."),
        Declared("live", "%"),
    ] = 75.0
    hysteresis_factor: Annotated[
        float,
        Field(
            gt=0,
            lt=1,
            description="The pool gives cores back when the average falls below "
            "`cpu_target` × this factor.",
        ),
        Declared("live"),
    ] = 0.6
    monitoring_interval: Annotated[
        float,
        Field(ge=0.05, le=3600, description="Time between two samples of the utilization."),
        Declared("live", "s"),
    ] = 1.0
    history_window: Annotated[
        int,
        Field(ge=1, le=10_000, description="How many samples are kept and averaged."),
        Declared("live", "samples"),
    ] = 10
    allocation_cooldown: Annotated[
        float,
        Field(ge=0, le=3600, description="Least time between two changes of the allocation."),
        Declared("live", "s"),
    ] = 5.0
    min_cores: Annotated[
        int,
        Field(ge=1, le=4096, description="The pool never holds fewer cores; it starts with them."),
        Declared("live", "cores"),
    ] = 1
    max_cores: Annotated[
        int | None,
        Field(
            ge=1,
            le=4096,
            description="The pool never holds more cores; null means all usable cores but one, "
            "at least one. More than the usable cores is clamped and reported.",
        ),
        Declared("live", "cores"),
    ] = None
    aggressive_mode: Annotated[
        bool,
        Field(
            description="Take as many cores at once as the load calls for instead of one at a "
            "time; a backlog that lasts does not wait for the average."
        ),
        Declared("live"),
    ] = False
    thermal_protection: Annotated[
        bool,
        Field(
            description="Hold fewer cores while the processor is over 85 °C or its throttle "
            "counters rise."
        ),
        Declared("live"),
    ] = True
    onnx_integration: Annotated[
        bool,
        Field(
            description="Rebuild sessions when a worker's share of cores changes. When false, "
            "only the number of workers and their cores change, never thread counts."
        ),
        Declared("live"),
    ] = True
    update_environment: Annotated[
        bool,
        Field(
            description="Set OMP_, OPENBLAS_, MKL_ and NUMEXPR_NUM_THREADS of every new worker "
            "to its number of threads."
        ),
        Declared("worker_restart"),
    ] = True
    utilization_source: Annotated[
        Literal["pool", "cores", "system"],
        Field(
            description="What is measured: the CPU time of the pool's own workers, everything "
            "on the leased cores, or the whole machine."
        ),
        Declared("live"),
    ] = "pool"

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> Self:
        if self.max_cores is not None and self.min_cores > self.max_cores:
            raise _above(self, "min_cores", "max_cores")
        return self


class Performance(Section):
    """What decides how much of the machine is used."""

    dynamic_cpu_allocation: DynamicCpuAllocation = DynamicCpuAllocation()


class Pool(Section):
    """The worker processes."""

    start_method: Annotated[
        Literal["forkserver", "spawn"],
        Field(
            description="How a worker is started: forked from the warm template, or as a fresh "
            "interpreter that loads its own models."
        ),
        Declared("supervisor_restart"),
    ] = "forkserver"
    threads_per_worker: Annotated[
        Literal["auto"] | Annotated[int, Field(ge=1, le=4096)],
        Field(
            description="Threads of one worker's session; with auto they follow the demand: all "
            "cores for a single segment, one each for many."
        ),
        Declared("session_rebuild", "threads"),
    ] = "auto"
    grace_period_s: Annotated[
        float,
        Field(ge=0, le=86_400, description="How long a drain waits for running work."),
        Declared("live", "s"),
    ] = 30.0
    hang_timeout_s: Annotated[
        float,
        Field(
            ge=0.1,
            le=3600,
            description="A worker that shows neither progress nor CPU time for so long is ended, "
            "and its segment runs elsewhere.",
        ),
        Declared("live", "s"),
    ] = 10.0
    overdue_factor: Annotated[
        float,
        Field(
            ge=1,
            le=1000,
            description="So is one whose segment takes so many times as long as predicted, "
            "however busy it is.",
        ),
        Declared("live"),
    ] = 10.0
    overdue_min_s: Annotated[
        float,
        Field(
            ge=0.1,
            le=86_400,
            description="But never before this time; it is also for an engine that loads its "
            "model first.",
        ),
        Declared("live", "s"),
    ] = 60.0
    restart_intensity: Annotated[
        int,
        Field(
            ge=1,
            le=10_000,
            description="A slot whose workers die so often within `restart_window_s` is parked "
            "(`fatal`) for a minute; the pool goes on with the rest.",
        ),
        Declared("live", "deaths"),
    ] = 6
    restart_window_s: Annotated[
        float,
        Field(ge=1, le=86_400, description="The time in which deaths are counted."),
        Declared("live", "s"),
    ] = 60.0
    max_worker_pss_mb: Annotated[
        float | None,
        Field(
            gt=0,
            le=1e7,
            description="A worker that holds more memory (proportional set size) is replaced, "
            "after its replacement is ready; null: never.",
        ),
        Declared("live", "MB"),
    ] = None
    max_segments_per_worker: Annotated[
        int | None,
        Field(
            ge=1,
            le=1_000_000_000,
            description="So is one that has spoken so many segments; null: never.",
        ),
        Declared("live", "segments"),
    ] = None


class Hibari(Section):
    """Settings of the engine `hibari`."""

    voices_dir: Annotated[
        Name | None,
        Field(description="Directory with further voices; null means the built-in one only."),
        Declared("worker_restart"),
    ] = None


class Kokoro(Section):
    """Settings of the engine `kokoro`."""

    model_path: Annotated[
        Name | None,
        Field(description="ONNX model file; null means the one from the `kokoro` extra."),
        Declared("worker_restart"),
    ] = None
    voices_path: Annotated[
        Name | None,
        Field(description="Voices file or directory; null means those that are installed."),
        Declared("worker_restart"),
    ] = None
    optimization: Annotated[
        Literal["auto", "none", "exact", "calibrated"],
        Field(
            description="How the model is rewritten to run faster: `none` uses it as it is, "
            "`exact` computes the same on faster kernels, `calibrated` fixes the ranges of "
            "convolutions too. `auto` is `calibrated` on a CPU with VNNI or its Arm "
            "counterpart, else `exact`. One that fails its quality gate is not used."
        ),
        Declared("worker_restart"),
    ] = "auto"


class Engines(Section):
    """Which engines speak, and their own settings."""

    default: Annotated[
        Name,
        Field(description="Engine of a request that names none."),
        Declared("live"),
    ] = "hibari"
    preload: Annotated[
        list[Name],
        Field(description="Engines that the template loads before it forks workers."),
        Declared("worker_restart"),
    ] = ["hibari"]
    options: Annotated[
        dict[str, dict[str, Any]],
        Field(description="Settings of third-party engines: engine name to its own mapping."),
        Declared("worker_restart"),
    ] = {}
    hibari: Hibari = Hibari()
    kokoro: Kokoro = Kokoro()

    @field_validator("options")
    @classmethod
    def _no_engine_twice(cls, options: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for engine in options.keys() & {"hibari", "kokoro"}:
            raise PydanticCustomError(
                RULE, "{engine} has a section of its own, engines.{engine}", {"engine": engine}
            )
        return options

    def settings_of(self, engine: str) -> dict[str, Any]:
        """The mapping that `engine` is constructed with; empty where nothing is set for it."""
        section = {"hibari": self.hibari, "kokoro": self.kokoro}.get(engine)
        return section.model_dump() if section else dict(self.options.get(engine, {}))


class Broker(Section):
    """What is accepted from clients."""

    max_text_bytes: Annotated[
        int,
        Field(ge=1, le=1 << 30, description="Longest text of one job, in UTF-8."),
        Declared("live", "bytes"),
    ] = 2 * 1_048_576
    max_jobs_per_client: Annotated[
        int,
        Field(ge=1, le=1_000_000, description="Jobs of one client in flight."),
        Declared("live", "jobs"),
    ] = 1024
    max_queued_jobs: Annotated[
        int,
        Field(ge=1, le=10_000_000, description="Jobs of all clients in flight."),
        Declared("live", "jobs"),
    ] = 10_000
    max_held_audio_mb: Annotated[
        int,
        Field(
            ge=1,
            le=1_048_576,
            description="Spoken audio in memory that clients have not taken yet, in all. A job "
            "whose audio waits gets no further worker at its share of the room that is left; a "
            "quarter is kept for those who take what they are sent.",
        ),
        Declared("live", "MiB"),
    ] = 64
    max_client_held_audio_mb: Annotated[
        int,
        Field(
            ge=1,
            le=1_048_576,
            description="The same, of one client. The HTTP gateway is one client.",
        ),
        Declared("live", "MiB"),
    ] = 32
    max_connections: Annotated[
        int,
        Field(
            ge=1,
            le=100_000,
            description="Connections at once, on ipc and on tcp each; more are hung up on.",
        ),
        Declared("supervisor_restart", "connections"),
    ] = 1000
    tcp: Annotated[
        Name | None,
        Field(
            description="HOST:PORT, such as `192.0.2.1:8355`, where clients with an allowed key "
            "may connect from other machines; see `supervisor keygen`."
        ),
        Declared("supervisor_restart"),
    ] = None
    insecure_tcp: Annotated[
        bool,
        Field(
            description="Open `tcp` without keys: every process of this machine may use it. Only "
            "for addresses that other machines cannot reach."
        ),
        Declared("supervisor_restart"),
    ] = False

    @field_validator("tcp")
    @classmethod
    def _tcp_is_an_address(cls, tcp: str | None) -> str | None:
        if tcp is not None and re.fullmatch(r"(\[[^]]+\]|[^:/]+):\d{1,5}", tcp) is None:
            raise PydanticCustomError(RULE, "must be HOST:PORT, such as 192.0.2.1:8355")
        return tcp

    @model_validator(mode="after")
    def _insecure_stays_here(self) -> Self:
        if self.insecure_tcp and not (
            self.tcp and is_loopback(self.tcp.rpartition(":")[0].strip("[]"))
        ):
            raise PydanticCustomError(
                CONFLICT,
                "{high} needs {low} at an address of this machine alone, such as 127.0.0.1:8355",
                {"low": "tcp", "high": "insecure_tcp"},
            )
        return self


class Admission(Section):
    """How much work may wait. A client is a connection."""

    max_work_s: Annotated[
        float,
        Field(
            gt=0,
            le=31_536_000,
            description="Predicted work of all clients: seconds of one worker. Each client counts "
            "with its own bound at most, so one book leaves room for others' sentences.",
        ),
        Declared("live", "s"),
    ] = 3600.0
    max_client_work_s: Annotated[
        float,
        Field(
            gt=0,
            le=31_536_000,
            description="Predicted work of one client; the job that goes beyond it is the last "
            "that is taken.",
        ),
        Declared("live", "s"),
    ] = 900.0
    max_bytes: Annotated[
        int,
        Field(ge=1, le=1 << 40, description="Text of all jobs in flight."),
        Declared("live", "bytes"),
    ] = 64 * 1_048_576
    max_client_bytes: Annotated[
        int,
        Field(ge=1, le=1 << 40, description="Text of one client's jobs in flight."),
        Declared("live", "bytes"),
    ] = 16 * 1_048_576


class Jobs(Section):
    """What is remembered of plain jobs after their end, so that clients can attach again."""

    retention_s: Annotated[
        float,
        Field(ge=0, le=31_536_000, description="How long a job is remembered."),
        Declared("live", "s"),
    ] = 60.0
    retention_bytes: Annotated[
        int,
        Field(ge=0, le=1 << 40, description="Released audio of all jobs that is kept in memory."),
        Declared("live", "bytes"),
    ] = 8 * 1_048_576
    retention_jobs: Annotated[
        int,
        Field(ge=1, le=1_000_000, description="How many jobs are remembered."),
        Declared("live", "jobs"),
    ] = 256


class Journal(Section):
    """The durable jobs, in the state directory: they outlive their client and the supervisor."""

    enabled: Annotated[
        bool,
        Field(description="Take durable jobs. When false they are refused."),
        Declared("supervisor_restart"),
    ] = True
    sync: Annotated[
        Literal["normal", "full"],
        Field(
            description="What an accepted job survives: with normal the end of the supervisor, "
            "with full also a power loss, for a write to the disk each time."
        ),
        Declared("supervisor_restart"),
    ] = "normal"
    retention_s: Annotated[
        float,
        Field(ge=0, le=31_536_000, description="How long the result of a durable job is kept."),
        Declared("live", "s"),
    ] = 86_400.0
    retention_bytes: Annotated[
        int,
        Field(
            ge=0,
            le=1 << 50,
            description="Results that are kept; beyond it the oldest goes, if nobody listens to "
            "it. The latest always stays.",
        ),
        Declared("live", "bytes"),
    ] = 2 * 1024 * 1_048_576
    retention_jobs: Annotated[
        int,
        Field(ge=1, le=1_000_000, description="How many durable jobs that ended are kept."),
        Declared("live", "jobs"),
    ] = 10_000


class Segments(Section):
    """How a text is cut."""

    first_max_chars: Annotated[
        int,
        Field(
            ge=1,
            le=100_000,
            description="Longest first segment of a job; short, so that speech starts early.",
        ),
        Declared("live", "characters"),
    ] = 80
    max_chars: Annotated[
        int,
        Field(ge=1, le=100_000, description="Longest segment after the first."),
        Declared("live", "characters"),
    ] = 240

    @model_validator(mode="after")
    def _first_is_shorter(self) -> Self:
        if self.first_max_chars > self.max_chars:
            raise _above(self, "first_max_chars", "max_chars")
        return self


def is_loopback(host: str) -> bool:
    """Whether only processes of this machine can connect to an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Http(Section):
    """The gateway process."""

    enabled: Annotated[
        bool,
        Field(description="Run the gateway process."),
        Declared("supervisor_restart"),
    ] = True
    host: Annotated[
        Name,
        Field(
            description="Address that the gateway listens on; beyond this machine it needs "
            "`api_keys`."
        ),
        Declared("supervisor_restart"),
    ] = "127.0.0.1"
    port: Annotated[
        int,
        Field(ge=0, le=65_535, description="Port that the gateway listens on; 0 takes a free one."),
        Declared("supervisor_restart"),
    ] = 8354
    api_keys: Annotated[
        list[Name],
        Field(
            description="Hashes of the keys that clients may use, as `supervisor gateway "
            "--new-key` prints them; with an empty list no key is asked for."
        ),
        Declared("supervisor_restart"),
    ] = []
    cors_origins: Annotated[
        list[Name],
        Field(
            description="Origins, such as `https://example.org`, whose pages may use the gateway "
            "from a browser."
        ),
        Declared("supervisor_restart"),
    ] = []
    max_connections: Annotated[
        int,
        Field(ge=1, le=100_000, description="Connections at once; more are answered with 503."),
        Declared("supervisor_restart", "connections"),
    ] = 1000
    max_request_bytes: Annotated[
        int,
        Field(ge=1024, le=1 << 30, description="Longest body of a request; more gets 413."),
        Declared("supervisor_restart", "bytes"),
    ] = 4 * 1_048_576
    wyoming: Annotated[
        Name | None,
        Field(
            description="HOST:PORT where the gateway speaks Home Assistant's Wyoming protocol "
            "(extra `wyoming`), such as `127.0.0.1:10200`."
        ),
        Declared("supervisor_restart"),
    ] = None
    wyoming_without_keys: Annotated[
        bool,
        Field(
            description="Let Wyoming, which knows no keys, listen beyond this machine: everybody "
            "who can reach it can use it."
        ),
        Declared("supervisor_restart"),
    ] = False

    @field_validator("api_keys")
    @classmethod
    def _only_hashes(cls, hashes: list[str]) -> list[str]:
        for number, hash in enumerate(hashes, 1):
            if re.fullmatch(r"sha256:[0-9a-f]{64}", hash) is None:
                raise PydanticCustomError(
                    RULE,
                    "entry {number} is no hash of a key; make a key and its hash with "
                    "`supervisor gateway --new-key`",
                    {"number": number},
                )
        return hashes

    @field_validator("wyoming")
    @classmethod
    def _is_an_address(cls, wyoming: str | None) -> str | None:
        if wyoming is not None and re.fullmatch(r"(\[.+\]|[^:]+):\d{1,5}", wyoming) is None:
            raise PydanticCustomError(RULE, "must be HOST:PORT, such as 127.0.0.1:10200")
        return wyoming

    @model_validator(mode="after")
    def _others_need_a_key(self) -> Self:
        if not self.api_keys and not is_loopback(self.host):
            raise PydanticCustomError(
                CONFLICT,
                "host {host} can be reached from other machines, so {high} must not be empty; "
                "make a key with `supervisor gateway --new-key`, or use 127.0.0.1",
                {"low": "host", "high": "api_keys", "host": self.host},
            )
        if self.wyoming is not None and not self.wyoming_without_keys:
            host = self.wyoming.rpartition(":")[0].strip("[]")
            if not is_loopback(host):
                raise PydanticCustomError(
                    CONFLICT,
                    "wyoming on {host} can be reached from other machines and knows no keys; use "
                    "127.0.0.1, or say {high}: true if everybody may use it",
                    {"low": "wyoming", "high": "wyoming_without_keys", "host": host},
                )
        return self


class Logging(Section):
    """What is logged, and how."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Field(description="Least severe level that is logged."),
        Declared("live"),
    ] = "info"
    format: Annotated[
        Literal["text", "json"],
        Field(description="Lines for people, or one JSON object per line."),
        Declared("live"),
    ] = "text"
    text: Annotated[
        bool,
        Field(description="Whether the text of jobs may appear in the log."),
        Declared("live"),
    ] = False


class Tracing(Section):
    """Whether jobs leave traces, and where these go."""

    enabled: Annotated[
        bool,
        Field(
            description="Send a trace of every job to an OpenTelemetry collector (extra `otel`)."
        ),
        Declared("live"),
    ] = False
    endpoint: Annotated[
        Name | None,
        Field(
            description="Where the collector takes OTLP over HTTP, such as "
            "`http://127.0.0.1:4318/v1/traces`; null leaves it to the variables "
            "`OTEL_EXPORTER_OTLP_…`, and to localhost where they say nothing."
        ),
        Declared("live"),
    ] = None

    @field_validator("endpoint")
    @classmethod
    def _is_a_whole_url(cls, endpoint: str | None) -> str | None:
        if endpoint is None:
            return None
        if not _is_collector(endpoint):
            raise PydanticCustomError(
                RULE, "must be a URL with its path, such as http://127.0.0.1:4318/v1/traces"
            )
        if "@" in urlsplit(endpoint).netloc:
            raise PydanticCustomError(
                RULE, "must hold no password; credentials go into OTEL_EXPORTER_OTLP_HEADERS"
            )
        return endpoint


class Settings(BaseSettings):
    """All settings. Constructing it reads no environment and no file; `load` does."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, case_sensitive=True
    )

    performance: Performance = Performance()
    pool: Pool = Pool()
    engines: Engines = Engines()
    broker: Broker = Broker()
    admission: Admission = Admission()
    jobs: Jobs = Jobs()
    journal: Journal = Journal()
    segments: Segments = Segments()
    http: Http = Http()
    logging: Logging = Logging()
    tracing: Tracing = Tracing()

    @classmethod
    def settings_customise_sources(  # the arguments' names are the base class's
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Nothing but the arguments: `load` hands over its own sources."""
        return (init_settings,)


def _above(section: Section, low: str, high: str) -> PydanticCustomError:
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


def _is_collector(url: str) -> bool:
    """Whether this may be where a collector listens, with the path that it listens at."""
    try:
        parts = urlsplit(url)
        usable = parts.port != 0  # reading it raises for what is no port
    except ValueError:
        return False
    return (
        usable
        and parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and parts.path not in {"", "/"}
        and url.isprintable()
        and " " not in url
    )
