"""Addresses of the jobs."""

from __future__ import annotations

from typing import Final

JOBS: Final = "/v1/audio/jobs"
JOB: Final = JOBS + "/{id}"
AUDIO: Final = JOB + "/audio"
