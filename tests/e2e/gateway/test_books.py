"""Documents become audiobooks over HTTP, and nothing stops that for good."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import psutil
import pytest

from supervisor.gateway.keys import hash_key
from tests.e2e.gateway.serving import Answer, Listening, Serving
from tests.epubs import PNG, chapters_epub, epub, page
from tests.supervised import Supervised, eventually, free_port

KEY, OTHER = "sk-of-a-reader", "sk-of-another"
NOOP = {"engines.default": "noop", "engines.preload": ["noop"]}
"""1 ms of audio for each character."""


LOCKED = (
    "<encryption><EncryptedData><EncryptionMethod Algorithm='http://www.w3.org/2001/04/xmlenc#"
    "aes256-cbc'/></EncryptedData></encryption>"
)


class Shop(Listening):
    """A gateway that is asked with a key."""

    def __init__(self, supervised: Supervised, port: int) -> None:
        super().__init__("127.0.0.1", port)
        self.supervised = supervised

    def tell(self, path: str, body: object = None, *, key: str = KEY, **more: Any) -> Answer:
        headers = {"Authorization": f"Bearer {key}", **more.pop("headers", {})}
        return self.ask(path, body, headers=headers, **more)

    def send(self, data: bytes, query: str = "", *, key: str = KEY) -> Answer:
        return self.tell(f"/v1/books{query}", data, key=key)

    def book(self, id: str, *, key: str = KEY) -> dict[str, Any]:
        document: dict[str, Any] = self.tell(f"/v1/books/{id}", key=key).document
        return document

    def until(self, id: str, state: str) -> dict[str, Any]:
        """The book, once it is in this state."""

        def there() -> dict[str, Any]:
            book = self.book(id)
            return book if book.get("state") == state else {}

        return eventually(there, f"the book is {state}", 60)


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """A supervisor with two keys, whose port stays the same."""
    port = free_port()
    settings = {
        **NOOP,
        "http.enabled": True,
        "http.port": port,
        "http.api_keys": [hash_key(KEY), hash_key(OTHER)],
        "http.max_book_file_mb": 1,
    }
    with Supervised(settings) as supervised:
        yield Shop(supervised, port)
        assert "Traceback" not in supervised.output, supervised.output


def test_a_document_becomes_a_book(shop: Shop, tmp_path: Path) -> None:
    """Chapters, cover and the audiobook can be had; the same file is the same book; and a book
    that is removed is gone.
    """
    data = chapters_epub(3, 20)
    made = shop.send(data, "?name=a.epub")
    assert made.status == 201
    book = made.document
    assert (book["title"], book["author"], book["name"]) == ("A Book", "A. Writer", "a.epub")
    assert (book["model"], book["speed"], book["cover"]) == ("noop", 1.0, True)
    assert [chapter["title"] for chapter in book["chapters"]] == [f"Chapter {n}" for n in (1, 2, 3)]
    done = shop.until(book["id"], "done")
    assert (done["progress"], done["remaining_s"], done["error"]) == (1.0, 0.0, None)
    again = shop.send(data, "?name=b.epub")
    assert (again.status, again.document) == (200, done)
    assert shop.send(data, "?speed=2").document["id"] != book["id"]
    path = f"/v1/books/{book['id']}"
    cover = shop.tell(f"{path}/cover")
    assert (cover.body, cover.headers["Content-Type"]) == (PNG, "image/png")
    whole = shop.tell(f"{path}/chapters/2")
    assert whole.headers["Content-Type"] == "audio/mpeg"
    part = shop.tell(f"{path}/chapters/2", headers={"Range": "bytes=100-199"})
    assert (part.status, part.body) == (206, whole.body[100:200])
    assert part.headers["ETag"] == whole.headers["ETag"]
    assert shop.tell(f"{path}/chapters/4").status == 404
    file = tmp_path / "book.m4b"
    file.write_bytes(shop.tell(f"{path}/audiobook.m4b").body)
    with av.open(str(file)) as audiobook:
        marks = [mark["metadata"]["title"] for mark in audiobook.chapters()]
        assert marks == ["Chapter 1", "Chapter 2", "Chapter 3"]
        assert audiobook.metadata["artist"] == "A. Writer"
        assert len(audiobook.streams.video) == 1
        seconds = (audiobook.duration or 0) / 1_000_000
    assert abs(seconds - done["seconds_spoken"]) < 0.5
    assert shop.tell(path, method="DELETE").status == 204
    assert shop.tell(path).status == 404
    assert not (
        Path(shop.supervised.environ["SUPERVISOR_STATE_DIR"]) / "books" / book["id"]
    ).exists()


def test_books_are_their_owner_s(shop: Shop) -> None:
    """Another key sees nothing of a book, and makes its own of the same file."""
    data = chapters_epub(1, 5)
    mine = shop.send(data).document["id"]
    assert shop.tell(f"/v1/books/{mine}", key=OTHER).status == 404
    assert shop.tell(f"/v1/books/{mine}/pause", b"", key=OTHER).status == 404
    theirs = shop.send(data, key=OTHER).document["id"]
    assert theirs != mine
    listed = shop.tell("/v1/books", key=OTHER).document["books"]
    assert [book["id"] for book in listed] == [theirs]


def test_a_form_brings_a_book(shop: Shop) -> None:
    """A field `file` is the document, the others say how it is spoken."""
    form = (
        b'--x\r\nContent-Disposition: form-data; name="speed"\r\n\r\n1.5\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="walk.md"\r\n\r\n'
        b"# A walk\n\nWe went out.\r\n--x--\r\n"
    )
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    made = shop.tell("/v1/books", form, headers=kind)
    assert made.status == 201, made.body
    assert (made.document["title"], made.document["speed"]) == ("A walk", 1.5)
    assert made.document["name"] == "walk.md"
    nothing = shop.tell("/v1/books", b"--x--\r\n", headers=kind)
    assert (nothing.status, nothing.error["code"]) == (400, "bad_body")


@pytest.mark.parametrize(
    ("data", "query", "status", "code"),
    [
        (b"%PDF-1.7", "", 400, "unknown_document"),
        (b"PK\x03\x04 and no more", "", 400, "broken_document"),
        (b"", "?name=a.txt", 400, "empty_document"),
        (chapters_epub(more={"META-INF/encryption.xml": LOCKED}), "", 400, "protected_document"),
        (epub({"1.xhtml": page("<p>* * *</p>")}), "", 400, "empty_document"),
        (b"a " * 600_000, "", 413, "too_large"),
        (b"Hello.", "?voice=nobody", 400, "unknown_voice"),
        (b"Hello.", "?model=none", 404, "unknown_engine"),
        (b"Hello.", "?language=tlh", 400, "unknown_language"),
        (b"Hello.", "?speed=fast", 400, "bad_value"),
        (b"Hello.", "?speed=100", 400, "out_of_range"),
    ],
)
def test_what_is_no_book(shop: Shop, data: bytes, query: str, status: int, code: str) -> None:
    """Each has its word for programs, and one line for people."""
    answer = shop.send(data, query)
    assert (answer.status, answer.error["code"]) == (status, code)
    assert "\n" not in str(answer.error["message"])


def test_a_book_waits_when_it_is_told_to(shop: Shop) -> None:
    """A paused book is spoken no further until it is resumed; what was spoken stays."""
    id = shop.send(chapters_epub(60, 3)).document["id"]

    def begun() -> bool:
        return any(chapter["state"] == "done" for chapter in shop.book(id)["chapters"])

    eventually(begun, "something is spoken")
    paused = shop.tell(f"/v1/books/{id}/pause", b"").document
    assert paused["state"] == "paused"
    spoken = [chapter["state"] for chapter in paused["chapters"]]
    assert "done" in spoken
    assert "queued" in spoken
    missing = spoken.index("queued") + 1
    answer = shop.tell(f"/v1/books/{id}/chapters/{missing}")
    assert (answer.status, answer.error["code"]) == (409, "not_ready")
    assert shop.tell(f"/v1/books/{id}/audiobook.m4b").error["code"] == "not_ready"
    assert [chapter["state"] for chapter in shop.book(id)["chapters"]] == spoken
    assert shop.tell(f"/v1/books/{id}/resume", b"").document["state"] in {"queued", "speaking"}
    shop.until(id, "done")


def test_a_chapter_whose_job_was_cancelled_is_begun_anew(shop: Shop) -> None:
    """As a request is that was under way when its book was paused, or its gateway stopped."""
    with shop.supervised.client() as client:

        def running() -> list[str]:
            jobs = [job for job in client.jobs()["jobs"] if job["state"] == "running"]
            return [job["job"] for job in jobs if job["segments"] > 100]

        id = shop.send(b"Once more. " * 4_000, "?name=long.txt").document["id"]
        (job,) = eventually(running, "it is spoken")
        client.cancel(job)
    assert shop.until(id, "done")["error"] is None


def test_killed_it_goes_on_and_speaks_nothing_twice(shop: Shop) -> None:
    """The gateway is killed in the middle, then the supervisor: the book is spoken to its end, each
    chapter by one job, and what was there was not written again.
    """
    count = 100
    supervised = shop.supervised
    with supervised.client() as client:
        before = {job["job"] for job in client.jobs(limit=1000)["jobs"]}
    id = shop.send(chapters_epub(count, 4)).document["id"]
    folder = Path(supervised.environ["SUPERVISOR_STATE_DIR"]) / "books" / id

    def spoken() -> list[Path]:
        return sorted(folder.glob("*.m4a"))

    eventually(lambda: len(spoken()) > 1, "a chapter is there, and the next one")
    first = spoken()[0]
    inode = first.stat().st_ino
    (gateway,) = (
        child
        for child in psutil.Process(supervised.pid).children()
        if "supervisor.gateway" in child.cmdline()
    )
    gateway.kill()
    assert len(spoken()) < count
    eventually(lambda: len(spoken()) > 10, "it goes on by itself")
    supervised.kill()
    there = spoken()
    assert len(there) < count
    supervised.start()
    assert first.stat().st_ino == inode
    shop.until(id, "done")
    with supervised.client() as client:
        jobs = {job["job"] for job in client.jobs(limit=1000)["jobs"]} - before
    assert len(jobs) == count


def test_books_have_bounds(running_supervisor: Supervised, tmp_path: Path) -> None:
    """On their number, and on the room that they take: what there is waits then, and says so."""
    environ = {**running_supervisor.environ, "SUPERVISOR_STATE_DIR": str(tmp_path)}
    with Serving(environ, {"max_books": 2, "max_books_mb": 1}) as serving:
        large = b"Once more. " * 100_000
        id = serving.ask("/v1/books?model=noop", large).document["id"]

        def told() -> dict[str, Any]:
            error: dict[str, Any] = serving.ask(f"/v1/books/{id}").document["error"] or {}
            return error

        assert "http.max_books_mb" in eventually(told, "the book waits for room")["message"]
        answer = serving.ask("/v1/books?model=noop", b"Hello.")
        assert (answer.status, answer.error["code"]) == (507, "no_room")
        assert serving.ask(f"/v1/books/{id}", method="DELETE").status == 204
        for text in (b"One.", b"Two."):
            assert serving.ask("/v1/books?model=noop", text).status == 201
        answer = serving.ask("/v1/books?model=noop", b"Three.")
        assert (answer.status, answer.error["code"]) == (429, "too_many_books")
    with Serving(environ, {"max_books": 0}) as serving:
        assert serving.ask("/v1/books", b"Hello.").error["code"] == "no_books"


def test_a_full_disk_is_said_and_waited_for(running_supervisor: Supervised, tmp_path: Path) -> None:
    """A book whose files cannot be written says so, and goes on where there is room."""
    environ = {**running_supervisor.environ, "SUPERVISOR_STATE_DIR": str(tmp_path)}
    words = "Once more. " * 400
    with Serving(environ, module="tests.e2e.gateway.full_disk") as cramped:
        id = cramped.ask("/v1/books?model=noop", words.encode()).document["id"]

        def told() -> dict[str, Any]:
            error: dict[str, Any] = cramped.ask(f"/v1/books/{id}").document["error"] or {}
            return error

        assert eventually(told, "the book says what it waits for")["code"] == "disk_full"
    with Serving(environ) as serving:
        eventually(
            lambda: serving.ask(f"/v1/books/{id}").document.get("state") == "done",
            "it is spoken",
            60,
        )
