"""Files of credentials: both forms, and what is said of all others."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from supervisor.nats.credentials import is_public_key, new_user, read_credentials
from supervisor.nats.errors import FleetError


def test_a_seed_is_its_public_key(tmp_path: Path) -> None:
    """Also with an empty line behind it; two users are never the same."""
    made, other = new_user(), new_user()
    assert is_public_key(made.key)
    assert made.key != other.key
    file = tmp_path / "host.nk"
    file.write_text(f"{made.seed}\n")
    file.chmod(0o400)
    found = read_credentials(file)
    assert (found.key, found.options) == (made.key, {"nkeys_seed_str": made.seed})


def creds(key: str, seed: str) -> str:
    """A .creds file as nsc writes it, about this user."""
    claims = base64.urlsafe_b64encode(f'{{"sub":"{key}","nats":{{}}}}'.encode()).decode()
    return (
        f"-----BEGIN NATS USER JWT-----\nhead.{claims.rstrip('=')}.signature\n"
        "------END NATS USER JWT------\n\n*************************\n"
        f"-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )


def test_a_creds_file_tells_whom_it_is_about(tmp_path: Path) -> None:
    """By the token in it, which nobody but the servers verifies."""
    made = new_user()
    file = tmp_path / "host.creds"
    file.write_text(creds(made.key, made.seed))
    file.chmod(0o600)
    found = read_credentials(file)
    assert (found.key, found.options) == (made.key, {"user_credentials": str(file)})


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (new_user().seed, 0o640, "can be read by others: chmod 600"),
        (new_user().seed, 0o604, "can be read by others: chmod 600"),
        ("", 0o600, "is neither a .creds file nor"),
        ("secret", 0o600, "is neither a .creds file nor"),
        (new_user().key, 0o600, "is neither a .creds file nor"),
        (new_user().seed[:-1] + "1", 0o600, "is neither a .creds file nor"),
        (new_user().seed[:-4] + "AAAA", 0o600, "is neither a .creds file nor"),
        (creds("nobody", new_user().seed), 0o600, "is neither a .creds file nor"),
        (creds("", "").replace(".", " "), 0o600, "is neither a .creds file nor"),
        ("x" * 10_000_000, 0o600, "is neither a .creds file nor"),
    ],
    ids=range(10),
)
def test_what_cannot_be_used_is_told_in_one_line(
    tmp_path: Path, content: str, mode: int, words: str
) -> None:
    """Without anything of what is in it."""
    file = tmp_path / "host.nk"
    file.write_text(content)
    file.chmod(mode)
    with pytest.raises(FleetError) as caught:
        read_credentials(file)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not content or content not in str(caught.value)


def test_a_file_that_is_not_there_is_told_by_its_name(tmp_path: Path) -> None:
    """And so is a directory."""
    with pytest.raises(FleetError, match="No such file"):
        read_credentials(tmp_path / "none")
    with pytest.raises(FleetError, match="Is a directory"):
        read_credentials(tmp_path)
