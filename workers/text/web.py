"""Addresses: links, e-mail, names of hosts, files and folders, handles and tags."""

from __future__ import annotations

import re

from workers.text import numbers
from workers.text.rules import Manner, Rule, alternatives

_DOMAINS = (
    "com org net edu gov mil int io dev ai app co uk de fr eu us info me tv ca au jp ch at "
    "nl se no es it biz ly gg xyz tech cloud online site blog shop store page news wiki in "
    "nz ie be dk fi pl cz ru cn br mx za"
).split()
_FILES = (
    "md txt py js ts jsx tsx html htm css scss pdf csv tsv xml yaml yml toml json sh bash "
    "zip gz tar rar png jpg jpeg gif svg bmp mp3 mp4 wav ogg flac avi mov mkv docx doc xlsx "
    "xls pptx ppt exe dll iso img ini conf cfg log sql db go rs c cpp h java rb php swift "
    "kt ipynb bat bin dat bak lock env net onnx epub psd apk deb rpm dmg service"
).split()
_WORDS = frozenset(
    "com org net gov info dev app biz online site blog shop store page news wiki tech cloud "
    "json zip tar doc log conf bash "
    "swift lock bin bat java service env go iso".split()
)
_SAID = {
    "www": "W W W", "edu": "E D U", "txt": "text", "jpeg": "jay peg", "jpg": "J peg", "gif": "gif",
    "docx": "dock X", "xlsx": "X L S X", "yaml": "yammel", "toml": "tommel", "exe": "E X E",
    "readme": "read me", "etc": "E T C", "mp3": "M P three", "mp4": "M P four", "wav": "wave",
    "usr": "user", "github": "git hub", "gmail": "G mail", "youtube": "you tube", "tmp": "temp",
    "src": "source", "png": "P N G", "ini": "I N I", "onnx": "onyx", "epub": "E pub",
    "wifi": "wi fi", "localhost": "local host",
}  # fmt: skip
_SMALL_WORDS = frozenset(
    "in it at be no me us is so to go do of by on or as an my we he up if cat pages news".split()
)
"""Words, unless they are the ending of a name: `sign_in`, but `bit.ly.in`."""

_MARKS = {
    ".": "dot", "/": "slash", "@": "at", "-": "dash", "_": "underscore", ":": "colon",
    "?": "question mark", "=": "equals", "&": "and", "#": "hash", "~": "tilde", "%": "percent",
    "+": "plus", "\\": "backslash", ",": "comma", ";": "semicolon", "!": "exclamation mark",
    "*": "star", "$": "dollar", "(": "", ")": "", "'": "",
}  # fmt: skip
_PART = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_VOWEL = re.compile(r"[aeiouyAEIOUY]")


def spell(written: str, manner: Manner) -> str:
    """An address in words: its marks by their names, its parts as words or letters."""
    said = []
    last = ""
    for part in _PART.findall(written):
        ending, last = last == ".", part
        if part.isdecimal():
            said.append(numbers.code(part))
        elif part in _MARKS:
            said.append(_MARKS[part])
        elif part[0].isalpha():
            said += [_named(piece, manner, ending=ending) for piece in _CAMEL.split(part)]
    return " ".join(filter(None, said))


def _named(part: str, manner: Manner, *, ending: bool = True) -> str:
    small = part.lower()
    if not ending and small in _SMALL_WORDS:
        return small
    if small in _SAID:
        return _SAID[small]
    if small in _WORDS:
        return small
    return " ".join(part.upper()) if _is_spelled(small, manner) else small


def _is_spelled(small: str, manner: Manner) -> bool:
    """Whether a part of an address is said letter by letter."""
    if len(small) <= 3 and (small in _DOMAINS or small in _FILES):
        return True
    if not _VOWEL.search(small):
        return len(small) > 4 or not manner.known(small)
    return len(small) < 3 and not manner.known(small)


def _link(found: re.Match[str], manner: Manner) -> str:
    return spell(found.group("address").rstrip("/"), manner)


def _address(found: re.Match[str], manner: Manner) -> str | None:
    return spell(found.group().rstrip("/"), manner)


def _host(found: re.Match[str], manner: Manner) -> str | None:
    labels = found.group("host").split(".")
    if (
        len(labels) == 2
        and not found.group("path")
        and labels[0][0].isupper()
        and labels[1] in {"no", "in", "it", "at", "me", "us", "be", "so"}
    ):
        return None
    return spell(found.group().rstrip("/"), manner)


def _file(found: re.Match[str], manner: Manner) -> str | None:
    name, ending = found.group("name"), found.group("ending")
    if len(ending) == 1 and all(len(part) == 1 for part in name.split(".")):
        return None
    if (
        ending.lower()
        in {"c", "h", "go", "no", "net", "log", "lock", "service", "env", "bat", "bin"}
        and name.isalpha()
        and name[0].isupper()
        and ending.istitle()
    ):
        return None
    return spell(found.group(), manner)


def _path(found: re.Match[str], manner: Manner) -> str | None:
    return spell(found.group().rstrip("/\\"), manner)


def _handle(found: re.Match[str], manner: Manner) -> str:
    return f"at {_tagged(found.group(1), manner)}"


def _tag(found: re.Match[str], manner: Manner) -> str:
    if _ORDER.fullmatch(found.group(1)):
        return f"number {_tagged(found.group(1), manner)}"
    return f"hashtag {_tagged(found.group(1), manner)}"


def _tagged(name: str, manner: Manner) -> str:
    said = []
    for part in re.findall(r"[^\W\d_]+|\d+|_", name):
        if part == "_":
            said.append("underscore")
        elif part.isdecimal():
            year = len(part) == 4 and 1900 <= int(part) <= 2099
            said.append(numbers.year(int(part), manner.british) if year else numbers.code(part))
        else:
            said += _CAMEL.split(part)
    return " ".join(said)


_ORDER = re.compile(r"[A-Z]{1,4}\d+[A-Z0-9]*")
"""The number of an order, `#A1234`; no tag looks so."""


def _dot_name(found: re.Match[str], manner: Manner) -> str:
    return f"dot {_named(found.group(1), manner)}"


_FREE = r"(?<![\w@/.\\])"
_URL_END = r"[^\s<>\"'“”‘’()\[\]{}|.,;:!?…]"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})"
_HOST = rf"(?:{_LABEL}\.){{1,6}}(?:{alternatives(_DOMAINS)})(?![\w@]|\.\w|-\w)"
_TAIL = rf"(?::\d{{1,5}})?(?:[/?#](?:[^\s<>\"“”(){{}}|]{{0,2000}}{_URL_END})?/?)?"

WORDS = [
    Rule(
        "link",
        ":",
        re.compile(
            rf"(?i:https?|ftp|wss?|ssh|file)://(?P<address>[^\s<>\"“”()]{{0,2000}}{_URL_END}/?)"
        ),
        _link,
    ),
    Rule(
        "e-mail",
        "@.-_+0123456789",
        re.compile(
            rf"{_FREE}(?:mailto:)?[\w.+-]{{1,64}}@(?:{_LABEL}\.){{1,6}}[A-Za-z]{{2,12}}(?![\w@])(?:(?<=\.com|\.org|\.net):[\w./~-]{{1,200}}(?<![.,]))?"
        ),
        _address,
    ),
    Rule(
        "host on the web",
        ".",
        re.compile(rf"{_FREE}www\.[^\s<>\"“”()]{{0,2000}}{_URL_END}/?"),
        _address,
    ),
    Rule("host", ".-0123456789", re.compile(rf"{_FREE}(?P<host>{_HOST})(?P<path>{_TAIL})"), _host),
    Rule(
        "drive",
        ":",
        re.compile(rf"[A-Za-z]:[\\/][^\s<>\"“”|]{{0,400}}{_URL_END}|[A-Za-z]:[\\/]"),
        _path,
    ),
    Rule(
        "file",
        ".-_0123456789",
        re.compile(
            rf"{_FREE}(?P<name>[A-Za-z0-9][\w-]{{0,80}}(?:\.[A-Za-z0-9_-]{{1,40}}){{0,4}})\."
            rf"(?P<ending>(?i:{alternatives(_FILES)}))(?![\w@/]|\.\w)"
        ),
        _file,
    ),
    Rule(
        "this computer",
        ":",
        re.compile(r"localhost:\d{1,5}(?:/[\w./-]{0,200}[\w/])?(?!\w)"),
        _path,
    ),
    Rule("folders", "\\", re.compile(r"\w{1,60}(?:\\[\w.-]{1,60}){1,20}(?<![.,])"), _path),
    Rule(
        "parts of a program",
        ".",
        re.compile(
            rf"{_FREE}[a-z_][a-z0-9_]{{1,40}}(?:\.[A-Za-z_][A-Za-z0-9_]{{1,40}}){{0,4}}"
            r"\.[a-z_][A-Za-z0-9_]{1,40}(?:\(\))?(?![\w@/.]\w)(?!\w)"
        ),
        _path,
    ),
    Rule(
        "name with underscores",
        "_",
        re.compile(r"[A-Za-z0-9]{1,80}(?:_[A-Za-z0-9]{1,80}){1,20}(?!\w)"),
        _path,
    ),
    Rule(
        "folders", "/", re.compile(r"[A-Za-z][\w.-]{0,60}(?:/[\w.-]{1,60}){2,40}/?(?![\w/])"), _path
    ),
]
DIGITS = [
    Rule(
        "file",
        ".-_",
        re.compile(
            rf"{_FREE}(?P<name>\d[\w-]{{0,80}})\.(?P<ending>"
            rf"(?i:{alternatives(e for e in _FILES if len(e) > 1)}))(?![\w@/]|\.\w)"
        ),
        _file,
    ),
]
SYMBOLS = [
    Rule(
        "path",
        "/",
        re.compile(
            r"(?<![\w<>.)/])/(?:[A-Za-z][\w.@-]{1,80}|[\w.@-]{1,80}(?:/[\w.@-]{1,80}){1,40})"
            r"(?:/[\w.@*-]{1,80}){0,40}/?(?<![.,;:!?])(?![\w>])"
        ),
        _path,
    ),
    Rule("path from home", "~", re.compile(r"~(?:/[\w.@-]{1,80}){1,40}/?(?<![.,;:!?])"), _path),
    Rule(
        "path from here", ".", re.compile(r"(?<![\w.])\.{1,2}/[\w./@-]{1,200}(?<![.,;:!?])"), _path
    ),
    Rule("handle", "@", re.compile(r"(?<![\w@])@([A-Za-z_]\w{0,60})"), _handle),
    Rule(
        "tag", "#", re.compile(r"(?<![\w#&])#((?:\d{1,4}(?=[A-Za-z]{3}))?[A-Za-z_]\w{0,80})"), _tag
    ),
    Rule("name with a dot", ".", re.compile(r"(?<![\w.])\.([A-Za-z]{2,20})(?!\w|\.\w)"), _dot_name),
]
