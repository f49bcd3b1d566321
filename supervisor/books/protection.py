"""Copy protection of an EPUB: told from fonts that are only disguised."""

from __future__ import annotations

from typing import Final

from supervisor.books.archive import Archive
from supervisor.books.book import BookError
from supervisor.books.xml import attribute, named, parsed

_OF_FONTS: Final = frozenset(
    ["http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"]
)
"""Ways to disguise a font, which protect no text."""
_FONTS: Final = (".ttf", ".otf", ".woff", ".woff2")
_MAKERS: Final = (
    ("META-INF/license.lcpl", "Readium LCP"),
    ("META-INF/sinf.xml", "Apple FairPlay"),
    ("META-INF/rights.xml", "Adobe ADEPT"),
)


def refuse_protected(archive: Archive) -> None:
    """Raise BookError for a book whose text is encrypted."""
    encrypted = archive.find("META-INF/encryption.xml")
    if encrypted is None or not _encrypts_text(archive.read(encrypted) or b""):
        return
    maker = next((name for file, name in _MAKERS if archive.find(file)), None)
    by = "" if maker is None else f" by {maker}"
    raise BookError(
        "protected_document",
        f"this EPUB is copy-protected (DRM){by}: only its seller's readers can open it; get an "
        "edition without protection",
    )


def _encrypts_text(data: bytes) -> bool:
    root = parsed(data)
    if root is None:
        return True
    for each in named(root, "encrypteddata"):
        files = [attribute(file, "uri").lower() for file in named(each, "cipherreference")]
        if files and all(file.endswith(_FONTS) for file in files):
            continue
        methods = [attribute(method, "algorithm") for method in named(each, "encryptionmethod")]
        if not methods or methods[0] not in _OF_FONTS:
            return True
    return False
