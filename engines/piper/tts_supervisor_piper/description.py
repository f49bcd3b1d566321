"""What a Piper voice says of itself, in `NAME.onnx.json` beside `NAME.onnx`.

A file that cannot be used is told in one line. What the model itself holds is for `stock` to check.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import msgspec

PAD: Final = "_"
BEGIN: Final = "^"
END: Final = "$"

TYPES: Final = ("espeak", "text")
"""Kinds of symbols that are read here. Others need a reader for their language alone."""

_MAX_BYTES: Final = 4 << 20
_RATES: Final = range(8_000, 48_001)
_LICENCE: Final = re.compile(
    r"^[ \t*-]{0,8}licen[sc]e:[ \t]{0,8}(\S.{0,79})$", re.IGNORECASE | re.MULTILINE
)
_UNKNOWN_LICENCE: Final = "see its MODEL_CARD"


class DescriptionError(ValueError):
    """A description that cannot be used; one line that says why."""


class Audio(msgspec.Struct, frozen=True):
    """Hz."""

    sample_rate: int


class Espeak(msgspec.Struct, frozen=True):
    """The voice of espeak-ng that reads its texts."""

    voice: str = ""


class Inference(msgspec.Struct, frozen=True):
    """Noise of the sound, length of every symbol, and noise of the lengths: factors."""

    noise_scale: float = 0.667
    length_scale: float = 1.0
    noise_w: float = 0.8


class Language(msgspec.Struct, frozen=True):
    """Its code as in a locale, `en_US`."""

    code: str = ""


class Description(msgspec.Struct, frozen=True):
    """The fields of a description that decide how its voice speaks."""

    audio: Audio
    phoneme_id_map: dict[str, list[int]]
    espeak: Espeak = Espeak()
    inference: Inference = Inference()
    language: Language = Language()
    phoneme_type: str = "espeak"
    phoneme_map: dict[str, list[str]] = {}
    num_speakers: int = 1
    speaker_id_map: dict[str, int] = {}

    @property
    def tag(self) -> str:
        """BCP 47; where it names no language, that of espeak-ng's voice."""
        code = self.language.code or self.espeak.voice
        primary, *rest = code.replace("_", "-").split("-")
        if rest and len(rest[0]) == 2:
            rest[0] = rest[0].upper()
        return "-".join([primary.lower(), *rest]) or "und"

    @property
    def speakers(self) -> dict[str, int]:
        """Number of each speaker by name, in the order of their numbers; {} for one alone."""
        if self.num_speakers == 1:
            return {}
        named = sorted(self.speaker_id_map.items(), key=lambda pair: pair[1])
        return dict(named) or {str(number): number for number in range(self.num_speakers)}

    def known(self, symbols: str) -> str:
        """The symbols that the model has, each replaced as the voice wants it."""
        if self.phoneme_map:
            symbols = "".join("".join(self.phoneme_map.get(each, each)) for each in symbols)
        return "".join(symbol for symbol in symbols if symbol in self.phoneme_id_map)

    def lengths(self, symbols: str) -> list[int]:
        """How many numbers `ids` has for the begin, for each symbol and for the end."""
        table = self.phoneme_id_map
        pad = len(table[PAD])
        each = [len(table[symbol]) + pad for symbol in symbols]
        return [len(table[BEGIN]) + pad, *each, len(table[END])]

    def ids(self, symbols: str) -> list[int]:
        """What the model gets for known symbols: a pad behind the begin and behind each of them."""
        table = self.phoneme_id_map
        found = [*table[BEGIN], *table[PAD]]
        for symbol in symbols:
            found += [*table[symbol], *table[PAD]]
        return [*found, *table[END]]


def read(path: Path) -> Description:
    """The description in this file. Raises DescriptionError."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise DescriptionError(f"{path} is no description of a voice: it is too large")
        found = msgspec.json.decode(path.read_bytes(), type=Description)
    except FileNotFoundError:
        raise DescriptionError(
            f"{path} is missing: it is published beside the voice's model"
        ) from None
    except OSError as error:
        raise DescriptionError(f"cannot read {path}: {error.strerror or error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DescriptionError(f"{path} describes no Piper voice: {error}") from None
    fault = _fault(found)
    if fault:
        raise DescriptionError(f"{path} cannot be used: {fault}")
    return found


def licence(model: Path) -> str:
    """The licence that a MODEL_CARD beside the model names."""
    for card in (model.with_suffix(".MODEL_CARD"), model.with_name("MODEL_CARD")):
        try:
            with card.open(encoding="utf-8", errors="replace") as file:
                found = _LICENCE.search(file.read(1 << 16))
        except OSError:
            continue
        if found:
            return found[1].strip()
    return _UNKNOWN_LICENCE


def _fault(found: Description) -> str | None:
    """What is wrong with it, if anything."""
    kind, rate, count = found.phoneme_type, found.audio.sample_rate, found.num_speakers
    missing = [symbol for symbol in (PAD, BEGIN, END) if not found.phoneme_id_map.get(symbol)]
    numbers = [number for ids in found.phoneme_id_map.values() for number in ids]
    speakers = found.speaker_id_map.values()
    faults = {
        f"it reads symbols of the kind {kind[:40]!r}, not {' or '.join(TYPES)}": kind not in TYPES,
        "it names no voice of espeak-ng": kind == "espeak" and not found.espeak.voice,
        f"its sample rate is {rate} Hz": rate not in _RATES,
        f"its map of symbols has no {' and no '.join(missing)}": bool(missing),
        "its map of symbols has negative numbers": min(numbers, default=0) < 0,
        f"it has {count} speakers": count < 1,
        f"it names speakers beyond its {count}": not all(0 <= each < count for each in speakers),
    }
    return next((fault for fault, holds in faults.items() if holds), None)
