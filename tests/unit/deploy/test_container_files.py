"""Dockerfile and compose file name what is there, and say what the program understands."""

from __future__ import annotations

import fnmatch
import json
import re
import shlex
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from supervisor.config import ConfigError, Settings, load
from supervisor.config.paths import cache_directory, run_directory, state_directory
from supervisor.config.sources import OTHER_VARIABLES
from supervisor.gateway.keys import hash_key, new_key
from supervisor.pool.leases import lease_directory
from supervisor.service.drain import longest_drain_s
from tests.programs import parse

ROOT = Path(__file__).parents[3]
DOCKERFILE = ROOT / "deploy/docker/Dockerfile"
COMPOSE = ROOT / "deploy/docker/compose.yaml"
KEY_HASH = hash_key(new_key())


# -- reading the files ------------------------------------------------------------------


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage of the Dockerfile: word and the rest of it."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#")]
    found: list[list[tuple[str, str]]] = []
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        if word and found:
            found[-1].append((word, rest.strip()))
    return found


def instructions(word: str, stage: int = -1) -> list[str]:
    """What follows an instruction, each time that it stands in a stage; by default the last."""
    return [rest for name, rest in stages()[stage] if name == word]


def environment() -> dict[str, str]:
    """The variables that the image sets."""
    words = [word for line in instructions("ENV") for word in shlex.split(line)]
    return dict(word.split("=", 1) for word in words)


def copied() -> list[str]:
    """What is copied from the build's context, in every stage."""
    lines = [rest for stage in stages() for word, rest in stage if word == "COPY"]
    words = [shlex.split(line) for line in lines if "--from=" not in line]
    return [word for line in words for word in line[:-1] if not word.startswith("--")]


def compose(**variables: str) -> dict[str, Any]:
    """The one service of the compose file, with these variables and nothing else set."""

    def value(match: re.Match[str]) -> str:
        name, kind, other = match.groups()
        if name not in variables and kind == ":?":
            raise KeyError(f"{name}: {other}")
        return variables.get(name) or other

    text = re.sub(r"\$\{(\w+)(:[-?])([^}]*)\}", value, COMPOSE.read_text())
    (service,) = yaml.safe_load(text)["services"].values()
    assert isinstance(service, dict)
    return service


def service() -> dict[str, Any]:
    """The service as it is with a key and no other choice."""
    return compose(TTS_KEY_HASH=KEY_HASH)


def is_sent(path: str) -> bool:
    """Whether .dockerignore leaves this path in the context: the last pattern decides."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!")
        names = [path, *map(str, Path(path).parents)][:-1] or [path]
        # fnmatch lets `*` reach over a slash; a pattern without one is for the first level alone.
        if pattern.startswith("**/"):
            hit = any(fnmatch.fnmatch(part, pattern[3:]) for part in Path(path).parts)
        else:
            hit = any(
                name.count("/") == pattern.count("/") and fnmatch.fnmatch(name, pattern)
                for name in names
            )
        if hit:
            sent = line.startswith("!")
    return sent


def seconds(text: str) -> float:
    """A duration as compose writes it, in whole seconds."""
    assert text.endswith("s")
    return float(text.removesuffix("s"))


def targets(mounts: list[str]) -> dict[str, str]:
    """Place in the container to the options behind it."""
    return dict(line.partition(":")[::2] for line in mounts)


# -- the build --------------------------------------------------------------------------


def test_everything_that_is_copied_is_there_and_is_sent() -> None:
    """Each source exists and reaches the build, with every file of the packages in it."""
    assert {"supervisor", "workers", "pyproject.toml", "constraints.txt"} <= set(copied())
    for name in copied():
        source = ROOT / name
        assert source.exists(), name
        files = [source] if source.is_file() else [p for p in source.rglob("*") if p.is_file()]
        left = [
            path
            for path in (str(file.relative_to(ROOT)) for file in files)
            if not is_sent(path) and "__pycache__" not in path
        ]
        assert left == []


def test_the_context_holds_nothing_else() -> None:
    """No history, tests, virtual environment, bytecode or secrets are sent to the builder."""
    for path in (".git/config", ".venv/made", "tests/unit/x.py", "deploy/docker/.env", "Makefile"):
        assert not is_sent(path), path
    assert not is_sent("supervisor/core/__pycache__/jobs.cpython-311.pyc")
    assert is_sent("supervisor/core/jobs/machine.py")


def test_what_the_build_of_the_package_reads_is_copied() -> None:
    """pyproject.toml names a readme and licences; without them the wheel is not built."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {project["readme"], *project["license-files"]} <= set(copied())


def test_the_install_is_pinned_and_leaves_no_tools_behind() -> None:
    """pip runs in the first stage, by constraints.txt and without a cache; the last has Python."""
    (install,) = [
        line
        for line in instructions("RUN", 0)
        if "pip" in line and " install " in line and "--constraint" in line
    ]
    words = shlex.split(install)
    assert words[words.index("--constraint") + 1] == "constraints.txt"
    assert "--no-cache-dir" in words
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = re.findall(r"EXTRAS=([\w,]+)", DOCKERFILE.read_text())
    assert named
    assert set(",".join(named).split(",")) <= extras["optional-dependencies"].keys()
    last = " ".join(instructions("RUN"))
    assert "pip" not in last
    assert re.findall(r"--no-install-recommends (\S+)", last) == ["python3"]


# -- what runs --------------------------------------------------------------------------


def test_process_one_is_the_supervisor_with_options_that_it_has() -> None:
    """In exec form, so that no shell stands between the signal and the supervisor."""
    words = json.loads(instructions("ENTRYPOINT")[0])
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert Path(words[0]).name in scripts
    assert words[1] == "start"
    parse(*words[1:], *service().get("command", []))
    with pytest.raises(Exception, match="--no-such-option"):
        parse(*words[1:], "--no-such-option")
    assert instructions("STOPSIGNAL") == ["SIGTERM"]


def test_the_user_is_a_number_and_nobody_in_particular() -> None:
    """The same number at each build, for the directories of the host; the tmpfs is this user's."""
    (user,) = instructions("USER")
    uid, gid = map(int, user.split(":"))
    assert uid >= 1000
    assert gid >= 1000
    options = targets(service()["tmpfs"])[environment()["SUPERVISOR_RUN_DIR"]]
    assert {f"uid={uid}", f"gid={gid}", "mode=0700"} <= set(options.split(","))
    assert f"--uid {uid} --gid {gid}" in " ".join(instructions("RUN"))


def settings(tmp_path: Path, given: dict[str, str]) -> Settings:
    """What the supervisor makes of the image's variables and these."""
    override = tmp_path / "override.json"
    override.write_text((ROOT / "override.json").read_text())
    return load(environ={**environment(), "SUPERVISOR_OVERRIDE": str(override), **given}).settings


def test_every_variable_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each SUPERVISOR_ variable is a place or a setting with a valid value."""
    monkeypatch.chdir(tmp_path)
    given = {key: str(value) for key, value in service()["environment"].items()}
    assert all(name.startswith("SUPERVISOR_") for name in given)
    loaded = settings(tmp_path, given)
    assert loaded.http.api_keys == [KEY_HASH]
    assert loaded.http.host == "0.0.0.0"  # noqa: S104 - a container's own addresses
    places = {name for name in environment() if name in OTHER_VARIABLES}
    assert places >= {f"SUPERVISOR_{name}_DIR" for name in ("RUN", "LEASE", "STATE", "CACHE")}
    with pytest.raises(ConfigError, match="SUPERVISOR_HTTP__HSOT"):
        settings(tmp_path, {**given, "SUPERVISOR_HTTP__HSOT": "::"})


def test_nobody_is_served_without_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The image alone does not start, and compose asks for the hash before it starts anything."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="api_keys"):
        settings(tmp_path, {})
    with pytest.raises(KeyError, match="gateway --new-key"):
        compose()
    (port,) = service()["ports"]
    assert port.startswith("127.0.0.1:")


def test_what_is_written_lies_on_mounts() -> None:
    """The root is read-only: state, cache and settings are volumes, the rest is tmpfs."""
    assert service()["read_only"] is True
    volumes = json.loads(instructions("VOLUME")[0])
    mounted = [line.split(":")[1] for line in service()["volumes"]]
    assert sorted(volumes) == sorted(mounted)
    environ = environment()
    tmpfs = [Path(place) for place in targets(service()["tmpfs"])]
    assert run_directory(environ) in tmpfs
    assert Path("/tmp") in tmpfs  # noqa: S108 - where tempfile goes in the container
    assert lease_directory(environ).is_relative_to(run_directory(environ))
    override = Path(environ["SUPERVISOR_OVERRIDE"])
    kept = {state_directory(environ), cache_directory(environ), override.parent}
    assert kept == {Path(place) for place in volumes}
    (line,) = [line for line in instructions("COPY") if "override.json" in line]
    assert line.split()[-1].rstrip("/") == str(override.parent)
    made = " ".join(instructions("RUN"))
    assert all(str(place) in made for place in (*kept, run_directory(environ)))


def test_the_container_can_do_little_and_takes_no_more_than_it_is_given() -> None:
    """No capability, no new privileges, and bounds that the supervisor reads."""
    given = compose(TTS_KEY_HASH=KEY_HASH, TTS_CPUS="3", TTS_CPUSET="0-2", TTS_MEMORY="1g")
    assert given["cap_drop"] == ["ALL"]
    assert given["security_opt"] == ["no-new-privileges:true"]
    assert (given["cpus"], given["cpuset"], given["mem_limit"]) == (3, "0-2", "1g")
    assert (service()["cpuset"], service()["ulimits"]["core"]) == ("", 0)
    assert float(service()["cpus"]).is_integer()


def test_a_stop_has_time_for_the_drain() -> None:
    """Compose waits for longer than the grace period and what ending takes after it."""
    needed = longest_drain_s(Settings().pool.grace_period_s)
    assert seconds(service()["stop_grace_period"]) > needed


class Readyz(BaseHTTPRequestHandler):
    """Answers /readyz with what `status` is, and anything else with 404."""

    status: ClassVar[int] = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/readyz" else 404)
        self.end_headers()
        self.wfile.write(b'{"status": "as told"}')

    def log_message(self, *_args: object) -> None:
        """Nothing to stderr."""


@contextmanager
def answering(status: int) -> Iterator[int]:
    """A server on a port of 127.0.0.1 whose /readyz has this status."""
    handler = type("Handler", (Readyz,), {"status": status})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def healthcheck(port: int) -> subprocess.CompletedProcess[str]:
    """The image's check, against another port and with the Python that runs the tests."""
    _, _, form = instructions("HEALTHCHECK")[0].partition(" CMD ")
    words = json.loads(form)
    (default,) = instructions("EXPOSE")
    assert int(default) == Settings().http.port
    assert service()["ports"][0].endswith(f":{default}")
    assert default in words[-1]
    return subprocess.run(
        [sys.executable, *words[1:-1], words[-1].replace(default, str(port))],
        capture_output=True,
        text=True,
        check=False,
    )


def test_health_is_what_readyz_says() -> None:
    """0 for 200; 1 for 503 and where nobody listens. What was answered is told."""
    with answering(200) as port:
        assert healthcheck(port).returncode == 0
    with answering(503) as port:
        checked = healthcheck(port)
    assert (checked.returncode, checked.stdout.split()[0]) == (1, "503")
    assert healthcheck(port).returncode == 1


def test_commands_of_the_documentation_exist() -> None:
    """What is run in the container by hand has commands and options that the program has."""
    texts = [DOCKERFILE, COMPOSE, ROOT / "docs/OPERATIONS.md"]
    lines = [line for path in texts for line in path.read_text().splitlines()]
    found = [
        match[1]
        for line in lines
        if (
            match := re.search(
                r"(?:--entrypoint supervisor \S+|exec \S+ supervisor) ([^`<>|}]+)", line
            )
        )
    ]
    assert any(words.startswith("gateway --new-key") for words in found)
    for words in found:
        parse(*shlex.split(words, comments=True))
