"""`supervisor.testing`, as a user's test suite meets it."""

from __future__ import annotations

import asyncio
import doctest
import json
import os
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from supervisor import testing
from supervisor.client import Client, NoSupervisor
from supervisor.testing import PrivateSupervisor, PrivateSupervisorError, private_supervisor
from tests.fixtures.processes import family
from tests.supervised import eventually


def test_the_example_in_the_documentation_runs() -> None:
    """As it stands there, to the sample."""
    assert doctest.testmod(testing) == (0, 3)


def test_two_at_once_know_nothing_of_each_other_nor_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has jobs of its own; what the user set for a supervisor is no setting of theirs, and
    the service manager that watches the user's program hears nothing of them.
    """
    monkeypatch.setenv("SUPERVISOR_RUN_DIR", str(tmp_path / "of-the-user"))
    monkeypatch.setenv("SUPERVISOR_ENGINES__DEFAULT", "no_such_engine")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with (
        private_supervisor() as one,
        private_supervisor(environ={"OF_THE_TEST": "yes"}) as other,
        one.client() as first,
        other.client() as second,
    ):
        job = first.submit("Hello.", durable=True)
        job.result()
        assert [known["job"] for known in first.jobs()["jobs"]] == [job.id]
        assert second.jobs()["jobs"] == []
        environ = Path(f"/proc/{other.pid}/environ").read_bytes().split(b"\0")
        assert b"OF_THE_TEST=yes" in environ
        assert not [line for line in environ if line.startswith(b"NOTIFY_SOCKET=")]
        assert one.stop() == other.stop() == 0
    assert not (tmp_path / "of-the-user").exists()


def test_every_door_is_offered() -> None:
    """A client, an asyncio client, HTTP, the commands, and `Client()` without an address."""
    with private_supervisor({"http.enabled": True}) as supervisor:
        address = urlsplit(supervisor.url)
        connection = HTTPConnection(address.netloc, timeout=20)
        with closing(connection):
            connection.request("GET", "/readyz")
            assert connection.getresponse().status == 200

        async def speak() -> float:
            async with supervisor.async_client() as client:
                return (await client.synthesize("Hello.")).duration

        assert asyncio.run(speak()) == pytest.approx(0.006)
        before = os.environ.get("SUPERVISOR_RUN_DIR")
        with supervisor.as_default(), Client() as client:
            assert "noop" in client.engines()
        assert os.environ.get("SUPERVISOR_RUN_DIR") == before
        command = [sys.executable, "-m", "supervisor", "status", "--json"]
        shown = subprocess.run(command, env=supervisor.environ, capture_output=True, check=True)
        assert json.loads(shown.stdout)["supervisor"]["pid"] == supervisor.pid


def test_without_http_the_address_says_how_to_have_it() -> None:
    """One line with the setting; what was not started yet says so."""
    with closing(private_supervisor()) as supervisor:
        with pytest.raises(PrivateSupervisorError, match="not started"):
            supervisor.stop()
        supervisor.start()
        with pytest.raises(PrivateSupervisorError, match=r"http\.enabled"):
            supervisor.url  # noqa: B018 (asking is what raises)


def test_a_setting_that_cannot_be_is_told_in_its_own_words() -> None:
    """At once, with the exit code and what `supervisor start` says of it; nothing is left."""
    supervisor = private_supervisor({"pool.start_method": "no_such"})
    with pytest.raises(PrivateSupervisorError) as caught, supervisor:
        pytest.fail("it started")
    first, *rest = str(caught.value).splitlines()
    assert first == "the supervisor ended with exit code 2 before it was ready"
    assert "pool.start_method" in rest[-1]
    assert not supervisor.directory.exists()


def test_one_that_is_not_ready_in_time_is_ended() -> None:
    """The error says how long it was waited for, and no process stays behind."""
    supervisor = private_supervisor(start_timeout_s=0.01)
    with pytest.raises(PrivateSupervisorError, match=r"not ready after 0\.01 s"), supervisor:
        pytest.fail("it was ready")
    eventually(lambda: not family(supervisor.run_dir), "no process stays behind")
    assert not supervisor.directory.exists()


def test_a_crash_ends_jobs_and_leaves_nothing_behind() -> None:
    """The client hears of it; the test that fails over it shows the log; files and processes are
    gone, also where it was killed from outside.
    """

    def crash(supervisor: PrivateSupervisor) -> None:
        with supervisor, Client(supervisor.endpoint, resume=0.0) as client:
            job = client.submit("Hello.")
            supervisor.kill()
            job.result()
            client.status()

    supervisor = private_supervisor()
    with pytest.raises(NoSupervisor) as caught:
        crash(supervisor)
    assert "ready: pid" in caught.value.__notes__[0]
    eventually(lambda: not family(supervisor.run_dir), "no process stays behind")
    assert not supervisor.directory.exists()


def test_what_is_durable_outlives_a_crash_and_a_new_start() -> None:
    """The same directories serve the next start, which waits for its own ready line."""
    with private_supervisor() as supervisor:
        with supervisor.client() as client:
            job = client.submit("Hello.", durable=True)
            samples = job.result().samples
        supervisor.kill()
        before = supervisor.output
        supervisor.start()
        assert supervisor.output.startswith(before)
        assert supervisor.output.count("ready: pid") == 2
        with supervisor.client() as client:
            assert (client.attach(job.id).result().samples == samples).all()
        assert supervisor.stop() == 0


def test_a_directory_has_the_settings_that_a_test_changes() -> None:
    """The class alone has the product's defaults, and follows override.json in its directory."""
    with PrivateSupervisor({"http.enabled": False, **testing.NOOP}) as supervisor:
        override = supervisor.directory / "override.json"
        override.write_text('{"logging": {"level": "debug"}}')
        eventually(lambda: "logging.level" in supervisor.output, "the change is in the log")
