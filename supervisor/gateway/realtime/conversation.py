"""Items of a conversation: what is in it, and what of it was not read aloud yet."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any, Final

from supervisor.gateway.errors import ApiError
from supervisor.gateway.realtime.messages import Item, Part

MOST_ITEMS: Final = 256
MOST_CHARS: Final = 1_000_000
"""Beyond these the oldest items that were read are forgotten."""


class Conversation:
    """The texts of its items in order, by their ids: nothing else of an item is kept."""

    def __init__(self) -> None:
        self.id = f"conv_{secrets.token_hex(8)}"
        self._texts: dict[str, str] = {}
        self._unread: set[str] = set()

    def add(self, id: str, text: str, *, after: str | None = None, unread: bool = True) -> None:
        """Add an item after that one or the last (`root`: before the first).

        Raises ApiError where there is no room, no such item, or another one of that id.
        """
        if id in self._texts:
            raise ApiError(400, f"there is an item {id!r} already", code="conflict", param="item")
        if after not in {None, "root", *self._texts}:
            raise no_item(after, "previous_item_id")
        self._make_room(len(text), after)
        order = list(self._texts)
        at = len(order) if after is None else 0 if after == "root" else order.index(after) + 1
        order.insert(at, id)
        texts = {**self._texts, id: text}
        self._texts = {each: texts[each] for each in order}
        if unread and text:
            self._unread.add(id)

    def before(self, id: str) -> str | None:
        """The item before that one."""
        order = [None, *self._texts]
        return order[order.index(id) - 1]

    def remove(self, id: str) -> None:
        """Forget an item. Raises ApiError."""
        self.text_of(id)
        del self._texts[id]
        self._unread.discard(id)

    def text_of(self, id: str) -> str:
        """Text of an item. Raises ApiError."""
        if id not in self._texts:
            raise no_item(id, "item_id")
        return self._texts[id]

    def unread(self) -> str:
        """The text that was added since it was last read."""
        return _joined([text for id, text in self._texts.items() if id in self._unread])

    def mark_read(self) -> None:
        """All of it is being read now."""
        self._unread.clear()

    def resolved(self, items: Iterable[Item]) -> str:
        """The text of these items, some of which may be references. Raises ApiError."""
        texts = [
            self.text_of(item.id) if item.type == "item_reference" and item.id else item.text
            for item in items
        ]
        if sum(map(len, texts)) > MOST_CHARS:  # A short reference may mean a long text.
            reason = f"the items have more than {MOST_CHARS:,} characters together"
            raise ApiError(413, reason, code="text_too_long", param="response.input")
        return _joined(texts)

    def _make_room(self, chars: int, kept: str | None) -> None:
        chars += sum(map(len, self._texts.values()))
        for id in [id for id in self._texts if id not in self._unread and id != kept]:
            if len(self._texts) < MOST_ITEMS and chars <= MOST_CHARS:
                return
            chars -= len(self._texts.pop(id))
        if len(self._texts) >= MOST_ITEMS or chars > MOST_CHARS:
            reason = "too much waits to be read: send response.create, or delete items"
            raise ApiError(400, reason, code="conversation_full")


def new_item_id() -> str:
    """A name for an item."""
    return f"item_{secrets.token_hex(8)}"


def no_item(id: str | None, param: str) -> ApiError:
    """The error for an item that is not there."""
    return ApiError(404, f"no item {id!r} in the conversation", code="item_not_found", param=param)


def spoken_item(id: str, text: str) -> Item:
    """What was spoken, as an item."""
    return Item(id=id, role="assistant", content=[Part("output_audio", transcript=text)])


def described(id: str, item: Item) -> dict[str, Any]:
    """An item as clients are told of it."""
    parts = [
        {key: value for key, value in _fields(part) if value is not None}
        for part in item.content or ()
    ]
    whole = {"id": id, "object": "realtime.item", "type": item.type, "status": "completed"}
    return whole if item.role is None else {**whole, "role": item.role, "content": parts}


def _fields(part: Part) -> tuple[tuple[str, str | None], ...]:
    return ("type", part.type), ("text", part.text), ("transcript", part.transcript)


def _joined(texts: Iterable[str]) -> str:
    """Texts as paragraphs of one."""
    return "\n\n".join(text for text in texts if text)
