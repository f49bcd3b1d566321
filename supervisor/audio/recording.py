"""One chapter of an audiobook on its way into files: kept aside as it comes, then made as loud as
the others and encoded.

Memory does not grow with the chapter: its samples wait in a file without a name, 2 bytes each.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple, Self

import numpy as np

from supervisor.audio.files import AnyEncoder, open_encoder
from supervisor.audio.formats import FORMATS, AudioFormat, EncodingError
from supervisor.audio.loudness import TARGET_LUFS, Gain, LoudnessMeter
from supervisor.audio.samples import Samples, pcm16
from supervisor.audio.tags import TaggedEncoder, can_be_tagged
from supervisor.files import replace_file

BIT_RATE: Final = 64_000
"""Of lossy files, in bit/s: of one voice at 24 kHz nothing more is heard."""
_BLOCK: Final = 1 << 16
_FULL: Final = np.float32(1 << 15)
_SAMPLE_BYTES: Final = 2
_SILENCE_S: Final = 0.5


class Recorded(NamedTuple):
    """A chapter that is in its files: seconds, and how loud it was before."""

    duration_s: float
    lufs: float | None


def for_book(name: str) -> AudioFormat:
    """The format of a book's files, by its name."""
    form = FORMATS[name]
    return form if form.bit_rate is None else form._replace(bit_rate=BIT_RATE)


class ChapterRecording:
    """Takes a chapter's samples at `sample_rate` Hz. `directory` has room for them.

    To be used as a context, by one thread at a time. Every call may raise OSError.
    """

    def __init__(self, sample_rate: int, directory: Path) -> None:
        self._rate = sample_rate
        self._meter = LoudnessMeter(sample_rate)
        self._stopped = False
        self._aside = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115 - closed by `close`

    @property
    def seconds(self) -> float:
        """Seconds that were put in."""
        return self._meter.samples / self._rate

    def put(self, samples: Samples) -> None:
        """Take these samples."""
        self._meter.put(samples)
        self._aside.write(pcm16(samples).tobytes())

    def write(
        self,
        targets: Mapping[Path, AudioFormat],
        tags: Mapping[str, str] | None = None,
        volume: float = 1.0,
    ) -> Recorded:
        """Write the chapter into each of these files, whole or not at all; one without a sound is
        half a second of silence. `volume` is a factor on the loudness that all chapters have.

        Raises EncodingError.
        """
        if not self._meter.samples:
            self.put(np.zeros(round(_SILENCE_S * self._rate), np.float32))
        target = TARGET_LUFS + (20 * math.log10(volume) if volume > 0 else -math.inf)
        gain_db = self._meter.gain_db(target)
        gain = Gain(gain_db, self._rate, limit=self._meter.exceeds(gain_db))
        with ExitStack() as stack:
            files = {
                path: stack.enter_context(replace_file(path, durable=True)) for path in targets
            }
            encoders: list[AnyEncoder | TaggedEncoder] = []
            for path, form in targets.items():
                if tags and can_be_tagged(form):
                    encoders.append(TaggedEncoder(form, self._rate, files[path], tags))
                else:
                    encoders.append(open_encoder(form, self._rate, files[path]))
            for samples in self._samples():
                if self._stopped:
                    raise EncodingError("it was stopped")
                changed = gain.change(samples)
                for encoder in encoders:
                    encoder.encode(changed)
            rest = gain.finish()
            for encoder in encoders:
                if len(rest):
                    encoder.encode(rest)
                encoder.finish()
        return Recorded(self.seconds, self._meter.lufs)

    def stop(self) -> None:
        """Have `write`, in whatever thread it is, give up soon."""
        self._stopped = True

    def close(self) -> None:
        """Drop what was kept aside."""
        self._aside.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _samples(self) -> Iterator[Samples]:
        self._aside.seek(0)
        while data := self._aside.read(_BLOCK * _SAMPLE_BYTES):
            yield np.frombuffer(data, "<i2").astype(np.float32) / _FULL
