"""What `say` and `status` share: how an error of the client ends a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from supervisor.cli.common import fail


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

    try:
        yield
    except BadRequest as error:
        fail(2, str(error))
    except (NoSupervisor, WaitTimeout) as error:
        fail(3, str(error))
    except Refused as error:
        fail(4, str(error))
    except SupervisorError as error:
        fail(5, str(error))
