"""The gateway's own counters; the pool's metrics are `pool_metrics`."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """Counters of one gateway, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "tts_http_requests",
            "Requests answered, by route, method and status.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "tts_http_request_seconds",
            "Time from a request's head to the end of its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.first_byte = Histogram(
            "tts_http_first_audio_seconds",
            "Time from a request for speech to the first byte of its audio.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.running = Gauge(
            "tts_http_requests_running", "Requests being answered.", registry=self.registry
        )
        self.cut_short = Counter(
            "tts_http_answers_cut_short",
            "Answers that failed after their first byte.",
            registry=self.registry,
        )
        self.left = Counter(
            "tts_http_clients_left",
            "Clients that left before their answer was complete.",
            registry=self.registry,
        )
        self.spilled = Counter(
            "tts_fleet_spilled_requests",
            "Texts that another host of the fleet speaks, since they would have waited here.",
            registry=self.registry,
        )
        self.wyoming_requests = Counter(
            "tts_wyoming_requests",
            "Texts that came over Wyoming, whole or streamed.",
            ["kind"],
            registry=self.registry,
        )
        self.wyoming_errors = Counter(
            "tts_wyoming_errors",
            "Failures over Wyoming, by the code of the error.",
            ["code"],
            registry=self.registry,
        )
        self.wyoming_first_audio = Histogram(
            "tts_wyoming_first_audio_seconds",
            "Time from a text, or the first piece of one that is still being written, to the first "
            "of its audio.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.wyoming_running = Gauge(
            "tts_wyoming_requests_running",
            "Texts that came over Wyoming and have not been answered yet.",
            registry=self.registry,
        )

    def spoken_by(self, host: str | None) -> None:
        """Count a text by the host of the fleet that speaks it, None for this one."""
        if host is not None:
            self.spilled.inc()
