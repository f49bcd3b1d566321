"""What the gateway tells of the supervisor, and that it tells the truth."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised, eventually

EXAMPLE = json.loads((Path(__file__).parent / "diagnostics-example.json").read_text())


def shape(document: object) -> Any:
    """Keys and JSON types, without the values; whole numbers and others are one type."""
    match document:
        case dict():
            return {key: shape(value) for key, value in document.items()}
        case list():
            return [shape(document[0])] if document else []
        case bool() | str() | None:
            return type(document).__name__
        case _:
            return "number"


def common(document: Any, example: Any) -> Any:
    """The part of the document that the example has too."""
    if isinstance(document, dict) and isinstance(example, dict):
        return {key: common(document[key], example[key]) for key in example if key in document}
    return document


def test_the_diagnostics_have_every_field_of_the_original_document(gateway: Serving) -> None:
    """Each key of the example is there, in its place and with its type, once a sample exists."""

    def measured() -> Any:
        document = gateway.ask("/diagnostics/cpu-allocation").document
        return document if document["allocation_stats"]["utilization_history"] else None

    document = eventually(measured, "a first sample")
    assert shape(common(document, EXAMPLE)) == shape(EXAMPLE)


def test_the_diagnostics_say_how_old_they_are(gateway: Serving) -> None:
    """They are a snapshot, with its age, and no cache on the way may keep them."""
    path = "/diagnostics/cpu-allocation"
    eventually(lambda: gateway.ask(path).status == 200, "a first report")
    answer = gateway.ask(path)
    assert answer.document["status"] == "success"
    assert 0 <= answer.document["snapshot_age_s"] < 5
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_pool_that_can_work_is_ready(gateway: Serving) -> None:
    """Both probes say so, to GET and to HEAD."""
    assert gateway.ask("/healthz").document == {"status": "ok"}
    ready = {"status": "ready"}
    eventually(lambda: gateway.ask("/readyz").document == ready, "ready, once it was asked")
    head = gateway.ask("/readyz", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["Content-Length"]) > 0


def test_http_1_0_gets_a_closed_connection(gateway: Serving) -> None:
    """An old client reads until the end, and there is an end."""
    answer = gateway.exchange(b"GET /healthz HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 200 OK\r\n")
    assert answer.endswith(b'{"status": "ok"}')


@pytest.fixture
def lonely(tmp_path: Path) -> Iterator[Serving]:
    """A gateway without a supervisor."""
    with Serving({"SUPERVISOR_RUN_DIR": str(tmp_path)}) as serving:
        yield serving


def test_without_a_supervisor(lonely: Serving) -> None:
    """The gateway lives, is not ready, and says in every place what to do."""
    assert lonely.ask("/healthz").status == 200
    ready = lonely.ask("/readyz")
    assert ready.status == 503
    assert "start one with `supervisor start`" in ready.document["reason"]
    diagnostics = lonely.ask("/diagnostics/cpu-allocation")
    assert (diagnostics.status, diagnostics.document["status"]) == (503, "error")
    assert ready.headers["Retry-After"] == diagnostics.headers["Retry-After"] == "1"
    speech = lonely.speak("Hello.")
    assert (speech.status, speech.error["code"]) == (503, "no_supervisor")
    assert speech.headers["Retry-After"] == "1"
    assert "tts_supervisor_up 0.0" in lonely.ask("/metrics").body.decode()


def test_a_supervisor_that_comes_goes_and_stalls(tmp_path: Path) -> None:
    """One gateway outlives it: ready, unready while it is stopped or dead, ready with the next."""
    settings = {"engines.default": "noop", "engines.preload": ["noop"]}
    with Supervised(settings) as supervised, Serving(supervised.environ) as gateway:

        def ready() -> bool:
            return gateway.ask("/readyz").status == 200

        assert eventually(ready, "ready with the first")
        assert supervised.process is not None
        supervised.process.send_signal(signal.SIGSTOP)
        assert eventually(lambda: not ready(), "unready while it is stopped")

        def unknown() -> bool:
            document = gateway.ask("/diagnostics/cpu-allocation").document
            return bool(document["status"] == "error")

        assert eventually(unknown, "what was last heard is told for a few seconds only")
        supervised.process.send_signal(signal.SIGCONT)
        assert eventually(ready, "ready again")
        supervised.stop(signal.SIGKILL)
        assert eventually(lambda: not ready(), "unready without it")
        supervised.start()
        assert eventually(ready, "ready with the second")
        assert gateway.speak("Hello.", response_format="pcm").status == 200


def test_a_draining_supervisor_is_not_ready() -> None:
    """While the last job is finished new work is refused, and the probe says why."""
    settings = {"engines.default": "noop", "engines.preload": ["noop"]}
    with Supervised(settings) as supervised, Serving(supervised.environ) as gateway:
        eventually(lambda: gateway.ask("/readyz").status == 200, "ready")
        with gateway.connect() as slow:
            body = json.dumps({"input": "Hold on. " * 20_000, "response_format": "pcm"}).encode()
            head = (
                f"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}"
            )
            slow.sendall(head.encode() + b"\r\n\r\n" + body)
            assert slow.recv(12) == b"HTTP/1.1 200"
            assert supervised.process is not None
            supervised.process.send_signal(signal.SIGTERM)
            answer = eventually(
                lambda: (a := gateway.ask("/readyz")).status == 503 and a, "unready while draining"
            )
            assert answer is not False
            assert answer.document["reason"] == "the supervisor is draining"
            speech = gateway.speak("Hello.")
            assert (speech.status, speech.error["code"]) == (503, "draining")
            assert speech.headers["Retry-After"] == "1"
