# SPDX-License-Identifier: Apache-2.0
"""A client of a shim, for tests that ask more than a command per question can: many calls at once over a
connection, many connections, and what no proper client sends.

A message is a list of fields, each (number, value) with an int, a str or bytes.
"""

import json
import os
import re
import select
import socket
import struct
import time

from ttrpc import blob, fields, varint

TASK = "containerd.task.v2.Task"
PROCESS = "types.containerd.io/opencontainers/runtime-spec/1/Process"
REQUEST, RESPONSE = 1, 2
CREATED, RUNNING, STOPPED, PAUSED, PAUSING = 1, 2, 3, 4, 5


def message(*parts):
    out = b""
    for number, value in parts:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            out += blob(number, value.encode() if isinstance(value, str) else value)
    return out


def frame(stream, data, kind=REQUEST, flags=0):
    return struct.pack(">IIBB", len(data), stream, kind, flags) + data


def request(method, *parts, service=TASK, timeout_ns=0):
    out = message((1, service), (2, method), (3, message(*parts)))
    return out + (message((4, timeout_ns)) if timeout_ns else b"")


class Failed(Exception):
    """The shim has answered with an error."""

    def __init__(self, code, text):
        super().__init__(f"code {code}: {text}")
        self.code = code
        self.text = text


class Closed(Exception):
    """The shim has closed the connection."""


def check(answer):
    """The fields of an answer's payload; an error is raised."""
    parts = dict(fields(answer))
    status = dict(fields(parts.get(1, b"")))
    if status.get(1):
        raise Failed(status[1], status.get(2, b"").decode())
    return dict(fields(parts.get(2, b"")))


class Client:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.stream = -1
        self.bytes = bytearray()
        self.answers = {}

    def close(self):
        self.sock.close()

    def send(self, method, *parts, **kwargs):
        """Ask; gives the stream by which the answer is known. Takes answers while there is no room."""
        self.stream += 2
        self.write(frame(self.stream, request(method, *parts, **kwargs)))
        return self.stream

    def write(self, data):
        view = memoryview(data)
        while view:
            readable, writable, _ = select.select([self.sock], [self.sock], [], 60)
            if not readable and not writable:
                raise TimeoutError("the shim doesn't read")
            if readable:
                self.take()
            if writable:
                try:
                    view = view[self.sock.send(view, socket.MSG_DONTWAIT):]
                except BlockingIOError:
                    pass
                except (BrokenPipeError, ConnectionResetError) as why:
                    raise Closed from why

    def take(self):
        try:
            data = self.sock.recv(1 << 16)
        except ConnectionResetError as why:
            raise Closed from why
        if not data:
            raise Closed
        self.bytes += data
        while len(self.bytes) >= 10:
            size, stream, kind, _ = struct.unpack(">IIBB", self.bytes[:10])
            if len(self.bytes) < 10 + size:
                break
            assert kind == RESPONSE, f"a frame of type {kind}"
            assert stream not in self.answers, f"stream {stream} is answered twice"
            self.answers[stream] = bytes(self.bytes[10:10 + size])
            del self.bytes[:10 + size]

    def receive(self, stream, seconds=60):
        end = time.monotonic() + seconds
        while stream not in self.answers:
            if not select.select([self.sock], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(f"no answer on stream {stream}")
            self.take()
        return check(self.answers.pop(stream))

    def call(self, method, *parts, **kwargs):
        return self.receive(self.send(method, *parts, **kwargs))


def address_of(bundle):
    with open(f"{bundle}/address", encoding="ascii") as f:
        return f.read().removeprefix("unix://")


def process(*args):
    """What Exec takes as its field 7: a program to run."""
    spec = {"args": args, "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}}
    return message((1, PROCESS), (2, json.dumps(spec)))


def run(client, task, name, *args):
    """Exec, wait and delete; the exit status."""
    client.call("Exec", (1, task), (2, name), (7, process(*args)))
    client.call("Start", (1, task), (2, name))
    client.call("Wait", (1, task), (2, name))
    return client.call("Delete", (1, task), (2, name)).get(2, 0)


def fds_of(pid):
    """What a process has open, sorted, without numbers."""
    links = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            links.append(re.sub(r"\[\d+\]|\d+", "", os.readlink(f"/proc/{pid}/fd/{fd}")))
        except FileNotFoundError:
            pass  # closed meanwhile
    return sorted(links)


def memory_of(pid):
    """KiB of anonymous memory."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("RssAnon"))


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return f.read().split()
