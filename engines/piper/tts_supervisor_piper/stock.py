"""Voices on disk: those of a folder, and those that were put into the user's cache.

A voice is `NAME.onnx` with `NAME.onnx.json` beside it. In the cache its noise follows the seed
already; one of a folder of the user's own is made so whenever it is loaded, half a second each.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import onnxruntime as ort

from tts_supervisor_piper import description, symbols
from tts_supervisor_piper.description import Description, DescriptionError
from workers.engines.base import Model, PullError
from workers.engines.toolkit import (
    Tensor,
    build_session,
    cache,
    locked,
    noise_inputs,
    seeded_noise,
    with_output,
    write,
)

ENGINE: Final = "piper"
HOW: Final = "supervisor models pull piper --from VOICE.onnx"

_MAX_BYTES: Final = 256 << 20
"""The largest voices that are published have 115 MB."""
_INPUTS: Final = {"input", "input_lengths", "scales"}
_SPEAKER: Final = "sid"
_UNFIT: Final = "#\n\r\t/"


class Found(msgspec.Struct, frozen=True):
    """A voice on disk."""

    name: str
    path: Path
    about: Description
    licence: str


def folder() -> Path:
    """Where voices lie in the user's cache."""
    return cache(ENGINE) / "voices"


def found(folders: list[Path]) -> tuple[dict[str, Found], dict[str, str]]:
    """Voices by name, those of the first folders winning; and of files that are none, why."""
    voices: dict[str, Found] = {}
    faults: dict[str, str] = {}
    for directory in folders:
        for path in sorted(directory.glob("*.onnx")):
            name = path.stem
            if name in voices or name in faults:
                continue
            try:
                about = description.read(beside(path))
            except DescriptionError as error:
                faults[name] = str(error)
            else:
                voices[name] = Found(name, path, about, description.licence(path))
    return voices, faults


def beside(model: Path) -> Path:
    """The description's file."""
    return model.with_name(f"{model.name}.json")


def models(voices: Mapping[str, Found], faults: Mapping[str, str]) -> tuple[Model, ...]:
    """The voices that are here, and how to get more."""
    more = Model(
        engine=ENGINE,
        name=ENGINE,
        licence="as each voice says",
        size=0,
        path=None,
        how=f"{HOW} adds a voice",
    )
    here = [_model(each.name, each.licence, each.path) for each in voices.values()]
    broken = [
        Model(engine=ENGINE, name=name, licence="", size=0, path=None, how=why)
        for name, why in faults.items()
    ]
    return (*here, *broken, more)


def pull(source: Path | None) -> Model:
    """Put a voice into the user's cache, once it has spoken. Raises PullError."""
    if source is None:
        raise PullError(f"Piper's voices come from a file: {HOW}")
    if source.is_dir():
        raise PullError(f"{source} is a directory: name the .onnx file in it")
    if source.suffix != ".onnx" or any(each in source.stem for each in _UNFIT):
        raise PullError(f"{source} is not named like a Piper voice, as en_US-joe-medium.onnx is")
    try:
        size = source.stat().st_size
        if size > _MAX_BYTES:
            raise PullError(
                f"{source} has {size / 1e6:.0f} MB, and no Piper voice more than "
                f"{_MAX_BYTES / 1e6:.0f} MB"
            )
        about = description.read(beside(source))
        symbols.load(about)
        graph = prepared(source)
        try_out(source, graph, about)
        target = folder() / source.name
        with locked(target):
            _replace(source, target, graph)
    except OSError as error:
        raise PullError(f"cannot copy {source}: {error.strerror or error}") from None
    except ValueError as error:
        raise PullError(str(error)) from None
    except ImportError:
        raise PullError(symbols.INSTALL) from None
    return _model(source.stem, description.licence(target), target)


def try_out(path: Path, graph: bytes, about: Description) -> None:
    """Have a model say every symbol of its description once. Raises ValueError."""
    try:
        trial = build_session(graph, 1)
    except Exception as error:
        raise ValueError(f"{path} is a damaged model, or not all of one") from error
    names = {each.name for each in trial.get_inputs()}
    if not names >= _INPUTS:
        shown = ", ".join(sorted(names))[:120]
        raise ValueError(f"{path} is an ONNX model, but no Piper voice: it takes {shown}")
    if (_SPEAKER in names) != (about.num_speakers > 1):
        raise ValueError(
            f"{path} does not fit its description, which has {about.num_speakers} speakers"
        )
    numbers = sorted({number for ids in about.phoneme_id_map.values() for number in ids})
    try:
        audio, *_ = trial.run(None, inputs(trial, about, numbers, about.num_speakers - 1, 1.0, 0))
    except Exception as error:
        raise ValueError(
            f"{path} cannot say the symbols of its description: {_last_line(error)}"
        ) from error
    if not audio.size or not np.isfinite(audio).all():
        raise ValueError(f"{path} gives no sound")


def inputs(
    session: ort.InferenceSession,
    about: Description,
    ids: list[int],
    speaker: int,
    speed: float,
    seed: int,
) -> dict[str, Tensor]:
    """What a session over the voice's model gets for these numbers of symbols."""
    scales = about.inference
    length = scales.length_scale / speed
    given: dict[str, Tensor] = {
        "input": np.asarray([ids], np.int64),
        "input_lengths": np.asarray([len(ids)], np.int64),
        "scales": np.asarray([scales.noise_scale, length, scales.noise_w], np.float32),
        **noise_inputs(session, seed),
    }
    if about.num_speakers > 1:
        given[_SPEAKER] = np.asarray([speaker], np.int64)
    return given


def session(voice: Found, threads: int) -> ort.InferenceSession:
    """A session over the voice's model, whose noise follows the seed. Raises ValueError, OSError,
    and what ONNX Runtime raises.
    """
    if voice.path.parent == folder():
        built = build_session(voice.path, threads)
        if noise_inputs(built, 0):
            return built  # Put there by `pull`.
    return build_session(prepared(voice.path), threads)


def prepared(model: Path) -> bytes:
    """The model with noise that follows the seed; and one that makes whole frames of its durations
    in one place, as VITS does, tells them. Raises what `seeded_noise` raises.
    """
    import onnx  # noqa: PLC0415 - as `seeded_noise` has it

    graph = seeded_noise(model)
    nodes = onnx.load_from_string(graph).graph.node
    durations = [node.output[0] for node in nodes if node.op_type == "Ceil"]
    return with_output(graph, durations[0]) if len(durations) == 1 else graph


def _replace(source: Path, target: Path, graph: bytes) -> None:
    """The description comes last: without one, a model is no voice yet. Raises OSError."""
    told = beside(source).read_bytes()
    for card in (source.with_suffix(".MODEL_CARD"), source.with_name("MODEL_CARD")):
        if card.is_file():
            write(target.with_suffix(".MODEL_CARD"), [card.read_bytes()[: 1 << 16]])
            break
    write(target, [graph])
    write(beside(target), [told])


def _model(name: str, licence: str, path: Path) -> Model:
    try:
        size = path.stat().st_size
    except OSError:
        size = 0
    return Model(engine=ENGINE, name=name, licence=licence, size=size, path=str(path), how=HOW)


def _last_line(error: Exception) -> str:
    return " ".join(str(error).split())[-200:]
