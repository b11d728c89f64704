#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether a container sees only what it was given.

usage: declared.py PID ROOTFS PATH...

Every mount of process PID that shows something of the host's disks has to be ROOTFS, one of the host's
PATHs, or something below one of these; what shows one of the PATHs that end in ":ro" has to be read-only.
Other mounts have to be on file systems that the host doesn't have mounted, cgroups apart. Exit status 1
and a line for each that isn't so.
"""
import os
import re
import sys


def mounts(pid):
    for line in open(f"/proc/{pid}/mountinfo", errors="surrogateescape"):
        left, right = line.rstrip("\n").split(" - ", 1)
        _, _, dev, root, at, options = left.split(" ")[:6]
        yield dev, unescape(root), unescape(at), options.split(","), right.split(" ")[0]


def unescape(text):
    return re.sub(r"\\([0-7]{3})", lambda m: chr(int(m.group(1), 8)), text)


def place(path):
    """Where a path of the host lies: its device and its path within the file system."""
    path = os.path.realpath(path)
    best = None
    for dev, root, at, _, _ in mounts("self"):
        if is_below(path, at) and (best is None or len(at) >= len(best[2])):
            best = dev, root, at
    dev, root, at = best
    return dev, os.path.normpath(root.rstrip("/") + "/" + os.path.relpath(path, at))


def is_below(path, above):
    return path == above or path.startswith(above.rstrip("/") + "/")


def main():
    pid, rootfs, *paths = sys.argv[1:]
    given = [(*place(p.removesuffix(":ro")), p.endswith(":ro")) for p in [rootfs, *paths]]
    host = {dev for dev, _, _, _, _ in mounts("self")}
    bad = 0
    for dev, root, at, options, fstype in mounts(pid):
        if dev not in host or fstype in ("cgroup", "cgroup2"):
            continue
        above = [g for g in given if g[0] == dev and is_below(root, g[1])]
        # the one that fits best decides whether it may be writable
        above.sort(key=lambda g: len(g[1]))
        if not above or (above[-1][2] and "ro" not in options):
            print(f"{at}: {fstype} {dev} {root} {','.join(options)}")
            bad = 1
    sys.exit(bad)


main()
