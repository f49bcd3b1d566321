"""`POST /page/simulation`: the recorded hour under other settings.

The simulation runs in a process of its own (`rehearsal`) at the lowest priority, one at
a time and within bounds of time, so neither this loop nor the workers wait for it.
"""

from __future__ import annotations

import asyncio
import sys
from typing import NoReturn

import msgspec
from aiohttp import web
from pydantic import ValidationError

from supervisor.config.sections.performance import DynamicCpuAllocation
from supervisor.core.allocation.policy import Policy
from supervisor.gateway.bodies import SETTINGS_BYTES, parse, read_body
from supervisor.gateway.context import Context
from supervisor.gateway.errors import SERVER, ApiError
from supervisor.gateway.page.data import UNCACHED
from supervisor.gateway.page.recorder import Recorder
from supervisor.gateway.page.task import Result, Task
from supervisor.gateway.page.trial import Trial

LIMIT_S = 60.0
"""Seconds that a simulation may take."""

LEAST_SAMPLES = 10


def routes(context: Context, recorder: Recorder) -> list[web.RouteDef]:
    """POST /page/simulation."""
    busy = asyncio.Lock()

    async def simulation(request: web.Request) -> web.Response:
        trial = parse(await read_body(request, SETTINGS_BYTES), Trial)
        _check(trial)
        if busy.locked():
            raise ApiError(429, "another simulation runs", code="busy", retry_after_s=1)
        async with busy:
            task = await _task(context, recorder, trial)
            result = await _rehearse(task)
        return web.json_response(msgspec.to_builtins(result), headers=UNCACHED)

    return [web.post("/page/simulation", simulation)]


def _check(trial: Trial) -> None:
    """Check the trial as config.json is checked. Raises ApiError."""
    try:
        DynamicCpuAllocation.model_validate(msgspec.structs.asdict(trial))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or first.get("ctx", {}).get("low")
        text = f"{place}: {first['msg']}" if place else first["msg"]
        raise ApiError(400, text, code="bad_value", param=place) from None


async def _task(context: Context, recorder: Recorder, trial: Trial) -> Task:
    """The task: recorded hour, machine and settings."""
    status = (await context.status.get()).status
    recorder.take(status)
    samples = recorder.samples
    if len(samples) < LEAST_SAMPLES:
        raise ApiError(409, "too little is recorded yet; try again in a while", code="no_trace")
    in_force = msgspec.convert(status.allocation.policy, Policy)
    welcome = await context.welcome()
    return Task(
        samples=samples,
        cores=status.allocation.system_info.effective_cpus.usable_count,
        engine=welcome.default_engine,
        in_force=in_force,
        trial=msgspec.structs.replace(in_force, **msgspec.structs.asdict(trial)),
    )


async def _rehearse(task: Task) -> Result:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "supervisor.gateway.page.rehearsal",
        str(int(LIMIT_S)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            answer, _ = await process.communicate(msgspec.json.encode(task))
    except TimeoutError:
        _give_up(f"the simulation takes longer than {LIMIT_S:.0f} s")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        _give_up("the simulation failed; see the gateway's log")
    return msgspec.json.decode(answer, type=Result)


def _give_up(reason: str) -> NoReturn:
    raise ApiError(503, reason, type=SERVER, code="no_simulation", retry_after_s=5)
