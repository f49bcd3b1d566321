"""What fuzzing begins with: each request at least once, and each field with a value of its own."""

from __future__ import annotations

from supervisor.wire import client as wire

REQUEST_SEEDS: tuple[wire.Message, ...] = (
    wire.Hello("a"),
    wire.Submit("a", engine="noop", speed=1.5, volume=0.5, seed=7, credit=9, progress=True),
    wire.Submit("a", on_behalf="addr:192.0.2.7", traceparent="00-1-2-01", tracestate="a=b"),
    wire.Submit("a", voice="tone", priority=9, deadline_ms=1000, key="k", durable=True),
    wire.Submit("a", markup="ssml", unreadable="spell", tempo=2.0, pronunciations={"a": "/ɑː/"}),
    wire.Submit("a", language="en-GB", words=True),
    wire.Submit("a", open=True),
    wire.Submit("a", engine="noop", request_class="batch"),
    wire.Submit("a", request_class="urgent"),
    wire.Submit("a", part=(1, 3), label="l"),
    wire.Submit("a", first_segment=2),
    wire.Append("job", id="a", flush=True, offset=3),
    wire.Finish("job", id="a", offset=9),
    wire.Credit("j", 5),
    wire.Cancel("j"),
    wire.Cancel("j", forget=True),
    wire.Attach("a", "j", 3, 9),
    wire.Status("s"),
    wire.Status("s", events=True),
    wire.Jobs("a"),
    wire.Jobs("a", "j", 10),
    wire.ClearCache("a"),
    wire.Outlook("a"),
    wire.Watch("a", ("jobs", "x")),
    wire.Ping(),
    wire.Bye(),
)
