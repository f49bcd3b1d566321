"""Shared by `say` and `status`: the client's errors as exit codes, and waiting for a start."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import PurePath

import typer

from supervisor.cli.common import fail

_START_S = 120.0
"""Seconds to wait for a supervisor that loads its engines."""

_IMPORTS_S = 30.0
"""Longest time that a `supervisor start` needs on a loaded machine until it holds its directory."""

_SILENT_S = 0.5
"""Seconds of waiting that need no word."""

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
    """Return once a supervisor takes clients; says so when that is not soon. Raises what
    `find_endpoint` raises, and at once where none is starting.
    """
    from supervisor.client.discovery import find_endpoint
    from supervisor.client.errors import NoSupervisor, SupervisorStarting

    began = time.monotonic()
    told = False
    while True:
        try:
            find_endpoint()
        except NoSupervisor as error:
            waited = time.monotonic() - began
            if waited > _START_S or not (isinstance(error, SupervisorStarting) or _is_coming()):
                raise
            if waited > _SILENT_S and not told:
                told = True
                typer.echo("supervisor: it is starting; waiting for it …", err=True)
            time.sleep(_LOOK_AGAIN_S)
        else:
            return


def _is_coming() -> bool:
    """Whether a `supervisor start` for our run directory has begun, and does not hold it yet."""
    import psutil

    from supervisor.config.paths import run_directory

    directory = run_directory(os.environ)
    for process in psutil.process_iter():
        try:
            if time.time() - process.create_time() > _IMPORTS_S:
                continue
            words = [PurePath(word).name for word in process.cmdline()[:4]]
            starts = ("supervisor", "start") in pairwise(words)
            if starts and run_directory(process.environ()) == directory:
                return True
        except psutil.Error:
            continue
    return False
