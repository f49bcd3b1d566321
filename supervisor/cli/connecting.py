"""Shared by `say` and `status`: the client's errors as exit codes, and waiting for a start."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from supervisor.cli.common import fail

_START_S = 120.0
"""Seconds to wait for a supervisor that loads its engines."""

_LOOK_AGAIN_S = 0.05


@contextmanager
def client_errors() -> Iterator[None]:
    """Turn the client's errors into one line and the exit code of their class."""
    from supervisor.client.errors import (
        BadRequest,
        NoSupervisor,
        Refused,
        SupervisorError,
        WaitTimeout,
    )
    from supervisor.wire.status import UnreadableStatusError

    try:
        yield
    except BadRequest as error:
        fail(2, str(error))
    except (NoSupervisor, WaitTimeout) as error:
        fail(3, str(error))
    except Refused as error:
        fail(4, str(error))
    except SupervisorError as error:
        # Only the voice can tell what it cannot read, when the job is accepted already.
        fail(2 if error.code == "bad_text" else 5, str(error))
    except UnreadableStatusError as error:
        fail(5, str(error))


def wait_for_start() -> None:
    """Return once a supervisor takes clients. Raises what `find_endpoint` raises, and at once
    where none is starting.
    """
    from supervisor.client.discovery import find_endpoint
    from supervisor.client.errors import SupervisorStarting

    deadline = time.monotonic() + _START_S
    while True:
        try:
            find_endpoint()
        except SupervisorStarting:
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_AGAIN_S)
        else:
            return
