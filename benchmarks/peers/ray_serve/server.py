"""Ray Serve: N replicas of one core each behind its proxy.

Its documented high-throughput mode is on (see `arms`). SIGUSR1 deploys one replica more, in
place, as `serve deploy` with a higher `num_replicas` does.
"""

from __future__ import annotations

import os
import signal

import ray
from ray import serve
from starlette.requests import Request
from starlette.responses import Response

from benchmarks.peers import speech


class Speaker:
    """One session for each replica."""

    def __init__(self) -> None:
        self._speech = speech.Speech()

    async def __call__(self, request: Request) -> Response:
        """Speak the whole text, then answer."""
        text = (await request.json())["input"]
        return Response(self._speech(text), media_type="audio/pcm")


deployment = serve.deployment(Speaker, ray_actor_options={"num_cpus": 1})


def main() -> None:
    """Serve until SIGTERM."""
    signals = {signal.SIGUSR1, signal.SIGTERM, signal.SIGINT}
    replicas = int(os.environ[speech.WORKERS])
    ray.init(
        num_cpus=replicas + 1,  # a number to count with: room for the replica that SIGUSR1 adds
        include_dashboard=False,
        log_to_driver=False,
        configure_logging=False,
        _temp_dir=os.environ["RAY_TMPDIR"],
    )
    serve.start(http_options={"host": "127.0.0.1", "port": int(os.environ[speech.PORT])})
    while True:
        serve.run(deployment.options(num_replicas=replicas).bind(), route_prefix=speech.ROUTE)
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        if signal.sigwait(signals) != signal.SIGUSR1:
            break
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        replicas += 1
    serve.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    main()
