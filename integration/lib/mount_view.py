#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a process sees of its mounts, as text that can be compared before and after a restore.

usage: mount_view.py view PID       its mounts, and what lies in each of them
       mount_view.py places PID     mountpoints where something can be written, each with a NUL
       mount_view.py tree DIR...    everything below: names, kinds, owners, contents
       mount_view.py unmount DIR    unmount all that is mounted below it

Nothing in a view depends on ids or device numbers that are new after a restore: mounts are walked from
the root down, file systems and peer groups of the container are called after their first mount, and
those of the host by where the host has them.
"""

import hashlib
import os
import re
import stat
import sys

KERNEL_FS = {b"proc", b"sysfs", b"cgroup", b"cgroup2", b"mqueue", b"devpts"}
MAX_ENTRIES = 200  # of one mount: /usr of the host is long
MAX_HASHED_BYTES = 1 << 16


class Mount:
    def __init__(self, line):
        left, right = line.rstrip(b"\n").rsplit(b" - ", 1)
        fields = left.split(b" ")
        self.id, self.parent, self.dev, self.root, self.mountpoint, self.flags = fields[:6]
        self.optional = fields[6:]
        self.fstype, self.source, self.super = (right.split(b" ") + [b""])[:3]
        self.children = []

    def group(self, name):
        for field in self.optional:
            if field.startswith(name + b":"):
                return field[len(name) + 1 :]
        return None


def mounts_of(pid):
    with open(f"/proc/{pid}/mountinfo", "rb") as f:
        return [Mount(line) for line in f]


def unescape(name):
    return re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m[1], 8)]), name)


def in_order(mounts):
    """Parents before children, children by mountpoint; what is stacked comes after what it lies on."""
    by_id = {m.id: m for m in mounts}
    roots = []
    for m in mounts:
        siblings = by_id[m.parent].children if m.parent in by_id and m.parent != m.id else roots
        siblings.append(m)
    todo = [(m, 0) for m in reversed(roots)]
    while todo:
        m, depth = todo.pop()
        yield m, depth
        todo += [(c, depth + 1) for c in sorted(m.children, key=lambda c: c.mountpoint)[::-1]]


class Names:
    """What has no name of its own is called after the first mount that has it."""

    def __init__(self):
        self.known, self.taken = {}, {}

    def get(self, what, mountpoint):
        if what not in self.known:
            n = self.taken[mountpoint] = self.taken.get(mountpoint, 0) + 1
            self.known[what] = mountpoint + (b"" if n == 1 else b" #%d" % n)
        return self.known[what]


class View:
    def __init__(self, host):
        self.host_devs = {m.dev for m in host}
        self.host_groups = {}
        for m in sorted(host, key=lambda m: m.mountpoint):
            if m.group(b"shared"):
                self.host_groups.setdefault(m.group(b"shared"), m.mountpoint)
        self.groups, self.filesystems = Names(), Names()

    def propagation(self, m):
        words = []
        for kind in (b"shared", b"master"):
            group = m.group(kind)
            if group in self.host_groups:
                words.append(kind + b" of the host's " + self.host_groups[group])
            elif group:
                words.append(kind + b" of " + self.groups.get(group, m.mountpoint))
        if b"unbindable" in m.optional:
            words.append(b"unbindable")
        return b", ".join(words) or b"private"

    def identity(self, m):
        if m.dev in self.host_devs:
            return b"host %s %s" % (m.dev, m.root)
        options = b",".join(sorted(m.super.split(b",")))
        return b"own %s %s (%s)" % (self.filesystems.get(m.dev, m.mountpoint), m.root, options)

    def line(self, m, depth):
        flags = b",".join(sorted(m.flags.split(b",")))
        return b"%s%s: %s, %s, %s, %s" % (
            b"  " * depth, m.mountpoint, m.fstype, flags, self.propagation(m), self.identity(m))


def entry_line(path, name):
    st = os.lstat(path)
    kind = {stat.S_IFDIR: b"dir", stat.S_IFREG: b"file", stat.S_IFLNK: b"link", stat.S_IFSOCK: b"socket",
            stat.S_IFIFO: b"fifo", stat.S_IFCHR: b"char", stat.S_IFBLK: b"block"}[stat.S_IFMT(st.st_mode)]
    words = [name.replace(b"\n", b"\\012"), kind, b"%o %d:%d" % (st.st_mode & 0o7777, st.st_uid, st.st_gid)]
    if kind == b"link":
        words.append(os.readlink(path))
    elif kind in (b"char", b"block"):
        words.append(b"%d:%d" % (os.major(st.st_rdev), os.minor(st.st_rdev)))
    elif kind == b"file":
        words.append(b"%d" % st.st_size)
        if 0 < st.st_size <= MAX_HASHED_BYTES:
            with open(path, "rb") as f:
                words.append(hashlib.md5(f.read()).hexdigest().encode()[:12])
    return b" ".join(words)


def below(path, skip, name=b""):
    """Lines for all below `path`, without what other mounts cover (`skip`), counters and logs."""
    for entry in sorted(os.listdir(path)):
        full, short = path + b"/" + entry, name + b"/" + entry
        if full in skip or entry.startswith((b"counter", b"stats-")) or entry.endswith((b".err", b".log")):
            continue
        try:
            yield entry_line(full, short)
            if stat.S_ISDIR(os.lstat(full).st_mode):
                yield from below(full, skip, short)
        except OSError as e:
            yield b"%s: %s" % (short, e.strerror.encode())


def mount_id_of(path):
    fd = os.open(path, os.O_PATH | os.O_NOFOLLOW)
    try:
        with open(f"/proc/self/fdinfo/{fd}", "rb") as f:
            return re.search(rb"mnt_id:\s*(\d+)", f.read())[1]
    finally:
        os.close(fd)


def visible(pid, mounts):
    """(mount, path) of those that a path leads to."""
    root = b"/proc/%d/root" % pid
    for m in mounts:
        path = root + unescape(m.mountpoint).rstrip(b"/")
        try:
            if mount_id_of(path if m.mountpoint != b"/" else path + b"/") == m.id:
                yield m, path
        except OSError:
            continue


def contents(pid, mounts):
    found = list(visible(pid, mounts))
    seen = {m.id for m, _ in found}
    skip = {path for _, path in found}
    for m in mounts:
        if m.id not in seen:
            yield b"%s: hidden" % m.mountpoint
    for m, path in found:
        if m.fstype in KERNEL_FS:
            continue
        yield entry_line(path + b"/." if m.mountpoint == b"/" else path, m.mountpoint + b":")
        if os.path.isdir(path):
            lines = below(path, skip - {path})
            yield from (b"    " + line for line, _ in zip(lines, range(MAX_ENTRIES)))


def view(pid):
    table = list(in_order(mounts_of(pid)))
    lines = View(mounts_of("self"))
    yield b"# mounts"
    yield from (lines.line(m, depth) for m, depth in table)
    yield b"# contents"
    yield from contents(pid, [m for m, _ in table])


def places(pid):
    table = [m for m, _ in in_order(mounts_of(pid)) if m.fstype not in KERNEL_FS]
    for m, path in visible(pid, table):
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
            yield unescape(m.mountpoint)


def unmount(top):
    for m in reversed(mounts_of("self")):
        path = unescape(m.mountpoint)
        if path.startswith(top + b"/"):
            os.spawnvp(os.P_WAIT, "umount", [b"umount", b"-l", path])


def main():
    command, *args = sys.argv[1:]
    out = sys.stdout.buffer
    if command == "view":
        out.writelines(line + b"\n" for line in view(int(args[0])))
    elif command == "places":
        out.writelines(path + b"\0" for path in places(int(args[0])))
    elif command == "tree":
        for top in args:
            out.writelines(line + b"\n" for line in below(os.fsencode(top), set()))
    elif command == "unmount":
        unmount(os.fsencode(args[0]))


main()
