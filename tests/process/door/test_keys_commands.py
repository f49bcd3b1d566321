"""`supervisor keygen` and `supervisor keys`, as an operator types them."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from supervisor.wire.keyfile import read_key_file

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """One command of `supervisor`, with a state directory of its own."""
    environ = {**os.environ, "SUPERVISOR_STATE_DIR": str(tmp_path / "state")}

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "supervisor", *arguments],
            env=environ,
            cwd=tmp_path,
            umask=0o022,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return command


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Exit code 2, and one line that says what to do."""
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert all(word in done.stderr for word in words), done.stderr


def mode(path: Path) -> int:
    """Its permissions."""
    return stat.S_IMODE(path.stat().st_mode)


def test_the_supervisors_own_pair_is_made_once_and_kept(run: Run, tmp_path: Path) -> None:
    """Twice the same public key, which is all that is printed; the file is for its owner alone."""
    first, again = run("keygen"), run("keygen")
    assert (first.returncode, again.returncode) == (0, 0), first.stderr
    assert first.stdout == again.stdout
    file = tmp_path / "state" / "keys" / "server.key"
    pair = read_key_file(file)
    assert first.stdout.strip() == pair.public.hex()
    assert pair.secret.hex() not in first.stdout + first.stderr
    assert (mode(file), mode(file.parent)) == (0o600, 0o700)
    assert mode(tmp_path / "state") == 0o700, "whatever the umask is"
    file.chmod(0o644)
    refused(run("keygen"), "chmod 600")


@pytest.mark.parametrize("command", [("keygen",), ("keys", "allow", "ab" * 32)])
def test_no_key_is_written_where_others_may_go(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """A state directory that was there and is open, a link, or somebody else's: what to do is
    said, nothing is written, and nothing of it is changed, for it may be shared on purpose.
    """
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(0o755)
    refused(run(*command), f"chmod 700 {state}")
    assert mode(state) == 0o755
    assert list(state.iterdir()) == []
    state.chmod(0o700)
    (state / "keys").mkdir()
    (state / "keys").chmod(0o750)
    refused(run(*command), f"chmod 700 {state / 'keys'}")
    (state / "keys").rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (state / "keys").symlink_to(elsewhere)
    refused(run(*command), "is a link")
    assert list(elsewhere.iterdir()) == []
    (state / "keys").unlink()
    assert run(*command).returncode == 0


def test_a_clients_pair_is_made_in_a_file_and_never_written_over(run: Run, tmp_path: Path) -> None:
    """Its public key is printed; a second time for one file is refused, and changes nothing."""
    file = tmp_path / "client.key"
    made = run("keygen", str(file))
    assert made.returncode == 0, made.stderr
    pair = read_key_file(file)
    assert made.stdout.strip() == pair.public.hex()
    assert mode(file) == 0o600
    refused(run("keygen", str(file)), "is there already")
    assert read_key_file(file) == pair
    refused(run("keygen", str(tmp_path / "no" / "client.key")), "cannot write")


def test_keys_are_allowed_listed_and_revoked(run: Run, tmp_path: Path) -> None:
    """By name and by key; what is on the list is what `list` prints, as lines and as JSON."""
    laptop, phone = (run("keygen", f"{name}.key").stdout.strip() for name in ("laptop", "phone"))
    assert run("keys", "list").stdout == ""
    for key, options in ((laptop, ("--name", "my laptop")), (phone, ())):
        allowed = run("keys", "allow", key, *options)
        assert allowed.returncode == 0, allowed.stderr
        assert "SIGHUP" in allowed.stderr
    assert run("keys", "list").stdout.splitlines() == [f"{laptop} my laptop", phone]
    document = json.loads(run("keys", "list", "--json").stdout)
    assert document == [{"key": laptop, "name": "my laptop"}, {"key": phone, "name": ""}]
    assert mode(tmp_path / "state" / "keys" / "allowed") == 0o600
    assert "revoked 1" in run("keys", "revoke", "my laptop").stderr
    assert run("keys", "list").stdout.splitlines() == [phone]
    assert run("keys", "revoke", phone).returncode == 0
    assert run("keys", "list").stdout == ""


def test_what_is_no_key_or_not_there_is_said_in_a_line(run: Run, tmp_path: Path) -> None:
    """And a list that others could read is not trusted, by any of the commands."""
    refused(run("keys", "allow", "abc"), "is no key", "64")
    refused(run("keys", "revoke", "nobody"), "supervisor keys list")
    key = run("keygen", "client.key").stdout.strip()
    assert run("keys", "allow", key).returncode == 0
    (tmp_path / "state" / "keys" / "allowed").chmod(0o640)
    for command in (("list",), ("allow", key), ("revoke", key)):
        refused(run("keys", *command), "chmod 600")
