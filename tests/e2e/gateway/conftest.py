"""One gateway for all tests that leave it as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised


@pytest.fixture(scope="session")
def gateway(
    running_supervisor: Supervised, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Serving]:
    """A gateway without keys; it must neither fail inside nor complain until the end. Its books are
    its own: one gateway at a time has those of a directory.
    """
    state = {"SUPERVISOR_STATE_DIR": str(tmp_path_factory.mktemp("state"))}
    with Serving({**running_supervisor.environ, **state}) as serving:
        yield serving
        assert serving.stop() == 0, serving.output
        assert "Traceback" not in serving.output, serving.output
        assert " failed" not in serving.output, serving.output
