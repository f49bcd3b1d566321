"""Which cgroup directories bound the process."""

from __future__ import annotations

from supervisor.host.cgroups import Group, GroupFinder
from tests.fixtures.hosts.files import HostFiles, base, membership
from tests.fixtures.hosts.tree import HostTree
from tests.unit.host.conftest import MakeHost


def relative(tree: HostTree, group: Group) -> list[str]:
    """The levels as paths of the machine."""
    return [level.removeprefix(str(tree.root)) for level in group.levels]


def test_levels_run_from_the_own_group_to_the_mount(make_host: MakeHost) -> None:
    """v1: every ancestor counts, in the mount of the right controller."""
    tree = make_host("cgroup-v1")
    groups = GroupFinder(tree.host).current()
    (cpu,) = groups.cpu
    mount = "/sys/fs/cgroup/cpu,cpuacct"
    assert cpu.version == 1
    assert relative(tree, cpu) == [
        f"{mount}/batch.slice/tts.service",
        f"{mount}/batch.slice",
        mount,
    ]
    assert relative(tree, groups.cpuset[0]) == ["/sys/fs/cgroup/cpuset"]


def test_hybrid_finds_both_versions(make_host: MakeHost) -> None:
    """The cpu controller of v1 and the unified tree of v2 both bound the process."""
    groups = GroupFinder(make_host("cgroup-hybrid").host).current()
    assert [group.version for group in groups.cpu] == [1, 2]
    assert [group.version for group in groups.memory] == [2]


def test_container_without_namespace_is_its_mount(make_host: MakeHost) -> None:
    """The host's path is cut by the mount's root, so the group is the mount point itself."""
    tree = make_host("container-cpuset-3")
    (group,) = GroupFinder(tree.host).current().cpuset
    assert relative(tree, group) == ["/sys/fs/cgroup"]


def test_group_outside_the_mount_is_the_mount(make_host: MakeHost) -> None:
    """A path that only begins like the mount's root, or leads out of it, is not followed."""
    tree = make_host("container-cpuset-3")
    for path in ("/system.slice/docker-4f5e.scope-2/x", "/../elsewhere"):
        tree.write("proc/self/cgroup", f"0::{path}\n")
        (group,) = GroupFinder(tree.host).current().cpuset
        assert relative(tree, group) == ["/sys/fs/cgroup"]


def test_a_move_to_another_group_is_seen(make_host: MakeHost) -> None:
    """When the process is moved, the next look finds the new directories."""
    tree = make_host("cgroup-v1")
    finder = GroupFinder(tree.host)
    assert len(finder.current().cpu[0].levels) == 3
    text = (tree.root / "proc/self/cgroup").read_text()
    tree.write("proc/self/cgroup", text.replace("/tts.service", ""))
    assert len(finder.current().cpu[0].levels) == 2


def test_mount_point_with_a_space(make_host: MakeHost) -> None:
    """The octal escapes of mountinfo are undone."""
    files: HostFiles = base(1, memory_mb=1, available_mb=1)
    membership(files, {"": "/a"}, ["/ /mnt/c\\040g cgroup2 rw"])
    tree = make_host("vm-2")
    for path in ("proc/self/cgroup", "proc/self/mountinfo"):
        tree.write(path, files.files[path])
    (group,) = GroupFinder(tree.host).current().cpu
    assert relative(tree, group) == ["/mnt/c g/a", "/mnt/c g"]


def test_no_cgroups_at_all(make_host: MakeHost) -> None:
    """A kernel without cgroups bounds nothing."""
    tree = make_host("vm-2")
    tree.remove("proc/self/cgroup")
    assert GroupFinder(tree.host).current().cpu == ()
