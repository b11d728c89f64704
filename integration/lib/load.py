#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many of everything, for load.bats.

usage: load.py exec BUNDLES            one program in each of the tasks, all at once
       load.py checkpoint BUNDLES DIR  dump each of them to DIR/ID, four at once
       load.py execs BUNDLE N          N programs one after the other: does the shim grow?
       load.py cycles BUNDLE CONFIG ROOT N
                                       N tasks made and removed one after the other in the shim of the pod
                                       that BUNDLE's task is in: does the shim grow?
"""

import glob
import json
import os
import sys
import time

from shim_client import STOPPED, Client, address_of, children_of, fds_of, memory_of, process, run

AT_ONCE = 4
# what the allocator may keep; a leak of a page per round would be far beyond
GROWTH_KIB = 200


def clients(bundles):
    return {os.path.basename(b): Client(address_of(b)) for b in sorted(glob.glob(bundles))}


def all_at_once(tasks, method, parts):
    """One call per task, in flight at once, answers awaited afterwards."""
    streams = {t: c.send(method, (1, t), *parts(t)) for t, c in tasks.items()}
    return {t: tasks[t].receive(s) for t, s in streams.items()}


def do_exec(bundles):
    tasks = clients(bundles)
    program = process("/bin/sh", "-c", "exit 5")
    all_at_once(tasks, "Exec", lambda t: [(2, "e1"), (7, program)])
    all_at_once(tasks, "Start", lambda t: [(2, "e1")])
    all_at_once(tasks, "Wait", lambda t: [(2, "e1")])
    ends = all_at_once(tasks, "Delete", lambda t: [(2, "e1")])
    wrong = {t: end for t, end in ends.items() if end.get(2) != 5}
    assert not wrong, wrong
    print(len(ends))


def do_checkpoint(bundles, where):
    tasks = clients(bundles)
    names = list(tasks)
    for at in range(0, len(names), AT_ONCE):
        some = {t: tasks[t] for t in names[at:at + AT_ONCE]}
        for name in some:
            os.makedirs(f"{where}/{name}")
        all_at_once(some, "Checkpoint", lambda t: [(2, f"{where}/{t}")])
    print(len(names))


def usage(pid):
    """When it has come to rest: after 2 s without an event it closes that connection."""
    time.sleep(2.5)
    return fds_of(pid), memory_of(pid), len(children_of(pid))


def compare(what, before, after):
    print(f"# {what}: {before} before, {after} after", file=sys.stderr)
    assert after[0] == before[0], "fds"
    assert after[1] <= before[1] + GROWTH_KIB, "memory"
    assert after[2] == before[2], "children"


def shim_of(client, task):
    return client.call("Connect", (1, task))[1]


def do_execs(bundle, count):
    client, task = Client(address_of(bundle)), os.path.basename(bundle)
    pid = shim_of(client, task)
    for i in range(100):
        assert run(client, task, f"w{i}", "/bin/true") == 0
    before = usage(pid)
    for i in range(int(count)):
        assert run(client, task, f"e{i}", "/bin/sh", "-c", f"exit {i % 256}") == i % 256, i
    compare(f"{count} execs", before, usage(pid))


def cycle(client, bundle, config, name):
    os.makedirs(f"{bundle}/work", exist_ok=True)
    config["linux"]["cgroupsPath"] = f"/default/{name}"
    with open(f"{bundle}/config.json", "w", encoding="utf-8") as f:
        json.dump(config, f)
    client.call("Create", (1, name), (2, bundle))
    waiting = client.send("Wait", (1, name))
    client.call("Start", (1, name))
    assert client.receive(waiting).get(1) == 7
    assert client.call("State", (1, name))[4] == STOPPED
    assert client.call("Delete", (1, name)).get(2) == 7


def do_cycles(bundle, config_path, root, count):
    client, task = Client(address_of(bundle)), os.path.basename(bundle)
    pid = shim_of(client, task)
    with open(config_path, encoding="utf-8") as f:
        config = json.load(f)
    config["root"]["path"] = root
    config["process"]["args"] = ["/bin/sh", "-c", "exit 7"]
    base = os.environ["BATS_TEST_TMPDIR"]
    for i in range(100):
        cycle(client, f"{base}/c", config, f"w-{i}")
    before = usage(pid)
    for i in range(int(count)):
        cycle(client, f"{base}/c", config, f"c-{i}")
    compare(f"{count} tasks", before, usage(pid))


def main():
    what, *rest = sys.argv[1:]
    {"exec": do_exec, "checkpoint": do_checkpoint, "execs": do_execs, "cycles": do_cycles}[what](*rest)


main()
