"""Settings of reading: markup, what nobody can read, emoji, and pronunciations."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from supervisor.config.sections.declared import CONFLICT, RULE, Declared, Section
from supervisor.lexicon import (
    MAX_SETTINGS,
    Contradiction,
    Entry,
    WrongEntry,
    check_together,
    checked_word,
    parse,
    said_for,
)
from supervisor.speech import Markup, Unreadable

Emoji = Literal["names", "nothing"]


def _is_word(word: str) -> str:
    try:
        checked_word(word)
    except WrongEntry as error:
        raise _rule(error.problem) from None
    return word


def _is_said(said: object) -> object:
    try:
        said_for("", said)
    except WrongEntry as error:
        raise _rule(error.problem) from None
    return said


def _rule(problem: str) -> PydanticCustomError:
    return PydanticCustomError(RULE, "{problem}", {"problem": problem})


def _conflict(first: str, second: str, problem: str) -> PydanticCustomError:
    return PydanticCustomError(
        CONFLICT, "{problem}", {"low": first, "high": second, "problem": problem}
    )


class Reading(Section):
    """The section `reading`: how a text is read where its request does not say."""

    markup: Annotated[
        Markup,
        Field(description="What a text is written in; `auto` finds out, and takes most for plain."),
        Declared("live"),
    ] = "auto"
    unreadable: Annotated[
        Unreadable,
        Field(
            description="What becomes of characters that the voice cannot read, such as letters of "
            "another script: left out, spelt by their names, or the request is refused."
        ),
        Declared("live"),
    ] = "skip"
    emoji: Annotated[
        Emoji,
        Field(
            description="What is said for an emoji: its name, or nothing. A text of emoji alone is "
            "read by their names."
        ),
        Declared("live"),
    ] = "nothing"
    pronunciations: Annotated[
        dict[
            Annotated[str, AfterValidator(_is_word)],
            Annotated[str | dict[str, str | bool | None] | None, BeforeValidator(_is_said)],
        ],
        Field(
            description="How words and phrases are said: another spelling, phonemes in IPA between "
            'slashes, or an object with `say`, `case` and `language`, such as `{"Nguyen": "win"}`; '
            "null: as they are written. See [Pronunciations](#pronunciations)."
        ),
        Declared("live"),
    ] = {}

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The pronunciations, one by one; always the same object."""
        return parse(self.pronunciations, at_most=MAX_SETTINGS)

    @field_validator("pronunciations")
    @classmethod
    def _entries_agree(cls, pronunciations: dict[str, Any]) -> dict[str, Any]:
        """Each is right by itself; another source may settle what they are together."""
        words = [*pronunciations]
        if len(words) > MAX_SETTINGS:
            problem = f"{len(words)} entries are more than {MAX_SETTINGS}"
            raise _conflict(words[0], words[-1], problem)
        try:
            check_together(
                {word: said_for(checked_word(word), said) for word, said in pronunciations.items()}
            )
        except Contradiction as error:
            raise _conflict(error.first, error.second, str(error)) from None
        return pronunciations
