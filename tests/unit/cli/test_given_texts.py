"""Files that people have their texts in: what a command makes of their bytes."""

from __future__ import annotations

import codecs
import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from supervisor.cli.texts import given_text

TEXT = "Grüße, “dear” Zoë – 5 €.\r\nAu revoir…"
NOTICE = "book.txt is not UTF-8; read as Windows-1252\n"


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that a command is given by its name alone."""
    monkeypatch.chdir(tmp_path)
    return Path("book.txt")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (TEXT.encode(), ""),
        (codecs.BOM_UTF8 + TEXT.encode(), ""),
        (TEXT.encode("utf-16"), ""),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), ""),
        (TEXT.encode("utf-32"), ""),
        (codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"), ""),
        (TEXT.encode("cp1252"), NOTICE),
        (TEXT.encode("utf-16-le"), NOTICE.replace("Windows-1252", "UTF-16")),
    ],
)
def test_a_file_is_read_whatever_it_is_written_in(
    book: Path, capsys: pytest.CaptureFixture[str], content: bytes, told: str
) -> None:
    """A byte order mark tells, UTF-8 shows, and of the rest it is said how it was read."""
    book.write_bytes(content)
    assert given_text(None, book) == TEXT
    assert capsys.readouterr() == ("", told)


def test_standard_input_is_read_as_a_file_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has another name."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(TEXT.encode("cp1252"))))
    assert given_text("-", None) == TEXT
    assert capsys.readouterr().err == NOTICE.replace("book.txt", "standard input")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"ab\x81c\xfc", "not UTF-8: byte 0x81 at offset 2; convert it first"),
        ("“Well,” he said – “yes.”".encode() + b"\xe2\x80", "not UTF-8: byte 0xe2 at offset 34"),
        (b"a\0b", "NUL byte at offset 1"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "NUL byte at offset 8"),
        (b"\xff\xfea", "begins like UTF-16-LE and is damaged at offset 2"),
        (b"\xff\xfe\x00\xd8a\0", "begins like UTF-16-LE and is damaged at offset 2"),
        (b"\xef\xbb\xbfa\xff", "begins like UTF-8 and is damaged at offset 4"),
    ],
)
def test_what_is_no_text_is_one_line(
    book: Path, capsys: pytest.CaptureFixture[str], content: bytes, words: str
) -> None:
    """Bytes that no encoding here has, UTF-8 that is damaged, and files that hold no text at all:
    nothing of them is read as rubbish.
    """
    book.write_bytes(content)
    with pytest.raises(typer.Exit) as ended:
        given_text(None, book)
    (line,) = capsys.readouterr().err.splitlines()
    assert ended.value.exit_code == 2
    assert line.startswith("supervisor: book.txt ")
    assert words in line
