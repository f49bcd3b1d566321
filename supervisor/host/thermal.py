"""Temperature of the processor, and its counters of thermal throttling.

Sensors are looked up once: coretemp of Intel, k10temp and zenpower of AMD in hwmon, else
thermal zones that belong to the CPU (x86_pkg_temp, the zones of Arm chips). Chassis and
mainboard zones such as acpitz say nothing about the cores and are left out.
"""

from __future__ import annotations

import re

from supervisor.core.machine import Machine
from supervisor.host.roots import Host

_DRIVERS = frozenset({"coretemp", "k10temp", "zenpower"})
_CPU_ZONE = re.compile(r"x86_pkg_temp|cpu|core|cluster|^soc[-_]")
_HOTTEST = 150.0


class Thermometer:
    """The processor's sensors."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._inputs = _hwmon_inputs(host) or _zone_inputs(host)

    def temperature(self) -> float | None:
        """The hottest sensor in °C; None without a sensor or a plausible value.

        A sensor that is switched off or not wired up, as in virtual machines, reads 0;
        so 0 and less count as unknown. Raises OSError or ValueError if no sensor that
        was found can be read.
        """
        readings: list[float] = []
        fault: OSError | ValueError | None = None
        for path in self._inputs:
            try:
                readings.append(int(self._host.poll(path)) / 1000)
            except (OSError, ValueError) as error:
                fault = error
        if fault is not None and not readings:
            raise fault
        return max((value for value in readings if 0 < value < _HOTTEST), default=None)


class ThrottleCounters:
    """The processor's own counters of thermal throttling (Intel only)."""

    def __init__(self, host: Host, machine: Machine) -> None:
        """Choose one CPU per core and one per package: siblings count the same events."""
        cores = {(cpu.package, cpu.core): cpu.id for cpu in reversed(machine.cpus)}
        packages = {cpu.package: cpu.id for cpu in reversed(machine.cpus)}
        self._host = host
        candidates = [(cpu, "core") for cpu in cores.values()]
        candidates += [(cpu, "package") for cpu in packages.values()]
        paths = [
            f"{host.sys}/devices/system/cpu/cpu{cpu}/thermal_throttle/{scope}_throttle_count"
            for cpu, scope in candidates
        ]
        self._paths = [path for path in paths if host.read_if_present(path) is not None]

    def read(self) -> dict[str, int]:
        """Events since boot, by counter; empty where there are none. Raises OSError, ValueError."""
        counts: dict[str, int] = {}
        for path in self._paths:
            text = self._host.poll_if_present(path)
            if text is not None:
                counts[path] = int(text)
        return counts


def _hwmon_inputs(host: Host) -> tuple[str, ...]:
    found: list[str] = []
    base = f"{host.sys}/class/hwmon"
    for device in host.list(base):
        directory = f"{base}/{device}"
        driver = (host.read_if_present(f"{directory}/name") or b"").decode().strip()
        if driver in _DRIVERS:
            inputs = {
                f"{directory}/{name}": _label(host, directory, name)
                for name in host.list(directory)
                if re.fullmatch(r"temp\d+_input", name)
            }
            found += _choose(inputs)
    return tuple(found)


def _label(host: Host, directory: str, name: str) -> str:
    text = host.read_if_present(f"{directory}/{name.removesuffix('_input')}_label")
    return (text or b"").decode().strip()


def _choose(inputs: dict[str, str]) -> list[str]:
    """The sensor of the whole chip, or all sensors where there is none.

    Intel's package sensor is the hottest of its cores. On some AMD chips Tctl is Tdie
    plus a constant for the fan control, so Tdie is preferred.
    """
    for prefix in ("Package id", "Physical id", "Tdie", "Tctl"):
        chosen = [path for path, label in inputs.items() if label.startswith(prefix)]
        if chosen:
            return chosen
    return list(inputs)


def _zone_inputs(host: Host) -> tuple[str, ...]:
    base = f"{host.sys}/class/thermal"
    return tuple(
        f"{base}/{zone}/temp"
        for zone in host.list(base)
        if zone.startswith("thermal_zone")
        and _CPU_ZONE.search((host.read_if_present(f"{base}/{zone}/type") or b"").decode().lower())
    )
