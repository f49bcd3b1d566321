"""How espeak-ng reads words: [language, word] on standard input, JSON lines; IPA on the output.

It judges which words sound alike, and nothing of it gets into the product. Runs in an environment
of its own (`benchmarks.aside`).
"""

from __future__ import annotations

import functools
import json
import sys

import espeakng_loader
from phonemizer.backend import EspeakBackend
from phonemizer.backend.espeak.wrapper import EspeakWrapper


@functools.cache
def reader(language: str) -> EspeakBackend:
    """espeak in one of its languages."""
    return EspeakBackend(language, language_switch="remove-flags")


def main() -> None:
    """Answer each line with its sounds."""
    EspeakWrapper.set_library(espeakng_loader.get_library_path())
    EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
    for line in sys.stdin:
        language, word = json.loads(line)
        print(json.dumps(reader(language).phonemize([word], strip=True)[0]), flush=True)


if __name__ == "__main__":
    main()
