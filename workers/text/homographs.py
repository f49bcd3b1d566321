"""Words that are written alike and said in two ways: which way, by the words beside them.

A table (`homograph_rows`) has clues for the best known of them; for all others, and where no clue
fits, the grammar of the sentence decides (`clauses`), and after that the tagger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from workers.text.clauses import Place, part_of_speech
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
        place = Place(written=written, words=words, tags=tags, at=at)
        said = _said(place, clues or (), ways)
        if said is not None:
            yield at, said


def _said(place: Place, clues: Sequence[Clue], ways: frozenset[str]) -> Said | None:
    part = part_of_speech(place)
    if part == "NN" and ways == _ADJECTIVE_ALONE and _describes(place):
        part = "JJ"
    for clue in clues:
        if _fits(clue, place, part or place.tag):
            return clue.said
    if not part and place.tag == "JJ" and not clues and ways == _NOUN_ALONE:
        part = "NN"
    return Said(part) if part else None


def _describes(place: Place) -> bool:
    """Whether a word that stands where a noun may is the adjective before one."""
    return place.word.endswith(("ate", "use")) or place.tag_after().startswith(("NN", "JJ"))


def _fits(clue: Clue, place: Place, part: str) -> bool:
    if clue.capital is not None and clue.capital != place.written[place.at][0].isupper():
        return False
    if not part.startswith(clue.part):
        return False
    before = place.beside_before()
    after = {place.after(), place.tag_after()}
    return (
        clue.not_before.isdisjoint(before)
        and clue.not_after.isdisjoint(after)
        and not (clue.before and clue.before.isdisjoint(before))
        and not (clue.after and clue.after.isdisjoint(after))
        and not (clue.earlier and place.before(2) not in clue.earlier)
        and not (clue.near and clue.near.isdisjoint(place.around()))
    )
