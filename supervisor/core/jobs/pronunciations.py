"""Pronunciations: puts the entries of a lexicon into a text that is to be spoken.

A word or phrase with phonemes becomes a mark (`supervisor.marks`), one with another spelling is
replaced by it. The longest phrase that begins at a place is taken, once, from left to right. A
text is cut into pieces once and each is looked up in a tree of the words, so the time is that of
the text, whatever the size of the lexicon. What an entry may be is for `supervisor.lexicon`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from supervisor.lexicon import Entry, as_written, folded, pieces
from supervisor.marks import pronounced

_END: Final = "\n"
"""What stands behind the last piece where names are compared: white space has another name."""


class _Node:
    """A place in a tree of words: what may follow, and what is said for the words up to here, the
    more special language first.
    """

    __slots__ = ("entries", "following")

    def __init__(self) -> None:
        self.following: _Tree | None = None
        self.entries: tuple[Entry, ...] | None = None

    def after(self, name: str) -> _Node:
        """The place behind one more piece; a new one where there is none yet."""
        if self.following is None:
            self.following = {}
        return self.following.setdefault(name, _Node())

    def put(self, entry: Entry) -> None:
        """One more way to say the words up to here."""
        if self.entries is None:
            self.entries = (entry,)
            return
        entries = (*self.entries, entry)
        self.entries = tuple(
            sorted(entries, key=lambda entry: (-len(entry.language or ""), entry.say is None))
        )


_Tree = dict[str, _Node]


class Dictionary:
    """Entries, ready to be looked up: those of the settings, or those of a request.

    It never changes, so texts share it. Entries of one word agree (`lexicon.check_together`).
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        exact, any_case = _Node(), _Node()
        for entry in entries:
            node, name = (exact, as_written) if entry.case else (any_case, folded)
            for piece in pieces(entry.word):
                node = node.after(name(piece))
            node.put(entry)
        self.exact: _Tree = exact.following or {}
        self.any_case: _Tree = any_case.following or {}
        self.first = frozenset([*map(folded, self.exact), *self.any_case])
        """What an entry's first piece may be, folded."""


class Pronunciations:
    """Dictionaries, that of highest precedence first, for texts in one language (a BCP 47 tag).

    Of two phrases the longer is taken; of two entries for one phrase that of the dictionary that
    comes first, then the one for these capitals, then the one for the more special language.
    """

    def __init__(self, *dictionaries: Dictionary, language: str = "") -> None:
        self._dictionaries = [dictionary for dictionary in dictionaries if dictionary.first]
        self._languages = frozenset([None, *_prefixes(language)])

    def in_text(self, text: str) -> str:
        """The text with what its words are said by: marks, and other spellings.

        Marks that it has already are left alone. The same object where nothing is to be said
        otherwise.
        """
        if not self._dictionaries:
            return text
        found = pieces(text)
        names = _names(found, folded)
        firsts = [dictionary.first for dictionary in self._dictionaries]
        if all(first.isdisjoint(names) for first in firsts):
            return text
        begins = frozenset[str]().union(*(first.intersection(names) for first in firsts))
        trees = self._trees(found, names)
        marked: dict[tuple[str, str], str] = {}
        said, done = False, 0
        for at in [at for at, name in enumerate(names) if name in begins]:
            if at < done:
                continue
            end, entry = self._longest(trees, at)
            if entry is None or entry.say is None:
                done = max(end, at)
                continue
            written = found[at] if end == at + 1 else "".join(found[at:end])
            found[at] = _marked(written, entry.say, marked) if entry.phonemes else entry.say
            found[at + 1 : end] = [""] * (end - at - 1)
            said, done = True, end
        return "".join(found) if said else text

    def _trees(
        self, found: Sequence[str], names: Sequence[str]
    ) -> list[tuple[_Tree, Sequence[str]]]:
        """The trees, that of highest precedence first, with what each knows the pieces by."""
        trees: list[tuple[_Tree, Sequence[str]]] = []
        for dictionary in self._dictionaries:
            if dictionary.exact:
                trees.append((dictionary.exact, _names(found, as_written)))
            trees.append((dictionary.any_case, names))
        return trees

    def _longest(
        self, trees: Sequence[tuple[_Tree, Sequence[str]]], begin: int
    ) -> tuple[int, Entry | None]:
        """The piece behind the longest phrase that begins here, and its entry, if there is any."""
        end, longest = begin, None
        for tree, names in trees:
            node = tree.get(names[begin])
            at = begin
            while node is not None:
                at += 1
                if node.entries is not None and at > end and _is_border(names, begin, at):
                    for entry in node.entries:
                        if entry.language in self._languages:
                            end, longest = at, entry
                            break
                if node.following is None:
                    break
                node = node.following.get(names[at])
        return end, longest


def _names(found: Sequence[str], name: Callable[[str], str]) -> list[str]:
    """What the pieces are compared by, and behind them a name that no piece has.

    Each piece is looked at once, however often it stands there.
    """
    known = {piece: name(piece) for piece in set(found)}
    return [*map(known.__getitem__, found), _END]


def _marked(written: str, phonemes: str, known: dict[tuple[str, str], str]) -> str:
    """The mark for words with these phonemes, made once however often they stand in a text."""
    mark = known.get((written, phonemes))
    if mark is None:
        mark = known[written, phonemes] = pronounced(written, phonemes)
    return mark


def _is_border(names: Sequence[str], begin: int, end: int) -> bool:
    """Whether words may begin and end here: not within a run of one sign, as C+ ends in C++."""
    first, last = names[begin], names[end - 1]
    within = (begin > 0 and names[begin - 1] == first and not first[:1].isalnum()) or (
        names[end] == last and not last[:1].isalnum()
    )
    return not within


def _prefixes(tag: str) -> Iterator[str]:
    """The tag of a language in small letters, and those that it is a case of: en-gb, en."""
    parts = tag.lower().split("-")
    for count in range(len(parts), 0, -1):
        yield "-".join(parts[:count])
