"""Settings of the engines; those of engine `x` are `engines.options.x`, whoever wrote it.

The engines of this package have sections of their own too, which check what they hold:
`engines.options.kokoro` is another name for `engines.kokoro` (`config.migration`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from supervisor.config.sections.declared import Declared, Name, Section

OWN = ("hibari", "kokoro")
"""Engines with a section of their own."""


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
        Field(description="Settings of engines: engine name to its own mapping."),
        Declared("worker_restart"),
    ] = {}
    hibari: Hibari = Hibari()
    kokoro: Kokoro = Kokoro()

    def settings_of(self, engine: str) -> dict[str, Any]:
        """The mapping that `engine` is constructed with; empty without settings for it."""
        section = {"hibari": self.hibari, "kokoro": self.kokoro}.get(engine)
        return section.model_dump() if section else dict(self.options.get(engine, {}))
