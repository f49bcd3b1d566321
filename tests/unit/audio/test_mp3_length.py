"""An mp3 file says how many of its samples are speech, whatever is left of its last frame."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from supervisor.audio.files import audio_file
from supervisor.audio.formats import FORMATS, at_rate
from supervisor.audio.info_frame import crc16, set_padding


@pytest.mark.parametrize(("rate", "step"), [(24_000, 23), (44_100, 91), (8_000, 97)])
def test_it_is_exact_for_every_rest(tmp_path: Path, rate: int, step: int) -> None:
    """As libsndfile says and reads it, and FFmpeg; one is a frame longer than it need be."""
    path = tmp_path / "speech.mp3"
    for samples in range(rate // 2, rate // 2 + 1152, step):
        with audio_file(path, at_rate(FORMATS["mp3"], rate), rate) as write:
            write(np.full(samples, 0.1, np.float32))
        heard, _rate = soundfile.read(path)
        assert soundfile.info(path).frames == len(heard) == samples
        with av.open(str(path)) as container:
            assert container.duration == pytest.approx(samples / rate * 1e6, abs=2)


def test_the_sum_is_that_of_all_before_it(tmp_path: Path) -> None:
    """With the check value that the catalogue of such sums has for nine digits."""
    assert crc16(b"123456789") == 0xBB3D
    path = tmp_path / "speech.mp3"
    with audio_file(path, FORMATS["mp3"], 24_000) as write:
        write(np.zeros(24_000, np.float32))
    head = path.read_bytes()[:300]
    end = head.index(b"Info") + 154
    assert int.from_bytes(head[end : end + 2], "big") == crc16(head[:end])


@pytest.mark.parametrize("content", [b"", b"Info", bytes(400), b"Info" + bytes(400)])
def test_what_has_no_such_frame_stays_as_it_is(content: bytes) -> None:
    """And what says that it has fewer frames than samples."""
    file = io.BytesIO(content)
    set_padding(file, 24_000, 24_000)
    assert file.getvalue() == content
