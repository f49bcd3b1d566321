"""What fuzzing begins with: each request at least once, and SUBMIT with all that it can say."""

from __future__ import annotations

from supervisor.wire import client as wire

REQUEST_SEEDS: tuple[wire.Message, ...] = (
    wire.Hello("a"),
    wire.Submit("a", engine="noop", speed=1.5, seed=7, progress=True),
    wire.Submit("a", on_behalf="addr:192.0.2.7"),
    wire.Submit("a", voice="tone", priority=9, deadline_ms=1000, key="k", durable=True),
    wire.Credit("j", 5),
    wire.Cancel("j"),
    wire.Attach("a", "j", 3),
    wire.Status("s"),
    wire.Status("s", events=True),
    wire.Jobs("a"),
    wire.Jobs("a", "j", 10),
    wire.Ping(),
    wire.Bye(),
)
