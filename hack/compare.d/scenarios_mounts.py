# SPDX-License-Identifier: Apache-2.0
"""
Scenarios of hack/compare: what the mounts are. How to write one is told in case.py, at `scenario`.
"""

import os
import socket

from case import scenario, sh


# --- plain binds ----------------------------------------------------------------------------------

@scenario
def rw_bind(c):
    """a bind, read-write"""
    c.bind(c.make_dir("a"), "/data")
    yield


@scenario
def ro_bind(c):
    """a bind, read-only"""
    c.bind(c.make_dir("a"), "/data", "rbind", "ro")
    yield


@scenario
def ro_twice(c):
    """one source twice, both read-only"""
    a = c.make_dir("a")
    c.bind(a, "/data", "bind", "ro")
    c.bind(a, "/data2", "bind", "ro")
    yield


@scenario
def ro_nested_source(c):
    """a read-only bind, and one of a directory in its source"""
    a = c.make_dir("a")
    c.bind(a, "/data", "bind", "ro")
    c.bind(c.make_dir("a/sub"), "/data2", "bind", "ro")
    yield


@scenario
def flags_twice(c):
    """one source twice with nosuid, nodev, noexec, noatime"""
    a = c.make_dir("a")
    for d in "/data", "/data2":
        c.bind(a, d, "bind", "nosuid", "nodev", "noexec", "noatime")
    yield


@scenario
def file_bind(c):
    """a file, read-write"""
    c.bind(c.make_file("f"), "/data/file")
    yield


@scenario
def file_ro(c):
    """a file, read-only, as /etc/resolv.conf"""
    c.bind(c.make_file("f"), "/etc/resolv.conf", "bind", "ro")
    yield


@scenario
def socket_bind(c):
    """a unix socket"""
    s = socket.socket(socket.AF_UNIX)
    s.bind(c.dir + "/s")
    s.listen()
    c.bind(c.dir + "/s", "/data/socket")
    yield
    yield
    s.close()


@scenario
def fifo_bind(c):
    """a fifo"""
    os.mkfifo(c.dir + "/fifo")
    c.bind(c.dir + "/fifo", "/data/fifo")
    yield


@scenario
def device_bind(c):
    """a device bound in"""
    c.bind("/dev/zero", "/data/zero", "bind", "dev")
    yield


@scenario
def device_made(c):
    """a device of linux.devices"""
    c.config["linux"]["devices"] = [{"path": "/dev/mine", "type": "c", "major": 1, "minor": 5}]
    c.config["linux"]["resources"]["devices"].append(
        {"allow": True, "type": "c", "major": 1, "minor": 5, "access": "rwm"})
    yield


@scenario
def hundred(c):
    """a hundred binds"""
    for i in range(100):
        c.bind(c.make_dir(f"a/{i}"), f"/m/{i}", "rbind", *["ro"][: i % 2])
    yield


# --- the root, tmpfs, masks, cgroups --------------------------------------------------------------

@scenario
def root_ro(c):
    """a read-only root"""
    c.config["root"]["readonly"] = True
    c.bind(c.make_dir("a"), "/data")
    c.name = "/"
    yield


@scenario
def root_ro_no_tmp(c):
    """a read-only root without a /tmp"""
    c.config["root"]["readonly"] = True
    os.rmdir(c.rootfs + "/tmp")
    c.name = "/"
    yield


@scenario
def tmpfs_content(c):
    """a tmpfs with content"""
    c.tmpfs("/data", "size=1m", "nosuid")
    yield
    c.inside("echo precious >/data/file")


@scenario
def masked_proc(c):
    """masked files of /proc"""
    c.config["linux"]["maskedPaths"] = ["/proc/kcore", "/proc/keys", "/proc/timer_list"]
    c.name = "/proc/kcore"
    yield


@scenario
def masked_files(c):
    """masked files of the root"""
    for f in "one", "two":
        with open(f"{c.rootfs}/etc/{f}", "w") as out:
            out.write("secret\n")
    c.config["linux"]["maskedPaths"] = ["/etc/one", "/etc/two"]
    c.name = "/etc/one"
    yield


@scenario
def masked_dirs(c):
    """masked directories, read-only paths"""
    c.config["linux"]["maskedPaths"] = ["/sys/firmware", "/etc"]
    c.config["linux"]["readonlyPaths"] = ["/proc/sys", "/data"]
    yield


@scenario
def cgroup_mount(c):
    """cgroups, without a cgroup namespace"""
    c.config["mounts"].append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
                               "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]})
    c.name = "/sys/fs/cgroup"
    c.needs_cgroups = True
    yield


@scenario
def cgroup_mount_ns(c):
    """cgroups, with a cgroup namespace"""
    yield from cgroup_mount_in(c)


def cgroup_mount_in(c):
    c.config["linux"]["namespaces"].append({"type": "cgroup"})
    yield from cgroup_mount(c)


# --- mounts below mounts --------------------------------------------------------------------------

@scenario
def sub_tmpfs(c):
    """rbind of a tree with the host's tmpfs in it"""
    a = c.make_dir("a")
    c.host_tmpfs(a + "/sub", mark="tmpfs")
    c.bind(a, "/data")
    c.name = "/data/sub"
    yield


@scenario
def sub_bind(c):
    """rbind of a tree with a bind in it"""
    a = c.make_dir("a")
    c.make_dir("a/sub")
    sh("mount", "--bind", c.make_dir("other"), a + "/sub")
    c.bind(a, "/data")
    c.name = "/data/sub"
    yield


@scenario
def sub_ext4(c):
    """rbind of a tree with a disk in it"""
    a = c.make_dir("a")
    c.host_ext4(a + "/sub")
    c.bind(a, "/data")
    c.name = "/data/sub"
    yield


@scenario
def whole_disk(c):
    """a whole disk (ext4)"""
    c.bind(c.host_ext4(c.dir + "/mnt"), "/data")
    yield


@scenario
def host_tmpfs(c):
    """a whole tmpfs of the host"""
    c.bind(c.host_tmpfs(c.dir + "/mnt", mark="host"), "/data")
    yield


@scenario
def overlay_source(c):
    """a directory of another overlay"""
    m = c.make_dir("merged")
    sh("mount", "-t", "overlay", "-o", f"lowerdir={c.make_dir('low')},upperdir={c.make_dir('up')},"
       f"workdir={c.make_dir('work')}", "overlay", m)
    c.bind(m, "/data")
    yield


@scenario
def bind_in_bind(c):
    """a bind in a bind"""
    c.bind(c.make_dir("a"), "/data")
    c.bind(c.make_dir("b"), "/data/sub", "rbind", "ro")
    yield


@scenario
def bind_in_tmpfs(c):
    """a bind in a tmpfs"""
    c.tmpfs("/data")
    c.bind(c.make_dir("a"), "/data/sub")
    yield


@scenario
def tmpfs_in_bind(c):
    """a tmpfs in a bind"""
    c.bind(c.make_dir("a"), "/data")
    c.tmpfs("/data/sub")
    yield
    c.inside("echo precious >/data/sub/file")


@scenario
def bind_on_bind(c):
    """two binds on one destination"""
    c.bind(c.make_dir("a"), "/data")
    c.bind(c.make_dir("b"), "/data")
    yield


@scenario
def rro(c):
    """recursively read-only (rro) with a submount"""
    a = c.make_dir("a")
    c.host_tmpfs(a + "/sub", mark="tmpfs")
    c.bind(a, "/data", "rbind", "rro")
    c.needs = "/data/sub", "flags", "ro"
    yield


# --- names ----------------------------------------------------------------------------------------

@scenario
def source_symlink(c):
    """a source that is a symlink"""
    os.symlink(c.make_dir("a"), c.dir + "/link")
    c.bind(c.dir + "/link", "/data")
    yield


@scenario
def source_relative(c):
    """a source relative to the bundle"""
    c.make_dir("bundle/rel")
    c.bind("rel", "/data")
    yield


@scenario
def destination_symlink(c):
    """a destination that is a symlink"""
    os.symlink("/data", c.rootfs + "/link")
    c.bind(c.make_dir("a"), "/link")
    yield


@scenario
def destination_slashes(c):
    """a destination with a trailing slash, // and /./"""
    c.bind(c.make_dir("a"), "//data/./")
    yield


def named(c, *names):
    for i, name in enumerate(names):
        c.bind(c.make_dir(f"a{i}"), name, "rbind", "ro")
    c.name = names[-1]
    yield


@scenario
def name_space(c):
    """a space, a tab and a backslash in the name"""
    yield from named(c, "/da ta\tx\\y")


@scenario
def name_colon(c):
    """a colon in the name"""
    yield from named(c, "/da:ta")


@scenario
def name_key(c):
    """a name that looks like CRIU's key of another (/data and /data]:/etc)"""
    yield from named(c, "/data", "/data]:/etc")


@scenario
def name_newline(c):
    """a newline in the name"""
    yield from named(c, "/da\nta")


@scenario
def name_deleted(c):
    """a source named "x (deleted)\""""
    c.bind(c.make_dir("x (deleted)"), "/data")
    yield


# --- propagation, flags ---------------------------------------------------------------------------

def shared_source(c, name="a"):
    path = c.host_tmpfs(f"{c.dir}/{name}", mark=name)
    sh("mount", "--make-shared", path)
    return path


@scenario
def rslave(c):
    """rslave of a shared source"""
    c.bind(shared_source(c), "/data", "rbind", "rslave")
    c.needs = "/data", "propagation", "slave of the host"
    yield


@scenario
def rshared(c):
    """rshared with the host"""
    c.config["linux"]["rootfsPropagation"] = "shared"
    c.bind(shared_source(c), "/data", "rbind", "rshared")
    c.needs = "/data", "propagation", "shared in the host"
    yield


@scenario
def rslave_to_private(c):
    """rslave, then a source that isn't shared"""
    c.bind(shared_source(c), "/data", "rbind", "rslave")
    c.needs = "/data", "propagation", "slave of the host"
    yield
    yield
    c.entry()["source"] = c.make_dir("b")
    c.fresh = ["/data"]


@scenario
def two_slaves_split(c):
    """two slaves of one source, then of two"""
    a = shared_source(c)
    c.bind(a, "/data", "rbind", "rslave")
    c.bind(a, "/data2", "rbind", "rslave")
    c.needs = "/data2", "propagation", "slave of the host"
    yield
    yield
    c.entry("/data2")["source"] = shared_source(c, "b")
    c.fresh = ["/data2"]


@scenario
def unbindable(c):
    """unbindable"""
    c.bind(c.make_dir("a"), "/data", "bind", "unbindable")
    c.needs = "/data", "propagation", "unbindable"
    yield


@scenario
def idmapped(c):
    """idmapped"""
    a = c.make_dir("a")
    os.chown(a + "/mark", 1000, 1000)
    ids = [{"containerID": 0, "hostID": 5000, "size": 2000}]
    c.bind(a, "/data", "bind", "idmap", uidMappings=ids, gidMappings=ids)
    c.needs = "/data", "flags", "idmapped"
    yield


@scenario
def nosymfollow(c):
    """nosymfollow"""
    c.bind(c.make_dir("a"), "/data", "bind", "nosymfollow")
    c.needs = "/data", "flags", "nosymfollow"
    yield
