"""Find the supervisor of this user: read what it published in its run directory.

Creating, locking and publishing are the supervisor's own business; this module
only reads, and says in one line what to do when nothing is there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from supervisor.client.errors import NoSupervisor, ProtocolError, SupervisorStarting
from supervisor.client.lock_holder import holder
from supervisor.config.paths import run_directory
from supervisor.wire.codec import MAGIC

HOW_TO_START = "start one with `supervisor start`"


class SupervisorFile(msgspec.Struct, frozen=True):
    """`supervisor.json`: the supervisor of this run directory, and its endpoints.

    `endpoints` maps a purpose to an endpoint: `client` to one of ZeroMQ, `http` to the URL of HTTP
    while that is served; `protocol` is the major version spoken there; `epoch` is new with every
    start.
    """

    pid: int
    epoch: str
    protocol: int
    endpoints: dict[str, str]
    version: str


class StoppedFile(msgspec.Struct, frozen=True):
    """`stopped.json`: the report of a supervisor that ended by itself.

    `cancelled`: accepted jobs that it gave up in order to end; `left`: durable ones that
    the next supervisor of the same state directory finishes.
    """

    pid: int
    epoch: str
    cancelled: int
    left: int = 0


def read_stopped_file(directory: Path) -> StoppedFile | None:
    """Read `stopped.json` in this run directory; None where there is no valid one."""
    try:
        return msgspec.json.decode((directory / "stopped.json").read_bytes(), type=StoppedFile)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def read_supervisor_file(directory: Path) -> SupervisorFile | None:
    """Read `supervisor.json` in this run directory; None where there is none.

    Raises ProtocolError for an invalid file, NoSupervisor for one that cannot be read.
    """
    path = directory / "supervisor.json"
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise NoSupervisor(f"cannot read {path}: {error.strerror}") from None
    try:
        return msgspec.json.decode(content, type=SupervisorFile)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ProtocolError(f"cannot understand {path}: {error}", code="bad_message") from None


def find_endpoint(environ: Mapping[str, str] = os.environ) -> str:
    """Endpoint of the running supervisor.

    Raises NoSupervisor when none is published or its process is gone (SupervisorStarting while one
    runs that is not published yet), ProtocolError when it speaks another major version.
    """
    directory = run_directory(environ)
    _check_owner(directory, environ)
    found = read_supervisor_file(directory)
    if found is None:
        raise unpublished(directory)
    if not _alive(found.pid):
        raise NoSupervisor(
            f"the supervisor of {directory} (pid {found.pid}) is gone; {HOW_TO_START}"
        )
    if found.protocol != MAGIC[3]:
        raise ProtocolError(
            f"supervisor {found.version} speaks protocol {found.protocol}, this client "
            f"{MAGIC[3]}; install the same version of tts-supervisor on both sides",
            code="bad_version",
        )
    endpoint = found.endpoints.get("client")
    if endpoint is None:
        raise NoSupervisor(f"the supervisor of {directory} (pid {found.pid}) takes no clients")
    return endpoint


def find_gateway(environ: Mapping[str, str] = os.environ) -> str:
    """URL of the running supervisor's HTTP gateway, without a slash at its end.

    Raises what `find_endpoint` raises, and NoSupervisor where HTTP is not served.
    """
    find_endpoint(environ)
    found = read_supervisor_file(run_directory(environ))
    url = None if found is None else found.endpoints.get("http")
    if url is None:
        raise NoSupervisor("the supervisor serves no HTTP; see http.enabled, and its log")
    return url


def unpublished(directory: Path) -> NoSupervisor:
    """The error for a run directory without `supervisor.json`: none runs, or one is starting."""
    pid = holder(directory)
    if pid is None:
        return NoSupervisor(f"no supervisor is running (looked in {directory}); {HOW_TO_START}")
    return SupervisorStarting(
        f"the supervisor of {directory} is starting (pid {pid}); try again in a moment"
    )


def _check_owner(directory: Path, environ: Mapping[str, str]) -> None:
    """Check the directory's owner: in a shared temporary directory any user could make it first.

    Raises NoSupervisor.
    """
    if environ.get("SUPERVISOR_RUN_DIR"):
        return
    try:
        owner = directory.stat().st_uid
    except OSError:
        return
    if owner not in (os.getuid(), 0):
        raise NoSupervisor(
            f"{directory} belongs to uid {owner}; set SUPERVISOR_RUN_DIR if you trust it"
        )


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
