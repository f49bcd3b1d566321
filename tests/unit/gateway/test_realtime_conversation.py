"""A conversation of the Realtime API: whatever a client sends, it has bounds and goes on."""

from __future__ import annotations

import pytest

from supervisor.gateway.errors import ApiError
from supervisor.gateway.realtime.conversation import MOST_CHARS, MOST_ITEMS, Conversation
from supervisor.gateway.realtime.messages import Item, ignored_in


def full(unread: int) -> Conversation:
    """One in which there is no room, named 0, 1, …; so many were not read yet."""
    conversation = Conversation()
    for number in range(MOST_ITEMS):
        conversation.add(str(number), "a", unread=number >= MOST_ITEMS - unread)
    return conversation


def test_the_item_before_a_new_one_is_not_what_makes_room() -> None:
    """The next oldest is forgotten in its place, and where there is none, the new one refused."""
    conversation = full(unread=1)
    conversation.add("new", "b", after="0")
    assert conversation.before("new") == "0"
    with pytest.raises(ApiError):
        conversation.text_of("1")
    conversation = full(unread=MOST_ITEMS - 1)
    with pytest.raises(ApiError) as refused:
        conversation.add("new", "b", after="0")
    assert refused.value.code == "conversation_full"


def test_many_references_to_a_long_text_are_refused() -> None:
    """A message of 256 KiB has room for thousands of them; what they mean is never put together."""
    conversation = Conversation()
    conversation.add("long", "a" * 200_000)
    reference = Item(type="item_reference", id="long")
    assert len(conversation.resolved([reference] * 2)) == 400_002
    with pytest.raises(ApiError) as refused:
        conversation.resolved([reference] * (MOST_CHARS // 200_000 + 1))
    assert refused.value.code == "text_too_long"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"response": {"instructions": "Whisper.", "tools": []}}', ["instructions"]),
        ('{"response": null, "session": {"prompt": {"id": "p"}}}', []),
        ('{"session": 5}', []),
    ],
)
def test_only_the_field_that_a_message_is_about_is_looked_at(text: str, told: list[str]) -> None:
    """What else it has was not checked, and may be anything."""
    assert ignored_in(text, "response") == told
