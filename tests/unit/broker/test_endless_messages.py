"""Who is hung up on when memory grows: one of whom much is taken in and nothing comes out.

A connection is accepted by the test instead of libzmq, which reads of it what the story says.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.broker.sockets.flood import EVIDENCE_S, FAST_BYTES, TAKEN_IN, FloodGuard

GROWN = 8 << 20


class Story:
    """One client whose connection is watched; how much memory grows is told."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.loop = asyncio.new_event_loop()
        self.watched = FloodGuard(self.loop, tcp=False)
        self.watched.message_bytes = 1 << 20
        self.memory = 100 << 20
        self.pieces = itertools.cycle((10_000, 50_000))
        """What libzmq reads at once; never the same, for it and the client run side by side."""
        monkeypatch.setattr(self.watched, "_resident_bytes", lambda: self.memory)
        self.watched._memory = self.memory
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(directory / "socket"))
        self.listener.listen()
        self.client = socket.socket(socket.AF_UNIX)
        self.client.connect(str(directory / "socket"))
        self.client.settimeout(0)
        self.accepted, _ = self.listener.accept()
        self.watched.opened(self.accepted.fileno())

    def fill(self) -> None:
        """The client sends as much as there is room for."""
        try:
            while True:
                self.client.send(bytes(4096))
        except (BlockingIOError, BrokenPipeError):
            pass

    def grow(self, by: int) -> None:
        """Memory is found to have grown."""
        self.memory += by
        self.watched.watch()

    def look(self, times: int, *, take_in: bool, deliver: bool = False) -> None:
        """So many looks, before each of which libzmq has read something or nothing."""
        for _ in range(times):
            if take_in:
                self.accepted.recv(next(self.pieces))
            if deliver:
                self.watched.delivered(self.accepted.fileno())
            if self.watched.looking:
                self.watched._look()
            self.fill()

    def a_second_passes(self) -> None:
        """Since the first look."""
        self.watched._looking_since -= EVIDENCE_S

    @property
    def hung_up(self) -> bool:
        """Whether the client's connection was ended."""
        try:
            self.client.send(b"x")
        except BrokenPipeError:
            return True
        except BlockingIOError:
            pass
        return False

    def close(self) -> None:
        """Leave nothing open."""
        self.watched.close()
        for one in (self.client, self.accepted, self.listener):
            one.close()
        self.loop.close()


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    """A client that has sent as much as fits."""
    story = Story(tmp_path, monkeypatch)
    story.fill()
    yield story
    story.close()


def test_a_client_that_libzmq_has_no_time_for_is_kept(story: Story) -> None:
    """Its input waits through every look of more than a second, while memory grows by others."""
    story.grow(GROWN)
    story.a_second_passes()
    story.memory += 200 << 20
    story.look(400, take_in=False)
    assert not story.hung_up
    assert not story.watched.looking


def test_a_client_whose_message_takes_long_to_come_in_is_kept(story: Story) -> None:
    """Pieces of a message are taken in now and then: not as often as of one without an end."""
    story.grow(GROWN)
    story.a_second_passes()
    for _ in range(TAKEN_IN - 1):
        story.look(1, take_in=True)
        story.look(10, take_in=False)
    assert not story.hung_up


def test_a_client_that_delivers_at_last_is_kept(story: Story) -> None:
    """Also where the watch comes between the message and the next look."""
    story.grow(GROWN)
    story.look(TAKEN_IN * 3, take_in=True)
    story.watched.delivered(story.accepted.fileno())
    story.watched.watch()
    story.a_second_passes()
    story.look(2, take_in=True)
    assert not story.hung_up


def test_a_burst_of_messages_is_kept(story: Story) -> None:
    """Much is taken in and delivered, and memory grows with it."""
    story.grow(200 << 20)
    story.look(400, take_in=True, deliver=True)
    assert not story.hung_up


def test_a_message_without_an_end_is_hung_up_on_after_a_second(story: Story) -> None:
    """Its pieces are taken in all the time, and nothing comes of them."""
    story.grow(GROWN)
    story.look(TAKEN_IN * 3, take_in=True)
    assert not story.hung_up
    story.a_second_passes()
    story.look(2, take_in=True)
    assert story.hung_up


def test_one_that_fills_memory_fast_is_hung_up_on_sooner(story: Story) -> None:
    """As soon as enough was taken in, where waiting a second would cost too much."""
    story.grow(GROWN)
    story.memory += FAST_BYTES + 1
    story.look(TAKEN_IN - 1, take_in=True)
    assert not story.hung_up
    story.look(TAKEN_IN * 2, take_in=True)
    assert story.hung_up
