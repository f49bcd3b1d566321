"""NATS, compose, systemd and Kubernetes files of a fleet say what the programs understand."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from supervisor.cli.fleet.server_checks import syncs
from supervisor.config import Settings, load
from supervisor.gateway.keys import hash_key, new_key
from supervisor.gateway.observe.fleet_metrics import FleetCollector
from supervisor.nats.credentials import new_user
from supervisor.nats.server_config import User, server_config
from supervisor.service.drain import longest_drain_s
from supervisor.telling.fleet import FleetSize
from supervisor.wire.fleet.permissions import Role
from tests.programs import parse

ROOT = Path(__file__).parents[3]
NATS = ROOT / "deploy/nats"
COMPOSE = ROOT / "deploy/docker/fleet.yaml"
UNIT = ROOT / "deploy/systemd/nats-server.service"
DROP_IN = ROOT / "deploy/systemd/tts-supervisor.service.d/fleet.conf"
HOSTS = ROOT / "deploy/kubernetes/hosts.yaml"
KEDA = ROOT / "deploy/kubernetes/keda.yaml"
SERVER = Path(sys.executable).with_name("nats-server")
ANALYZE = shutil.which("systemd-analyze")
KEY_HASH = hash_key(new_key())
EVERYWHERE = {"SUPERVISOR_HTTP__HOST": "0.0.0.0"}  # noqa: S104 - a container's own addresses
LAME_DUCK_S = 35
"""lame_duck_grace_period and lame_duck_duration of the configurations."""


def seconds(text: str) -> float:
    """A duration of whole seconds."""
    return float(text.removesuffix("s"))


# -- servers ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory as /etc/nats: users of every role, and a certificate."""
    directory = tmp_path_factory.mktemp("nats")
    roles: list[tuple[str, Role, str]] = [
        ("ops", "operator", "default"),
        ("h1", "host", "default"),
        ("web1", "gateway", "shop"),
        ("web2", "gateway", "a-b_C"),
    ]
    users = [
        User(name=name, role=role, tenant=tenant, key=new_user().key)
        for name, role, tenant in roles
    ]
    (directory / "users.conf").write_text(server_config(users))
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    request = "req -x509 -newkey ed25519 -nodes -days 2 -subj /CN=nats-1 -keyout server.key"
    openssl = ["openssl", *request.split(), "-out", "server.crt"]
    subprocess.run(openssl, cwd=directory, check=True, capture_output=True)
    return directory


@pytest.mark.parametrize("name", ["nats-server.conf", "cluster.conf"])
def test_the_server_takes_its_configuration(installed: Path, name: str) -> None:
    """The real server reads each file, with users of every role in it; nobody comes in without a
    key, and what is confirmed is on the disk.
    """
    text = (NATS / name).read_text().replace("/etc/nats/", f"{installed}/")
    file = installed / name
    file.write_text(text)
    environ = {**os.environ, "NATS_NAME": "nats-2", "NATS_STORE": str(installed / "store")}
    checked = subprocess.run(
        [SERVER, "-t", "-c", file], capture_output=True, text=True, check=False, env=environ
    )
    assert checked.returncode == 0, checked.stderr
    assert 'include "users.conf"' in text
    assert syncs(text)
    room = re.search(r"max_file_store: (\d+)GB", text)
    assert room is not None
    assert int(room[1]) * 1000 >= 2 * Settings().fleet.max_bytes_mb
    grace, duration = (seconds(found) for found in re.findall(r'lame_duck_\w+: "(\d+s)"', text))
    assert grace + duration == LAME_DUCK_S


# -- compose ----------------------------------------------------------------------------


def compose(**variables: str) -> dict[str, Any]:
    """The compose file with these variables and nothing else set."""

    def value(match: re.Match[str]) -> str:
        name, kind, other = match.groups()
        if name not in variables and kind == ":?":
            raise KeyError(f"{name}: {other}")
        return variables.get(name) or other

    text = re.sub(r"\$\{(\w+)(:[-?])([^}]*)\}", value, COMPOSE.read_text())
    document = yaml.safe_load(text)
    assert isinstance(document, dict)
    return document


def services(kind: str) -> dict[str, dict[str, Any]]:
    """The services whose names begin so."""
    found = compose(TTS_KEY_HASH=KEY_HASH)["services"]
    return {name: each for name, each in found.items() if name.startswith(kind)}


def test_the_servers_of_the_compose_file_are_those_of_the_cluster() -> None:
    """Three, under the names by which they find each other, each with a store and users; a stop is
    a lame duck with time for it, and nobody else is in the network of the routes.
    """
    servers = services("nats-")
    routes = re.findall(r"nats://(nats-\d):6222", (NATS / "cluster.conf").read_text())
    assert sorted(servers) == routes == ["nats-1", "nats-2", "nats-3"]
    for name, each in servers.items():
        assert each["environment"]["NATS_NAME"] == name
        places = dict(line.split(":")[:2] for line in each["volumes"])
        assert places[name] == each["environment"]["NATS_STORE"]
        assert places["./fleet-auth/users.conf"] == "/etc/nats/users.conf"
        assert places["../nats/cluster.conf"] == each["command"][-1]
        assert each["stop_signal"] == "SIGUSR2"
        assert seconds(each["stop_grace_period"]) > LAME_DUCK_S
    document = compose(TTS_KEY_HASH=KEY_HASH)
    assert document["networks"]["routes"] == document["networks"]["fleet"] == {"internal": True}
    others = [each for name, each in document["services"].items() if name not in servers]
    assert all("routes" not in each["networks"] for each in others)
    assert not any("ports" in each for each in servers.values())


def test_each_host_of_the_compose_file_has_a_name_a_key_and_settings_that_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The supervisor understands its variables; it knows all servers; a stop has time for the
    drain; HTTP asks for a key and is of this machine alone.
    """
    monkeypatch.chdir(tmp_path)
    servers = [f"nats://{name}:4222" for name in services("nats-")]
    hosts = services("host-")
    secrets = compose(TTS_KEY_HASH=KEY_HASH)["secrets"]
    assert len(hosts) == 3
    for name, each in hosts.items():
        environ = {key: str(value) for key, value in each["environment"].items()}
        fleet = load(environ={**environ, **EVERYWHERE}).settings.fleet
        assert (fleet.name, fleet.servers) == (name, servers)
        assert fleet.credentials == f"/run/secrets/{each['secrets'][0]}"
        assert secrets[name]["file"] == f"./fleet-auth/{name}.nk"
        assert seconds(each["stop_grace_period"]) > longest_drain_s(Settings().pool.grace_period_s)
        assert each["ports"][0].startswith("127.0.0.1:")
        assert each["depends_on"]["setup"]["condition"] == "service_completed_successfully"
    with pytest.raises(KeyError, match="gateway --new-key"):
        compose()


def test_the_commands_of_the_files_exist() -> None:
    """The one that sets the fleet up, and those that the comments tell to run."""
    (setup,) = services("setup").values()
    parse(*setup["command"])
    files = [COMPOSE, HOSTS, KEDA, NATS / "nats-server.conf", UNIT, DROP_IN]
    lines = [line for file in files for line in file.read_text().splitlines()]
    shown = [line for line in lines if line.startswith("#   ")]
    told = [words for line in shown for words in re.findall(r"supervisor (fleet [^;]+)", line)]
    assert len(told) >= 5
    for words in told:
        parse(*shlex.split(words.replace("$(seq --format tts-%g 0 49)", "tts-0 tts-49")))


# -- systemd ----------------------------------------------------------------------------


def unit(file: Path, name: str) -> list[str]:
    """Every value that a unit gives to a setting."""
    lines = file.read_text().splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith(f"{name}=")]


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
def test_systemd_understands_the_server_s_unit(tmp_path: Path) -> None:
    """No unknown setting, no wrong value, and an exposure that deserves its name."""
    assert ANALYZE is not None
    file = tmp_path / UNIT.name
    file.write_text(UNIT.read_text().replace("/usr/local/bin/nats-server", "/bin/true"))
    verify = [ANALYZE, "verify", "--man=no", str(file)]
    verified = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    judge = [ANALYZE, "security", "--offline=yes", "--threshold=20", str(file)]
    judged = subprocess.run(judge, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout[-500:]


def test_the_units_stop_as_the_servers_are_configured() -> None:
    """The server by a lame duck, with time for it; its variables are those of cluster.conf."""
    assert unit(UNIT, "KillSignal") == ["SIGUSR2"]
    assert seconds(unit(UNIT, "TimeoutStopSec")[0]) > LAME_DUCK_S
    given = {line.partition("=")[0] for line in unit(UNIT, "Environment")}
    wanted = set(re.findall(r"\$(\w+)", (NATS / "cluster.conf").read_text()))
    assert given == wanted
    assert unit(DROP_IN, "After") == [UNIT.name]
    assert unit(DROP_IN, "IPAddressAllow") == ["any"]


# -- Kubernetes -------------------------------------------------------------------------


def objects(file: Path) -> dict[str, dict[str, Any]]:
    """The objects of a file, by their kind and name."""
    documents = list(yaml.safe_load_all(file.read_text()))
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in documents}


def pod() -> dict[str, Any]:
    """What a host's pod is."""
    found = objects(HOSTS)["StatefulSet/tts"]["spec"]["template"]["spec"]
    assert isinstance(found, dict)
    return found


def test_a_host_on_kubernetes_has_whole_cores_of_its_own() -> None:
    """Guaranteed: requests and limits are equal in every container; whole numbers of cores."""
    for container in (*pod()["initContainers"], *pod()["containers"]):
        resources = container["resources"]
        assert resources["requests"] == resources["limits"]
        assert int(resources["requests"]["cpu"]) >= 1


def test_a_host_on_kubernetes_is_what_the_program_understands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its variables are settings; what is written lies on mounts; its user is the image's, and
    cannot do much; its key is its own, and for it alone.
    """
    monkeypatch.chdir(tmp_path)
    (host,) = pod()["containers"]
    given = {each["name"]: each.get("value", "tts-0") for each in host["env"]}
    del given["KEY_HASH"]
    given["SUPERVISOR_HTTP__API_KEYS"] = given["SUPERVISOR_HTTP__API_KEYS"].replace(
        "$(KEY_HASH)", KEY_HASH
    )
    settings = load(environ={**given, **EVERYWHERE}).settings
    assert settings.fleet.name == "tts-0"
    image = (ROOT / "deploy/docker/Dockerfile").read_text()
    mounts = {each["mountPath"] for each in host["volumeMounts"]}
    volumes = re.search(r"^VOLUME (.*)$", image, re.MULTILINE)
    assert volumes is not None
    assert {*json.loads(volumes[1]), "/run/tts-supervisor", "/tmp"} <= mounts  # noqa: S108 - the container's
    assert f"USER {pod()['securityContext']['runAsUser']}:" in image
    (key,) = pod()["initContainers"]
    assert key["command"][:2] == ["install", "--mode=0600"]
    assert key["command"][-1] == settings.fleet.credentials
    for container in (key, host):
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_a_host_on_kubernetes_leaves_as_it_should() -> None:
    """It drains, and has time for it; the ports and paths are the gateway's."""
    needed = longest_drain_s(Settings().pool.grace_period_s)
    assert pod()["terminationGracePeriodSeconds"] > needed
    (host,) = pod()["containers"]
    drain = host["lifecycle"]["preStop"]["exec"]["command"]
    assert drain[0] == "supervisor"
    parse(*drain[1:])
    assert host["ports"] == [{"name": "http", "containerPort": Settings().http.port}]
    assert host["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    probe = host["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 180


def test_keda_asks_the_gateway_for_the_number_of_hosts() -> None:
    """It scales the hosts' StatefulSet, with a number to fall back on; it asks the hosts' Service,
    with the key of their Secret.
    """
    scaled = objects(KEDA)["ScaledObject/tts"]["spec"]
    kind = f"{scaled['scaleTargetRef']['kind']}/{scaled['scaleTargetRef']['name']}"
    assert kind in objects(HOSTS)
    assert 1 <= scaled["fallback"]["replicas"] <= scaled["maxReplicaCount"]
    (trigger,) = scaled["triggers"]
    asked = trigger["metadata"]
    (service,) = objects(HOSTS)["Service/tts"]["spec"]["ports"]
    assert asked["url"] == f"http://tts:{service['port']}/fleet/size"
    assert asked["targetValue"] == "1"
    (secret,) = objects(KEDA)["TriggerAuthentication/tts"]["spec"]["secretTargetRef"]
    used = {
        each["valueFrom"]["secretKeyRef"]["name"]
        for each in pod()["containers"][0]["env"]
        if "secretKeyRef" in each.get("valueFrom", {})
    }
    assert {secret["name"]} == used
    most = re.search(r"seq --format tts-%g 0 (\d+)", HOSTS.read_text())
    assert most is not None
    assert int(most[1]) + 1 == scaled["maxReplicaCount"]


# -- watching ---------------------------------------------------------------------------


def known_metrics() -> set[str]:
    """Names of all metrics that a gateway has of a fleet whose figures are kept."""
    size = FleetSize(
        hosts=1,
        hosts_desired=3,
        because="",
        said="",
        jobs_waiting={"high": 1},
        backlog_seconds={"high": 1.0},
        oldest_seconds={"high": 1.0},
        wait_seconds=1.0,
        speed=1.0,
        busy=0.0,
        at=0.0,
    )
    return {family.name for family in FleetCollector(lambda: (), lambda: size).collect()}


def test_the_dashboard_and_the_alarms_ask_for_metrics_that_exist() -> None:
    """Every name is one that the gateway has, to the letter, and every one of these is shown."""
    dashboard = json.loads((ROOT / "deploy/grafana/tts-fleet.json").read_text())
    panels = dashboard["panels"]
    shown = [target["expr"] for panel in panels for target in panel["targets"]]
    rules = yaml.safe_load((ROOT / "deploy/prometheus/tts-fleet.rules.yaml").read_text())
    asked = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    names = [set(re.findall(r"tts_\w+", query)) for query in (*shown, *asked)]
    assert all(names)
    assert set().union(*names[: len(shown)]) == known_metrics()
    assert set().union(*names) == known_metrics()
    assert len({panel["id"] for panel in panels}) == len(panels)
    for group in rules["groups"]:
        for rule in group["rules"]:
            assert rule["annotations"].keys() == {"summary", "runbook"}
            assert rule["for"].endswith("m")
