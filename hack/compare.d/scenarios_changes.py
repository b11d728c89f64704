# SPDX-License-Identifier: Apache-2.0
"""Scenarios of hack/compare: what happens to mounts, sources and config.json after the start."""

import os

from case import scenario, sh
from scenarios_mounts import shared_source


# --- what happens while it runs -------------------------------------------------------------------

@scenario
def source_deleted(c):
    """the source file deleted"""
    c.bind(c.make_file("f"), "/data/file")
    yield
    os.unlink(c.dir + "/f")


@scenario
def source_dir_deleted(c):
    """the source directory deleted"""
    os.mkdir(c.dir + "/gone")
    c.bind(c.dir + "/gone", "/data")
    yield
    os.rmdir(c.dir + "/gone")


@scenario
def source_replaced(c):
    """the source file replaced by another of its name"""
    c.bind(c.make_file("f", "old"), "/data/file")
    yield
    os.rename(c.make_file("g", "new"), c.dir + "/f")


@scenario
def source_unmounted(c):
    """the source's disk unmounted on the host"""
    c.bind(c.host_ext4(c.dir + "/mnt"), "/data")
    yield
    sh("umount", c.dir + "/mnt")


@scenario
def moved(c):
    """a mount moved in the container"""
    c.bind(c.make_dir("a"), "/data")
    yield
    c.inside("mkdir /elsewhere && mount --move /data /elsewhere")
    c.name = "/elsewhere"


@scenario
def renamed(c):
    """a mountpoint's parent renamed in the container"""
    c.bind(c.make_dir("a"), "/data/in")
    yield
    c.inside("mv /data /renamed")
    c.name = "/renamed/in"


@scenario
def unmounted(c):
    """a mount unmounted in the container"""
    c.bind(c.make_dir("a"), "/data")
    yield
    c.inside("umount /data")


@scenario
def tmpfs_on_bind(c):
    """a tmpfs mounted over a bind"""
    c.bind(c.make_dir("a"), "/data")
    yield
    c.inside("mount -t tmpfs tmpfs /data && echo precious >/data/file")


@scenario
def new_tmpfs(c):
    """a tmpfs mounted in the container"""
    yield
    c.inside("mkdir /data/t && mount -t tmpfs tmpfs /data/t && echo precious >/data/t/file")


@scenario
def new_bind(c):
    """a bind of a bind made in the container"""
    c.bind(c.make_dir("a"), "/data")
    yield
    c.inside("mkdir /again && mount --bind /data /again")


@scenario
def new_bind_of_root(c):
    """a bind of a directory of the root made in the container"""
    yield
    c.inside("mkdir /again && mount --bind /data /again")


@scenario
def propagated(c):
    """a mount that came in from the host later"""
    a = c.host_tmpfs(c.dir + "/a", mark="a")
    sh("mount", "--make-shared", a)
    c.bind(a, "/data", "rbind", "rslave")
    c.name = "/data/later"
    c.needs = "/data/later", "file system", "tmpfs"
    yield
    c.host_tmpfs(a + "/later", mark="later")


@scenario
def nested_namespace(c):
    """a mount namespace made in the container"""
    c.bind(c.make_dir("a"), "/data")
    for caps in c.config["process"]["capabilities"].values():
        caps.append("CAP_SYS_ADMIN")
    c.config["process"]["args"][2] = "unshare -m sleep 1000 & " + c.config["process"]["args"][2]
    yield


# --- another config.json at the restore -----------------------------------------------------------

@scenario
def remap(c):
    """another source"""
    c.bind(c.make_dir("a"), "/data")
    yield
    yield
    c.entry()["source"] = c.make_dir("b")
    c.fresh = ["/data"]


@scenario
def remap_file(c):
    """another source file, read-only"""
    c.bind(c.make_file("f", "old"), "/data/file", "bind", "ro")
    yield
    yield
    c.entry("/data/file")["source"] = c.make_file("g", "new")
    c.fresh = ["/data/file"]


@scenario
def drop_mount(c):
    """a mount dropped from the config"""
    c.bind(c.make_dir("a"), "/data")
    yield
    yield
    c.drop()


@scenario
def add_mount(c):
    """a mount added to the config"""
    yield
    yield
    c.bind(c.make_dir("a"), "/data", "rbind", "ro")
    c.fresh = ["/data"]


@scenario
def config_ro(c):
    """a mount made read-only in the config"""
    c.bind(c.make_dir("a"), "/data")
    yield
    yield
    c.entry()["options"].append("ro")
    c.fresh = ["/data"]


@scenario
def config_rw(c):
    """a mount made writable in the config"""
    c.bind(c.make_dir("a"), "/data", "rbind", "ro")
    yield
    yield
    c.entry()["options"].remove("ro")
    c.fresh = ["/data"]


@scenario
def config_moved(c):
    """a mount's destination changed in the config"""
    c.bind(c.make_dir("a"), "/data")
    yield
    yield
    c.entry()["destination"] = "/data2"


@scenario
def kind_mismatch(c):
    """a file where a directory was"""
    c.bind(c.make_dir("a"), "/data")
    yield
    yield
    c.entry()["source"] = c.make_file("f")


@scenario
def source_missing(c):
    """the source is missing"""
    c.bind(c.make_dir("a"), "/data")
    yield
    yield
    sh("rm", "-r", c.dir + "/a")


@scenario
def mountpoint_missing(c):
    """the mountpoint is missing in the root"""
    c.bind(c.make_dir("a"), "/data/deep/er")
    yield
    yield
    sh("rm", "-r", c.rootfs + "/data")


@scenario
def mountpoint_missing_in_bind(c):
    """the mountpoint is missing in another bind's new source"""
    c.bind(c.make_dir("a"), "/data")
    c.bind(c.make_dir("b"), "/data/sub")
    yield
    yield
    c.entry()["source"] = c.make_dir("new")
    c.fresh = ["/data"]


@scenario
def mountpoint_link(c):
    """the mountpoint is a symlink now, to a directory of the host"""
    c.bind(c.make_dir("a"), "/data")
    c.make_dir("victim")
    yield
    yield
    os.rmdir(c.rootfs + "/data")
    os.symlink(c.dir + "/victim", c.rootfs + "/data")
