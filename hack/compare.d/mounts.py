# SPDX-License-Identifier: Apache-2.0
"""A container's mounts in a form that can be compared: read from outside, through /proc/PID."""

import os
import re
import stat

# nothing of the user's is in these, and the kernel fills them
NO_CONTENT = {"proc", "sysfs", "cgroup", "cgroup2", "mqueue", "devpts"}
PROBE = ".probe"
COUNT = ".count"  # the container's process writes it, see main.SCRIPT


def unescape(text):
    return re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), text)


class Row:
    def __init__(self, line):
        left, right = line.rstrip("\n").split(" - ", 1)
        left = left.split(" ")
        self.id, self.parent_id, self.dev = int(left[0]), int(left[1]), left[2]
        self.root, self.mountpoint = unescape(left[3]), unescape(left[4])
        self.flags = set(left[5].split(","))
        self.tags = dict((t.split(":") + [""])[:2] for t in left[6:])
        self.fstype = right.split(" ")[0]


def read(pid="self"):
    with open(f"/proc/{pid}/mountinfo", errors="surrogateescape") as f:
        return [Row(line) for line in f]


def groups(rows):
    return {g for r in rows for k, g in r.tags.items() if k in ("shared", "master")}


def depth(row, by_id):
    n = 0
    while row.parent_id in by_id and row.parent_id != row.id:
        row, n = by_id[row.parent_id], n + 1
    return n


def propagation(row, rows, host_groups):
    """Host's groups by number; the container's own by the first mount that is in them."""

    def name(group):
        if group in host_groups:
            return f"the host's group {group}"
        return "group of " + min(r.mountpoint for r in rows if group in r.tags.values())

    words = []
    if "shared" in row.tags:
        words.append("shared in " + name(row.tags["shared"]))
    if "master" in row.tags:
        words.append("slave of " + name(row.tags["master"]))
    if "unbindable" in row.tags:
        words.append("unbindable")
    return ", ".join(words) or "private"


def entry(path, name):
    full = os.path.join(path, name)
    st = os.lstat(full)
    text = None
    if stat.S_ISREG(st.st_mode) and st.st_size < 4096:
        with open(full, "rb") as f:
            text = f.read()
    return name, stat.S_IFMT(st.st_mode), st.st_uid, text


def content(path, st):
    if stat.S_ISREG(st.st_mode):
        return entry(os.path.dirname(path), os.path.basename(path))[2:]
    if not stat.S_ISDIR(st.st_mode):
        return None
    return sorted(entry(path, n) for n in os.listdir(path) if n not in (PROBE, COUNT))


def is_writable(path, st):
    try:
        if stat.S_ISDIR(st.st_mode):
            probe = os.path.join(path, PROBE)
            os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
            os.unlink(probe)
        elif stat.S_ISREG(st.st_mode):
            os.close(os.open(path, os.O_WRONLY))
        elif stat.S_ISCHR(st.st_mode):
            os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY))
        else:
            return None
    except OSError:
        return False
    return True


def look(pid, mountpoint, fstype):
    """What a process finds at this path."""
    path = f"/proc/{pid}/root" + mountpoint
    try:
        st = os.lstat(path)
    except OSError as e:
        return {"kind": e.strerror}
    seen = {"kind": (stat.S_IFMT(st.st_mode), st.st_rdev)}
    if fstype in NO_CONTENT:
        return seen
    seen["writable"] = is_writable(path, st)
    if mountpoint != "/":
        seen["content"] = content(path, st)
    return seen


def snapshot(pid):
    """{mountpoint: [row, ...]}, of those stacked on one mountpoint the top one last"""
    rows, host = read(pid), read()
    by_id = {r.id: r for r in rows}
    host_devs, host_groups = {r.dev for r in host}, groups(host)
    found = {}
    for row in sorted(rows, key=lambda r: depth(r, by_id)):
        parent = by_id.get(row.parent_id)
        found.setdefault(row.mountpoint, []).append({
            "parent": parent.mountpoint if parent else None,
            "file system": row.fstype,
            "source": f"{row.dev} {row.root}" if row.dev in host_devs else f"own {row.root}",
            "flags": " ".join(sorted(row.flags)),
            "propagation": propagation(row, rows, host_groups),
        })
    for mountpoint, stack in found.items():
        stack[-1].update(look(pid, mountpoint, stack[-1]["file system"]))
    return found


def difference(what, a, b):
    if what == "flags":
        a, b = set(a.split()), set(b.split())
        return " ".join([f"+{f}" for f in sorted(b - a)] + [f"-{f}" for f in sorted(a - b)])
    if what == "writable":
        return "writable" if b else "not writable"
    if what == "content":
        return "other content"
    if what == "source":
        return "cut off from the host" if b.startswith("own") else "another source"
    return f"{what}: {b}" if isinstance(b, str) else f"another {what}"


def differences(expected, got):
    """({mountpoint: [words]}, [what was and what is, at length])"""
    found, details = {}, []
    for mountpoint in sorted(set(expected) | set(got)):
        a, b = expected.get(mountpoint, []), got.get(mountpoint, [])
        words = []
        if len(a) != len(b):
            words.append("missing" if not b else "not wanted" if not a else
                         f"{len(b)} mounts there, not {len(a)}")
        for old, new in zip(a, b):
            other = [k for k in old if old[k] != new.get(k)]
            words += [difference(k, old[k], new.get(k)) for k in other]
            details += [f"{mountpoint}: {k}: {old[k]!r}, now {new.get(k)!r}" for k in other]
        if words:
            found[mountpoint] = words
    return found, details
