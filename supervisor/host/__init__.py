"""Readings of this machine: topology, limits, CPU times, thermal, memory, pressure.

`roots.Host` locates /proc and /sys; `monitor.CPUUtilizationMonitor` puts all readings into one
`sample.Sample` per interval. Nothing here decides anything: the records go to `supervisor.core`.
A value that the machine does not report is None, never a guess. `children`, `open_files`,
`service_manager` and `signals` are what this process asks of the system.
"""
