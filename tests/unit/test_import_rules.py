"""The import rules of the layout hold, and each contract that guards them can fail.

The contracts stand in pyproject.toml for import-linter. Here they are run on a
tree of empty packages with one forbidden import planted in it, so that a
contract which guards nothing (a renamed package, a typo) is noticed.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PACKAGES = (
    "supervisor",
    "supervisor/audio",
    "supervisor/bench",
    "supervisor/books",
    "supervisor/broker",
    "supervisor/broker/sockets",
    "supervisor/cli",
    "supervisor/client",
    "supervisor/config",
    "supervisor/core",
    "supervisor/core/allocation",
    "supervisor/core/fleet",
    "supervisor/core/jobs",
    "supervisor/core/markup",
    "supervisor/core/pool",
    "supervisor/fleet",
    "supervisor/gateway",
    "supervisor/host",
    "supervisor/journal",
    "supervisor/nats",
    "supervisor/pool",
    "supervisor/reading",
    "supervisor/service",
    "supervisor/simulate",
    "supervisor/telling",
    "supervisor/tracing",
    "supervisor/wire",
    "workers",
    "workers/engines",
    "workers/languages",
    "workers/text",
)

MODULES = (
    "__main__",
    "captions",
    "files",
    "installing",
    "lexicon",
    "libc",
    "logs",
    "marks",
    "phonemes",
    "speech",
    "testing",
    "tracebacks",
    "wording",
)
"""Modules of `supervisor` that are no packages."""

PURE = {
    "__future__",
    "array",
    "bisect",
    "collections",
    "dataclasses",
    "enum",
    "functools",
    "hashlib",
    "html",
    "heapq",
    "itertools",
    "math",
    "operator",
    "re",
    "statistics",
    "struct",
    "typing",
    "unicodedata",
    "xml",
    "msgspec",  # the records
    "sentencex",  # splits a text; a function of the text alone
    "supervisor.core",
    "supervisor.lexicon",  # as pure as the core: these five are looked at below
    "supervisor.marks",
    "supervisor.phonemes",
    "supervisor.speech",
    "supervisor.wording",
    "difflib",
}
"""What the core may import: nothing here reads a clock, a file, a socket or the environment."""


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts of this repository on the packages under `tree`."""
    shutil.copy(ROOT / "pyproject.toml", tree)
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The packages and modules of the layout, all empty."""
    for package in PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    for module in MODULES:
        (tmp_path / f"supervisor/{module}.py").touch()
    return tmp_path


def test_every_package_is_known_here() -> None:
    """The planted trees have the packages that the repository has, so no contract goes untried."""
    found = {
        str(path.parent.relative_to(ROOT))
        for top in ("supervisor", "workers")
        for path in (ROOT / top).glob("*/__init__.py")
    }
    assert found <= set(PACKAGES)


def test_what_is_allowed_passes(tree: Path) -> None:
    """The rules do not forbid what the design asks for: wire and configuration for all."""
    (tree / "workers/process.py").write_text(
        "import numpy, onnxruntime, zmq\n"
        "import supervisor.files, supervisor.libc, supervisor.speech\n"
        "from supervisor.wire import worker\nfrom supervisor.config import paths\n"
    )
    (tree / "supervisor/wire/worker.py").write_text("import msgspec\n")
    (tree / "supervisor/config/paths.py").write_text("import os, pydantic\n")
    (tree / "supervisor/client/sync.py").write_text(
        "import numpy, zmq\nfrom supervisor.wire import worker\n"
    )
    (tree / "supervisor/cli/say.py").write_text("import supervisor.client.sync, rich\n")
    (tree / "supervisor/pool/pool.py").write_text("import os, psutil, supervisor.core\n")
    (tree / "supervisor/nats/connection.py").write_text("import nats.aio.client, nkeys\n")
    (tree / "supervisor/testing.py").write_text("import supervisor.client, supervisor.host\n")
    outcome = lint(tree)
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("supervisor/core/x.py", "import os", "core is pure"),
        ("supervisor/core/jobs/x.py", "from time import monotonic", "core is pure"),
        ("supervisor/core/pool/x.py", "import zmq", "core is pure"),
        ("supervisor/core/x.py", "import supervisor.host", "layers"),
        ("supervisor/core/jobs/x.py", "import supervisor.core.pool", "families of the core"),
        ("supervisor/core/allocation/x.py", "import supervisor.core.jobs", "families of the core"),
        ("supervisor/core/markup/x.py", "import supervisor.core.jobs", "families of the core"),
        ("supervisor/core/pool/x.py", "import supervisor.core.allocation", "families of the core"),
        ("supervisor/config/x.py", "import supervisor.broker", "layers"),
        ("supervisor/wire/x.py", "import supervisor.pool", "layers"),
        ("supervisor/host/x.py", "import supervisor.pool", "layers"),
        ("supervisor/journal/x.py", "import supervisor.service", "layers"),
        ("supervisor/broker/x.py", "import supervisor.cli", "layers"),
        ("supervisor/broker/sockets/x.py", "import supervisor.service", "layers"),
        ("supervisor/broker/x.py", "import supervisor.reading", "layers"),
        ("supervisor/reading/x.py", "import supervisor.gateway", "layers"),
        ("supervisor/reading/x.py", "import workers.reading_process", "never imports the workers"),
        ("supervisor/pool/x.py", "import workers.engines", "never imports the workers"),
        ("supervisor/pool/x.py", "import onnxruntime", "no engine code"),
        ("supervisor/cli/x.py", "import hibari", "no engine code"),
        ("supervisor/cli/x.py", "import supervisor.testing", "layers"),
        ("supervisor/novel.py", "", "layers"),
        ("supervisor/broker/x.py", "import numpy", "holds no audio"),
        ("supervisor/service/x.py", "import supervisor.client.y", "holds no audio"),
        ("supervisor/journal/x.py", "import numpy", "holds no audio"),
        ("supervisor/pool/x.py", "import supervisor.client.y", "holds no audio"),
        ("supervisor/client/x.py", "import psutil", "a client uses the wire"),
        ("supervisor/client/x.py", "import av", "a client uses the wire"),
        ("supervisor/client/x.py", "import supervisor.broker", "a client uses the wire"),
        ("supervisor/client/x.py", "import supervisor.service", "a client uses the wire"),
        ("workers/x.py", "import supervisor.broker", "workers use the wire"),
        ("workers/engines/x.py", "import supervisor.core", "workers use the wire"),
        ("supervisor/wire/x.py", "import zmq", "is light"),
        ("supervisor/files.py", "import numpy", "is light"),
        ("supervisor/files.py", "import supervisor.config", "layers"),
        ("supervisor/libc.py", "import psutil", "is light"),
        ("supervisor/core/x.py", "import supervisor.files", "layers"),
        ("supervisor/tracing/x.py", "import opentelemetry.sdk", "loads OpenTelemetry"),
        ("supervisor/service/x.py", "import requests", "loads OpenTelemetry"),
        ("workers/text/x.py", "import workers.engines.x", "depends on no engine"),
        ("workers/x.py", "import google.protobuf", "loads OpenTelemetry"),
        ("supervisor/fleet/x.py", "import nats.aio.client", "one package alone speaks to NATS"),
        ("supervisor/client/x.py", "import nkeys", "one package alone speaks to NATS"),
        ("supervisor/service/x.py", "import supervisor.fleet", "knows nothing of NATS"),
        ("supervisor/broker/x.py", "import supervisor.nats", "knows nothing of NATS"),
    ],
)
def test_a_planted_violation_is_found(tree: Path, module: str, line: str, contract: str) -> None:
    """One forbidden import breaks the contract that forbids it."""
    (tree / "supervisor/client/y.py").write_text("import numpy\n")
    (tree / module).write_text(f"{line}\n")
    outcome = lint(tree)
    broken = [text for text in outcome.stdout.splitlines() if text.endswith("BROKEN")]
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert any(contract in text for text in broken), outcome.stdout


@pytest.mark.parametrize(
    "path",
    [
        *(
            ROOT / f"supervisor/{name}.py"
            for name in ("lexicon", "marks", "phonemes", "speech", "wording")
        ),
        *sorted((ROOT / "supervisor/core").rglob("*.py")),
    ],
    ids=lambda p: p.stem,
)
def test_core_imports_only_what_is_pure(path: Path) -> None:
    """A list of what is allowed also stops the impure module that nobody thought to forbid."""
    for name in imported(ast.parse(path.read_text())):
        allowed = any(name == pure or name.startswith(f"{pure}.") for pure in PURE)
        assert allowed, f"{path.relative_to(ROOT)} imports {name}"


def imported(tree: ast.Module) -> set[str]:
    """Every module that is imported anywhere in the file, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names
