"""The error of this package: one line that an operator can act on."""

from __future__ import annotations


class ConfigError(Exception):
    """Settings that cannot be used; the message is one printable line.

    It names the source (file, variable or command-line key), the key's path and,
    for an unknown key, the nearest valid one. `keys` are the paths of the first wrong
    key, or of the two that disagree; empty where no key is wrong.
    """

    def __init__(self, message: str, *keys: tuple[str, ...]) -> None:
        super().__init__(one_line(message))
        self.keys = keys


def one_line(text: str) -> str:
    """The text with everything unprintable (line breaks, lone surrogates) escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
