#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A client that doesn't behave, for garbage.bats. Task t-1 runs.

usage: garbage.py WHAT BUNDLE

WHAT is one of the functions below that begin with do_. Each ends with a look whether the shim is what it was.
"""

import os
import random
import select
import socket
import struct
import sys
import time

from shim_client import (PAUSED, PAUSING, RUNNING, Client, Closed, Failed, address_of, children_of, fds_of, frame,
                         memory_of, message, request)

TASK = (1, "t-1")
UNKNOWN, INVALID, NOT_FOUND, EXHAUSTED, UNIMPLEMENTED = 2, 3, 5, 8, 12
GROWTH_KIB = 1024


def wait_until(seconds, what, is_true):
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, f"never became true: {what}"
        time.sleep(0.05)


def refused(code, client, stream):
    try:
        client.receive(stream)
    except Failed as why:
        assert why.code == code, why
        return why.text
    raise AssertionError(f"stream {stream} has got an answer")


def is_closed(client):
    """Whether the shim closes the connection, now or soon."""
    try:
        while select.select([client.sock], [], [], 5)[0]:
            client.take()
    except Closed:
        return True
    return False


class Shim:
    """The shim, and what it was like before."""

    def __init__(self, bundle):
        self.path = address_of(bundle)
        self.good = self.client()
        self.pid = self.good.call("Connect", TASK)[1]
        time.sleep(2.5)  # until it has closed its connection for events
        self.fds, self.memory = fds_of(self.pid), memory_of(self.pid)

    def client(self):
        return Client(self.path)

    def serves(self, seconds=1, states=(RUNNING,)):
        """An old client and a new one are answered in time."""
        for client in self.good, self.client():
            stream = client.send("State", TASK)
            assert client.receive(stream, seconds)[4] in states
        client.close()

    def is_as_before(self):
        self.serves()
        wait_until(10, "no more children", lambda: len(children_of(self.pid)) == 1)
        wait_until(10, "no more fds", lambda: fds_of(self.pid) == self.fds)
        wait_until(10, "no more memory", lambda: memory_of(self.pid) <= self.memory + GROWTH_KIB)

    def ticks(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as f:
            return sum(int(n) for n in f.read().rsplit(")", 1)[1].split()[11:13])


def do_random(shim):
    """Noise, with and without the head of a frame before it."""
    seed = int(os.environ.get("KEDGE_SEED") or random.randrange(1 << 32))
    print(f"# KEDGE_SEED={seed}", file=sys.stderr)
    rand = random.Random(seed)
    for i in range(200):
        client, noise = shim.client(), rand.randbytes(rand.randrange(1, 5000))
        try:
            client.write(frame(2 * i + 1, noise) if i % 2 else noise)
            client.write(frame(2 * i + 3, request("State", TASK)[:rand.randrange(40)]))
        except Closed:
            pass
        client.close()
    shim.serves()


def do_frames(shim):
    """Frames that are halved, too long, out of order or of no known type."""
    halves = [shim.client() for _ in range(20)]
    for size, client in enumerate(halves):
        client.write(frame(1, request("State", TASK))[:size])
    shim.serves()
    for size, client in enumerate(halves):
        client.stream = 1
        client.write(frame(1, request("State", TASK))[size:])
        assert client.receive(1)[4] == RUNNING
        client.close()
    client = shim.client()
    too_long = (4 << 20) + 1
    client.write(struct.pack(">IIBB", too_long, 1, 1, 0))
    assert "4 MiB" in refused(EXHAUSTED, client, 1)
    client.write(bytes(too_long))
    client.write(frame(4, request("State", TASK)))
    refused(INVALID, client, 4)
    client.write(frame(3, b"?", kind=3) + frame(3, b"", kind=77))
    client.write(frame(5, request("State", TASK)))
    assert client.receive(5)[4] == RUNNING
    client.write(frame(5, request("State", TASK)))
    refused(INVALID, client, 5)
    client.write(frame(7, b"\x0a\xff\xff\xff\xff\x0f"))
    refused(INVALID, client, 7)
    client.close()


def do_unknown(shim):
    """Services, methods and tasks that aren't there, and messages that aren't what they should be."""
    client = shim.client()
    ask = client.send
    for service in "", "containerd.task.v9.Task", "x" * 100000, "\xff", "a\0b":
        refused(UNIMPLEMENTED, client, ask("State", TASK, service=service))
    for method in "", "state", "Stat", "x" * 100000:
        refused(UNIMPLEMENTED, client, ask(method, TASK))
    for method in ("Create Start Delete Exec State Wait Kill Checkpoint Pids Pause Resume Update Stats Connect "
                   "CloseIO ResizePty Shutdown").split():
        client.stream += 2
        body = message((1, "containerd.task.v2.Task"), (2, method), (3, b"\x0a\x7fshort"))
        client.write(frame(client.stream, body))
        refused(INVALID, client, client.stream)
    for method in "Start Delete State Wait Kill Checkpoint Pids Pause Resume Update Stats".split():
        refused(NOT_FOUND, client, ask(method, (1, "none")))
        refused(NOT_FOUND, client, ask(method, (1, "../../etc")))
    for name in "../t-2", "a/b", "", "x" * 5000:
        refused(INVALID, client, ask("Create", (1, name), (2, "/tmp/none")))
    refused(INVALID, client, ask("Create", (1, "t-2"), (2, "relative")))
    refused(INVALID, client, ask("Kill", TASK, (3, 4000)))
    client.close()


def do_flight(shim):
    """10,000 requests in flight on eight connections, with all answers right, and others served meanwhile."""
    clients = [shim.client() for _ in range(8)]
    waits, asked = [], []
    for i in range(10000):
        client = clients[i % 8]
        if i % 2:
            waits.append((client, client.send("Wait", TASK)))
        else:
            asked.append((client, client.send(("State", "Pids", "Connect", "Stats")[i // 2 % 4], TASK)))
        if i % 1000 == 999:
            shim.serves(5)
    assert memory_of(shim.pid) < 20000, memory_of(shim.pid)
    for client, stream in asked:
        assert client.receive(stream)
    # two of the waiting clients leave
    gone = clients[:2]
    for client in gone:
        client.close()
    shim.serves()
    shim.good.call("Kill", TASK, (3, 9))
    for client, stream in waits:
        if client not in gone:
            assert client.receive(stream)[1] == 137
    for client in clients[2:]:
        client.close()


def do_kills(shim):
    """What each needs a process of the shim's, asked for 1,000 times at once."""
    client = shim.client()
    streams = [client.send("Kill", TASK, (3, 0), (4, 1)) for _ in range(500)]
    streams += [client.send(("Pause", "Resume")[i % 2], TASK) for i in range(500)]
    most = 0
    shim.serves(5, (RUNNING, PAUSED, PAUSING))
    while len(client.answers) < len(streams):
        most = max(most, len(children_of(shim.pid)))
        client.take()
    for stream in streams:
        client.receive(stream)
    print(f"# at most {most} children", file=sys.stderr)
    assert most < 40, most
    client.close()


def do_deaf(shim):
    """Clients that ask and never read: they are left alone when too much waits for them."""
    deaf = [socket.socket(socket.AF_UNIX) for _ in range(4)]
    for sock in deaf:
        sock.connect(shim.path)
        sock.setblocking(False)
    # the answer is the name of the method, twice as long as a socket's buffer
    body, stream = request("x" * 500000, TASK), 1
    sent = [0] * len(deaf)
    for _ in range(400):
        for i, sock in enumerate(deaf):
            data = frame(stream, body)
            try:
                while data:
                    n = sock.send(data)
                    sent[i] += n
                    data = data[n:]
            except BlockingIOError:
                select.select([], [sock], [], 0.01)
            # what is left of a frame is lost: the shim takes the next one's head for its body
        stream += 2
    print(f"# {max(sent) >> 20} MiB sent, {memory_of(shim.pid) >> 10} MiB kept", file=sys.stderr)
    assert memory_of(shim.pid) < 4 * 20000, memory_of(shim.pid)
    shim.serves()
    for sock in deaf:
        sock.close()


def do_many(shim):
    """500 connections; then as many as there are fds for, and the shim rests all the same."""
    clients = [shim.client() for _ in range(500)]
    for client in clients:
        assert client.call("State", TASK)[4] == RUNNING
    shim.serves()
    for client in clients:
        client.close()
    wait_until(5, "no more fds", lambda: fds_of(shim.pid) == shim.fds)
    limit = len(shim.fds) + 20
    os.system(f"prlimit --pid {shim.pid} --nofile={limit}:1024")
    clients = [shim.client() for _ in range(60)]
    served = [c for c in clients if select.select([], [c.sock], [], 0)[1]]
    assert served[0].call("State", TASK)[4] == RUNNING
    before = shim.ticks()
    time.sleep(1)
    assert shim.ticks() - before < 20, "it spins"
    # no fd for the worker: an error, and the shim goes on
    refused(UNKNOWN, shim.good, shim.good.send("Pause", TASK))
    for client in clients:
        client.close()
    wait_until(5, "no more fds", lambda: fds_of(shim.pid) == shim.fds)
    os.system(f"prlimit --pid {shim.pid} --nofile=1024:1024")


def do_peers(shim):
    """Another user, or another group of the same user, is hung up on, also where the file modes let it in."""
    os.chmod(shim.path, 0o666)
    for path in os.path.dirname(shim.path), "/run/containerd":
        os.chmod(path, 0o755)
    for uid, gid in (1000, 1000), (0, 1000), (1000, 0):
        pid = os.fork()
        if pid == 0:
            os.setgroups([])
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
            client = shim.client()
            try:
                client.send("State", TASK)
            except Closed:
                pass
            os._exit(0 if is_closed(client) and not client.answers else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, (uid, gid)
    os.chmod(shim.path, 0o600)


def main():
    what, bundle = sys.argv[1:]
    shim = Shim(bundle)
    globals()["do_" + what](shim)
    if what != "flight":
        shim.is_as_before()


main()
