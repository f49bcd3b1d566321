"""The first frame of an mp3 file, which holds no sound: it says how much of the file is padding.

LAME's encoder puts 576 samples in front and fills the last frames. FFmpeg writes both numbers down
(the Info frame with LAME's extension), but of the padding no more than the last frame's: in one
file of 25 some samples too little, so that readers hear them. Here is the true number, which
follows from the frames and the samples that were encoded.
"""

from __future__ import annotations

from typing import IO, Final

_SEARCHED_BYTES: Final = 256
_TAG: Final = b"Info"
_VBR_TAG: Final = b"Xing"
_FRAMES_AT: Final = 8
_GAPS_AT: Final = 141
"""Behind the tag: 12 bits of samples in front, 12 of padding."""
_SUM_AT: Final = 154
"""CRC-16 of all before it, from the begin of the frame."""

_MPEG_1_HZ: Final = 32_000
"""Least sample rate of a frame of 1152 samples; below it has half as many."""


def set_padding(file: IO[bytes], samples: int, rate: int) -> None:
    """Write the padding of a file that holds so many samples at `rate` Hz; one without an Info
    frame stays as it is. Raises OSError.
    """
    file.seek(0)
    head = bytearray(file.read(_SEARCHED_BYTES))
    tag = max(head.find(_TAG), head.find(_VBR_TAG))
    if tag < 0 or len(head) < tag + _SUM_AT + 2:
        return
    frames = int.from_bytes(head[tag + _FRAMES_AT : tag + _FRAMES_AT + 4], "big")
    at = tag + _GAPS_AT
    in_front = int.from_bytes(head[at : at + 3], "big") >> 12
    padding = frames * (1152 if rate >= _MPEG_1_HZ else 576) - in_front - samples
    if not 0 <= padding < 1 << 12:
        return
    head[at : at + 3] = (in_front << 12 | padding).to_bytes(3, "big")
    end = tag + _SUM_AT
    head[end : end + 2] = crc16(head[:end]).to_bytes(2, "big")
    file.seek(0)
    file.write(head[: end + 2])
    file.seek(0, 2)


def crc16(data: bytes | bytearray) -> int:
    """CRC-16/ARC, as the frame has it."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _bit in range(8):
            crc = (crc >> 1) ^ (0xA001 if crc & 1 else 0)
    return crc
