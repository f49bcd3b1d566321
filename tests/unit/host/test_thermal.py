"""Temperature and thermal throttle counters."""

from __future__ import annotations

import pytest

from supervisor.host.thermal import Thermometer, ThrottleCounters
from supervisor.host.topology import read_machine
from tests.unit.host.conftest import MakeHost


@pytest.mark.parametrize(
    ("name", "celsius"),
    [
        ("vm-2", None),
        ("laptop-20", 74.0),
        ("server-64", 56.0),
        ("container-quota-1.5", 63.25),
        ("container-cpuset-3", 70.5),
        ("arm-big-little", 61.5),
    ],
)
def test_each_host(make_host: MakeHost, name: str, celsius: float | None) -> None:
    """The hottest package: coretemp, zenpower, k10temp (Tdie, not the shifted Tctl), Arm zones."""
    assert Thermometer(make_host(name).host).temperature() == celsius


def test_package_zone_without_hwmon(make_host: MakeHost) -> None:
    """Where coretemp is not loaded, the package's thermal zone stands in; acpitz never does."""
    tree = make_host("laptop-20")
    tree.write("sys/class/hwmon/hwmon5/name", "other\n")
    tree.write("sys/class/thermal/thermal_zone1/temp", "81000\n")
    tree.write("sys/class/thermal/thermal_zone0/temp", "99000\n")
    assert Thermometer(tree.host).temperature() == 81.0


def test_core_sensors_without_a_package_sensor(make_host: MakeHost) -> None:
    """Old processors have sensors for their cores only; the hottest counts."""
    tree = make_host("laptop-20")
    tree.write("sys/class/hwmon/hwmon5/temp1_label", "Core 99\n")
    tree.write("sys/class/hwmon/hwmon5/temp1_input", "20000\n")
    assert Thermometer(tree.host).temperature() == 73.0


@pytest.mark.parametrize("reading", ["0", "-40000", "999000"])
def test_implausible_is_unknown(make_host: MakeHost, reading: str) -> None:
    """A sensor that is off reads 0 and the like: that is unknown, not cold."""
    tree = make_host("arm-big-little")
    tree.write("sys/class/thermal/thermal_zone0/temp", reading + "\n")
    assert Thermometer(tree.host).temperature() is None


def test_one_broken_sensor_of_two(make_host: MakeHost) -> None:
    """The other socket's sensor goes on counting; with both broken it is a fault."""
    tree = make_host("server-64")
    thermometer = Thermometer(tree.host)
    tree.write("sys/class/hwmon/hwmon1/temp1_input", "")
    assert thermometer.temperature() == 55.0
    tree.write("sys/class/hwmon/hwmon0/temp1_input", "")
    with pytest.raises(ValueError, match="invalid literal"):
        thermometer.temperature()


def test_counters_count_each_core_and_package_once(make_host: MakeHost) -> None:
    """SMT siblings show the same events: 14 cores with 3 each and one package with 12."""
    tree = make_host("laptop-20")
    counts = ThrottleCounters(tree.host, read_machine(tree.host)).read()
    assert sum(counts.values()) == 14 * 3 + 12


def test_no_counters(make_host: MakeHost) -> None:
    """Other processors than Intel's keep none."""
    tree = make_host("arm-big-little")
    assert ThrottleCounters(tree.host, read_machine(tree.host)).read() == {}
