"""Find the control-group directories that bound a process, in cgroup v1, v2 or both.

Mount points come from its /proc/PID/mountinfo and paths from /proc/PID/cgroup, because
neither a fixed mount point nor one version can be relied on. `limits`, `memory` and `throttling`
read the files in these directories.
"""

from __future__ import annotations

import re
from posixpath import normpath
from typing import Literal

import msgspec

from supervisor.host.roots import Host

Controller = Literal["cpu", "cpuset", "memory"]


class Group(msgspec.Struct, frozen=True):
    """This process's group in one hierarchy. `levels`: its own directory first, the root last."""

    version: Literal[1, 2]
    levels: tuple[str, ...]


class Groups(msgspec.Struct, frozen=True):
    """The groups that bound this process, by controller; a hybrid setup has two of one kind."""

    cpu: tuple[Group, ...] = ()
    cpuset: tuple[Group, ...] = ()
    memory: tuple[Group, ...] = ()


class _Mount(msgspec.Struct, frozen=True):
    version: Literal[1, 2]
    root: str
    point: str
    options: frozenset[str]


class GroupFinder:
    """Finds the groups of this process, and again whenever it has been moved to others."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._memberships: bytes | None = None
        self._groups = Groups()

    def current(self) -> Groups:
        """The groups in force. Raises OSError or ValueError where they cannot be found."""
        path = self._host.process + "/cgroup"
        memberships = self._host.poll_if_present(path) or b""
        if memberships != self._memberships:
            self._groups = find_groups(self._host, memberships)
            self._memberships = memberships
        return self._groups


def find_groups(host: Host, memberships: bytes) -> Groups:
    """Join the memberships (content of /proc/self/cgroup) with the mounts."""
    mounts = _mounts(host)
    paths: dict[str, str] = {}
    for line in memberships.decode(errors="surrogateescape").splitlines():
        hierarchy, controllers, path = line.split(":", 2)
        for controller in controllers.split(",") if hierarchy != "0" else [""]:
            paths[controller] = path

    def of(controller: Controller) -> tuple[Group, ...]:
        found: list[Group] = []
        for mount in mounts:
            key = "" if mount.version == 2 else controller
            if key in paths and (mount.version == 2 or controller in mount.options):
                group = Group(mount.version, _levels(host, mount, paths[key]))
                if group not in found:
                    found.append(group)
        return tuple(found)

    return Groups(cpu=of("cpu"), cpuset=of("cpuset"), memory=of("memory"))


def _mounts(host: Host) -> tuple[_Mount, ...]:
    """The cgroup mounts; format in proc_pid_mountinfo(5)."""
    mounts: list[_Mount] = []
    text = host.read_if_present(host.process + "/mountinfo") or b""
    for line in text.decode(errors="surrogateescape").splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            root, point = (_unescape(field) for field in left.split(" ")[3:5])
            version: Literal[1, 2] = 2 if kind == "cgroup2" else 1
            mounts.append(_Mount(version, root, point, frozenset(options.split(","))))
    return tuple(mounts)


def _unescape(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)


def _levels(host: Host, mount: _Mount, path: str) -> tuple[str, ...]:
    """The directories from the group's own up to the mount point.

    A group outside the mount's root (in a container that sees only its own part of the tree, under
    the host's names) is represented by the mount point, the nearest that is visible.
    """
    root = mount.root.rstrip("/")
    inside = path.startswith(root + "/") and ".." not in path
    relative = normpath(path[len(root) :]).strip("/") if inside else ""
    levels = [host.at(mount.point)]
    for name in relative.split("/"):
        if name not in ("", "."):
            levels.append(f"{levels[-1]}/{name}")
    return tuple(reversed(levels))
