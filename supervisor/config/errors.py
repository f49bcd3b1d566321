"""The one error of this package: a line that an operator can act on."""

from __future__ import annotations


class ConfigError(Exception):
    """Settings that cannot be used; the message is one printable line.

    It names the source (file, variable or command-line key), the key's path and,
    for an unknown key, the nearest valid one.
    """

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


def one_line(text: str) -> str:
    """The text with everything unprintable (line breaks, lone surrogates) escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
