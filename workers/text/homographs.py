"""Words that are written alike and said in two ways: which way, by the words beside them.

A table (`homograph_rows`) has clues for the best known of them; for all others, and where no clue
fits, the grammar of the sentence decides (`clauses`), and after that the tagger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from workers.text.clauses import Place, part_of_speech, place
from workers.text.homograph_rows import ROWS, Clue, Said

_NOUN_ALONE = frozenset({"NOUN"})
_ADJECTIVE_ALONE = frozenset({"ADJ"})


def readings(
    written: Sequence[str], tags: Sequence[str], parts: Callable[[str], frozenset[str]]
) -> Iterator[tuple[int, Said]]:
    """How words of a line are said, where their neighbours settle it: the place, and which way.

    `tags` are the Penn Treebank's. `parts`: as which parts of speech (`NOUN`, `VERB`, `ADJ`)
    does the dictionary have a word in small letters, where that makes a difference? The time is
    linear in the number of words.
    """
    words = [word.lower().replace("’", "'") for word in written]
    for at, word in enumerate(words):
        clues = ROWS.get(word)
        ways = parts(word)
        if clues is None and not ways:
            continue
        said = _said(place(written, words, tags, at), clues or (), ways)
        if said is not None:
            yield at, said


def _said(here: Place, clues: Sequence[Clue], ways: frozenset[str]) -> Said | None:
    part = part_of_speech(here)
    if part == "NN" and ways == _ADJECTIVE_ALONE and _describes(here):
        part = "JJ"
    if clues:
        said = _by_clues(here, clues, part or here.tag)
        if said is not None:
            return said
    elif not part and here.tag == "JJ" and ways == _NOUN_ALONE:
        part = "NN"
    return Said(part) if part else None


def _describes(here: Place) -> bool:
    """Whether a word that stands where a noun may is the adjective before one."""
    return here.word.endswith(("ate", "use")) or here.tag_after().startswith(("NN", "JJ"))


def _by_clues(here: Place, clues: Sequence[Clue], part: str) -> Said | None:
    """What the first clue that fits says."""
    before = here.beside_before()
    after = (here.after(), here.tag_after())
    earlier = here.before(2)
    near: set[str] | None = None
    for clue in clues:
        if (
            (clue.before and clue.before.isdisjoint(before))
            or (clue.after and clue.after.isdisjoint(after))
            or (clue.earlier and earlier not in clue.earlier)
            or not clue.not_before.isdisjoint(before)
            or not clue.not_after.isdisjoint(after)
            or not part.startswith(clue.part)
            or (clue.capital is not None and clue.capital != here.capital)
        ):
            continue
        if clue.near:
            near = here.around() if near is None else near
            if clue.near.isdisjoint(near):
                continue
        return clue.said
    return None
