"""Workers as forks of a template, which is kept running and killed if it hangs."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress

import msgspec

from supervisor.host import children
from supervisor.logs import RepeatedWarning, get_logger
from supervisor.pool.interpreters import PrestartedTemplate, Template, start_template
from supervisor.pool.launcher import OnCatalogue, OnFailed, OnForked, WorkerEnds
from supervisor.wire.worker import (
    MAX_PACKET_BYTES,
    Catalogue,
    Fork,
    Forked,
    Setup,
    decode_from_template,
    encode,
)

TEMPLATE_RESTART_S = 0.5

TEMPLATE_ANSWER_S = 120.0
"""Time for a template that has loaded to answer an order; one that takes longer counts as hung."""

TEMPLATE_LOAD_S = 600.0
"""Time for a template to load, including an engine's model that is made at first use."""

log = get_logger(__name__)


class ForkLauncher:
    """Keeps one template running and asks it for forks; a dead template is started again."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        setup: Setup,
        on_forked: OnForked,
        on_catalogue: OnCatalogue,
        on_failed: OnFailed,
        on_started: Callable[[int], None],
    ) -> None:
        self.pid: int | None = None
        self.groups: set[int] = set()
        self._loop = loop
        self._setup = setup
        self._on_forked = on_forked
        self._on_catalogue = on_catalogue
        self._on_failed = on_failed
        self._on_started = on_started
        self._template: Template | None = None
        self._kill_reason: str | None = None
        self._unanswered: set[int] = set()
        self._waiting: list[tuple[Fork, list[int]]] = []
        self._loaded = self._closed = False
        self._refusals = RepeatedWarning(log, loop.time)
        self._loading = True
        """Whether the current template has not sent its catalogue yet."""

    def start(self, prestarted: PrestartedTemplate | None = None) -> None:
        """Start the template, or take the prestarted one; it sends the catalogue when it has
        loaded. Raises OSError.
        """
        started = prestarted.take() if prestarted is not None else None
        template = self._template = started or start_template()
        self.groups.add(template.pid)
        self.pid, self._loading = template.pid, True
        self._on_started(template.pid)
        self._kill_reason = None
        self._loop.call_later(TEMPLATE_LOAD_S, self._expect_catalogue, template.pid)
        self._loop.add_reader(template.orders.fileno(), self._read)
        self._loop.add_reader(template.pidfd, self._ended)
        with suppress(OSError):  # It has ended already, which its pidfd reports.
            template.orders.send(encode(self._setup))
        waiting, self._waiting = self._waiting, []
        for order, copies in waiting:
            self._send(order, copies)
            _close(copies)

    def greeting(self, _order: Fork, /) -> list[bytes]:
        """Nothing: a fork gets its order from the template."""
        return []

    def launch(self, order: Fork, ends: WorkerEnds) -> None:
        """Ask for a fork, now or as soon as there is a template again."""
        self._unanswered.add(order.epoch)
        fds = [ends.work.fileno(), ends.control.fileno(), ends.lifeline.fileno(), ends.log]
        if self._template is None:
            self._waiting.append((order, [os.dup(fd) for fd in fds]))
        else:
            self._send(order, fds)

    def _send(self, order: Fork, fds: list[int]) -> None:
        try:
            if self._template is None:
                raise ConnectionError("it is being started")
            socket.send_fds(self._template.orders, [encode(order)], fds)
        except OSError as error:
            self._answer(Forked(order.epoch, 0, f"no template to fork from: {error}"))
        else:
            limit = TEMPLATE_LOAD_S if self._loading else TEMPLATE_ANSWER_S
            self._loop.call_later(limit, self._expect, order.epoch, self.pid, limit)

    def _expect(self, epoch: int, template: int | None, limit: float) -> None:
        """Kill the template if the order has no answer yet: it hangs."""
        if epoch in self._unanswered and template == self.pid:
            self._kill(f"no answer for {limit:g} s")

    def _expect_catalogue(self, template: int) -> None:
        """Kill the template if it has not loaded yet; no order may be waiting to show it hangs."""
        if self._loading and template == self.pid:
            self._kill(f"not loaded after {TEMPLATE_LOAD_S:g} s")

    def _kill(self, reason: str) -> None:
        if self._template is not None:
            self._kill_reason = reason
            signal.pidfd_send_signal(self._template.pidfd, signal.SIGKILL)

    def set_up(self, setup: Setup) -> None:
        """Replace the template by one with the new settings: a loaded one cannot change them."""
        self._setup = setup
        self._kill("its settings changed")

    def take_answers(self) -> None:
        """Read every answer that the template has sent."""
        while self._read():
            pass

    def close(self) -> None:
        """Close the template's channel, which makes it end."""
        self._closed = True
        self._disconnect()
        for _order, copies in self._waiting:
            _close(copies)
        self._waiting = []

    def _read(self) -> bool:
        """Take one answer; False if there is none."""
        if self._template is None:
            return False
        orders = self._template.orders
        try:
            packet = orders.recv(MAX_PACKET_BYTES)
            message = decode_from_template(packet) if packet else None
        except OSError:  # No answer now, or no template any more, which its pidfd reports.
            return False
        except msgspec.MsgspecError as error:
            self._kill(f"unreadable answer: {error}")
            return False
        match message:
            case None:
                self._loop.remove_reader(orders.fileno())
                return False
            case Catalogue() as catalogue:
                self._loaded, self._loading = True, False
                self._on_catalogue(catalogue)
            case Forked() as answer:
                self._answer(answer)
        return True

    def _answer(self, answer: Forked) -> None:
        if answer.epoch in self._unanswered:
            self._unanswered.discard(answer.epoch)
            self._on_forked(answer.epoch, answer.pid, answer.error)

    def _ended(self) -> None:
        """The template ended: take its last answers, fail its open orders, start another."""
        if self._template is None:
            return
        self.take_answers()
        ended = str(children.reap(self._template.pidfd))
        reason = f"{ended}: {self._kill_reason}" if self._kill_reason else ended
        self._disconnect()
        waiting = {order.epoch for order, _copies in self._waiting}
        for epoch in sorted(self._unanswered - waiting):
            self._answer(Forked(epoch, 0, f"the template ended ({reason})"))
        if not self._loaded:
            self._on_failed(f"the template ended while it loaded the engines ({reason})")
        elif not self._closed:
            log.warning("the template ended (%s); it is started again", reason)
            self._loop.call_later(TEMPLATE_RESTART_S, self._restart)

    def _restart(self) -> None:
        if self._closed:
            return
        try:
            self.start()
            self._refusals.resolved("the template can be started again")
        except OSError as error:
            reason = error.strerror or str(error)
            self._refusals.warn(reason, f"cannot start the template ({reason}); trying again")
            self._loop.call_later(TEMPLATE_RESTART_S, self._restart)

    def _disconnect(self) -> None:
        if self._template is None:
            return
        self._loop.remove_reader(self._template.orders.fileno())
        self._loop.remove_reader(self._template.pidfd)
        self._template.close()
        self._template = self.pid = None


def _close(fds: list[int]) -> None:
    for fd in fds:
        os.close(fd)
