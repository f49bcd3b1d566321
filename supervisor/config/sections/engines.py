"""Settings of the engines; third-party engines have theirs in `engines.options`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from supervisor.config.sections.declared import RULE, Declared, Name, Section


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
            description="How the model is rewritten to run faster: `none` computes as it is "
            "published, `exact` computes the same on faster kernels, `calibrated` fixes the "
            "ranges of convolutions too. `auto` is `calibrated` on a CPU with VNNI or its Arm "
            "counterpart, else `exact`. One that fails its quality gate is not used.",
        ),
        Declared("worker_restart"),
    ] = "auto"


class Engines(Section):
    """The section `engines`: the default engine, preloaded ones, and their own settings."""

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
        """The mapping that `engine` is constructed with; empty without settings for it."""
        section = {"hibari": self.hibari, "kokoro": self.kokoro}.get(engine)
        return section.model_dump() if section else dict(self.options.get(engine, {}))
