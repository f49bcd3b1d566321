"""What part of speech a word is, from the few words around it.

The tagger knows most words; of those that are a noun and a verb it often knows the commoner alone,
as if "object" were never a verb. The places that settle it are few: what stands before a noun,
what before a verb. Where none of them is there, nothing is said, and the tagger's word holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec


def listed(*words: str) -> frozenset[str]:
    """Words out of lines of words."""
    return frozenset(" ".join(words).split())


MODALS: Final = (
    "will would can could shall should may might must cannot ca wo 'll 'd does do did need dare"
)
BE: Final = "is are was were be been being am 's 're 'm isn't aren't wasn't weren't"
SEEM: Final = (
    "seem seems seemed feel feels felt look looks looked become becomes became remain remains "
    "remained stay stayed grow grew grown sound sounded prove proved"
)
HAVE: Final = "have has had having 've"
DETERMINERS: Final = (
    "a an the my your his her its our their this these those every each any some no another "
    "whose either neither"
)
OBJECTS: Final = "me you him her it us them himself herself itself themselves yourself myself"
PLURAL_SUBJECTS: Final = "i you we they who people"
SINGULAR_SUBJECTS: Final = "he she it who which that everyone nobody everybody somebody someone"
LINKS: Final = (
    "because when where whenever although though if unless while since as after before until and "
    "or but that than so like whether"
)
"""Tagged as prepositions, and a clause may follow them."""

START: Final = "^"
"""Stands for what is before the first word of a sentence."""

_ENDS = listed('. ! ? : ; … “ " ( — –')
_BASE_VERB = frozenset({"TO", "MD"})
_PHRASE_STARTS = frozenset({"DT", "PRP", "PRP$", "CD", "PDT"})
_ADVERBS = listed("not n't never always often also only just even still ever already soon further")
_OTHER_VERBS = frozenset({"VBZ", "VBD", "VBG"})
_MODALS = listed(MODALS)
_NEGATED = listed(MODALS) - {"need", "dare"}
_BE = listed(BE, SEEM)
_DETERMINERS = listed(DETERMINERS)
_PLURAL_SUBJECTS = listed(PLURAL_SUBJECTS)
_SINGULAR_SUBJECTS = listed(SINGULAR_SUBJECTS)
_LINKS = listed(LINKS)
_NO_OBJECT = listed(BE, SEEM, HAVE, "helps helped dares dared get gets got getting")
_CAUSATIVES = listed("let lets make makes made help helps helped watch see saw hear heard 'd")
_OBJECTS = listed(OBJECTS)
_COMMANDED = listed(
    "the a an my your his her its our their this these all every each both", OBJECTS
)
_VERBS_AFTER = frozenset({"VBZ", "VBD", "MD"})


class Place(msgspec.Struct, frozen=True):
    """A word in its sentence: the words as written and in small letters, their tags (Penn), which
    of them it is, and how many steps before it the first word stands that is no adverb.
    """

    written: Sequence[str]
    words: Sequence[str]
    tags: Sequence[str]
    at: int
    steps: int

    @property
    def word(self) -> str:
        """The word itself."""
        return self.words[self.at]

    @property
    def tag(self) -> str:
        """What the tagger took it for."""
        return self.tags[self.at]

    def before(self, steps: int = 1) -> str:
        """The word so many places before, or `START`."""
        at = self.at - steps
        return START if at < 0 or self.words[at] in _ENDS else self.words[at]

    def after(self, steps: int = 1) -> str:
        """The word so many places after, or nothing."""
        at = self.at + steps
        return self.words[at] if at < len(self.words) else ""

    def tag_before(self, steps: int = 1) -> str:
        """The tag of the word so many places before, or `START`."""
        return START if self.before(steps) == START else self.tags[self.at - steps]

    def tag_after(self, steps: int = 1) -> str:
        """The tag of the word so many places after, or nothing."""
        at = self.at + steps
        return self.tags[at] if at < len(self.tags) else ""

    @property
    def capital(self) -> bool:
        """Whether the word is written with a capital."""
        return self.written[self.at][:1].isupper()

    def beside_before(self) -> tuple[str, ...]:
        """The word before and the one before the adverbs there, with their tags."""
        beside = self.before(), self.tag_before()
        steps = self.steps
        return beside if steps == 1 else (*beside, self.before(steps), self.tag_before(steps))

    def around(self, reach: int = 9) -> set[str]:
        """The words near this one but itself, and their tags."""
        before = slice(max(0, self.at - reach), self.at)
        after = slice(self.at + 1, self.at + reach + 1)
        return {*self.words[before], *self.words[after], *self.tags[before], *self.tags[after]}


def place(written: Sequence[str], words: Sequence[str], tags: Sequence[str], at: int) -> Place:
    """The word there, and where it stands: up to two adverbs before it do not count."""
    steps = 1
    while steps < 3 and at >= steps:
        word = words[at - steps]
        if word not in _ADVERBS and not (tags[at - steps] == "RB" and word.endswith("ly")):
            break
        steps += 1
    return Place(written=written, words=words, tags=tags, at=at, steps=steps)


def part_of_speech(place: Place) -> str:
    """The tag that the neighbours demand: VB or VBZ, NN or NNS, JJ; empty if they do not say."""
    plural = place.word.endswith("s") and not place.word.endswith("ss")
    steps = place.steps
    if _is_verb(place, steps, plural=plural):
        return "VBZ" if plural else "VB"
    if _is_noun(place, steps):
        return "NNS" if plural else "NN"
    if not plural and place.before(steps) in _BE:
        return "JJ"
    return ""


def _is_verb(place: Place, steps: int, *, plural: bool) -> bool:
    before, tag = place.before(steps), place.tag_before(steps)
    if plural:
        return _is_third_person(place, before, tag)
    if tag in _BASE_VERB or before == "please" or _after_helper(place, steps):
        return True
    if before in _PLURAL_SUBJECTS and place.before(steps + 1) not in _CAUSATIVES:
        return before != "you" or not place.tag_before(steps + 1).startswith("VB")
    if before == START and steps == 1:
        return place.after() in _COMMANDED
    return tag in {"NNS", "NNPS"} and (
        place.tag_after() in {"DT", "PRP", "PRP$"}
        or place.after() in _LINKS
        or place.after() in {"to", "with"}
    )


def _after_helper(place: Place, steps: int) -> bool:
    """`will record`, `did they record`, `made us record`, `let's record`."""
    before, earlier = place.before(steps), place.before(steps + 1)
    if before in _MODALS:
        return not place.tag_before(steps).startswith(("NN", "JJ"))
    if before == "'s":
        return earlier == "let"
    return before in _OBJECTS and (earlier in _CAUSATIVES or earlier in _NEGATED)


def _is_third_person(place: Place, before: str, tag: str) -> bool:
    if before in _SINGULAR_SUBJECTS:
        return before != "that" or place.tag_after() in _PHRASE_STARTS
    return tag in {"NN", "NNP"} and (
        place.tag_after() in {"DT", "PRP", "PRP$"} or place.after().endswith("ly")
    )


def _is_noun(place: Place, steps: int) -> bool:
    before, tag = place.before(steps), place.tag_before(steps)
    if before in _DETERMINERS or tag in {"PRP$", "POS"}:
        return True
    if tag in {"JJ", "JJS", "CD"} and before not in _BE:
        return True
    if (tag == "IN" and before not in _LINKS) or place.after() == "of":
        return True
    if tag in _OTHER_VERBS and before not in _NO_OBJECT:
        return True
    return place.tag_after() in _VERBS_AFTER and tag in {START, "NN"}
