#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Calls to a shim, one after the other, for what ctr can't say.

usage: ttrpc.py SOCKET [SERVICE/]METHOD [FIELD...] [-- [SERVICE/]METHOD [FIELD...]]...

SOCKET is a path, or what stands in the bundle's `address`; SERVICE is the task service, if none is named.
A field is NUMBER=text, NUMBER:=integer, NUMBER@TYPE=FIELD,FIELD... for an Any whose message has the
fields NUMBER=text and NUMBER:=integer, or NUMBER@TYPE==text for an Any that holds just that (JSON, say).
Prints the answer's fields as NUMBER=VALUE, one per line; after an error its code and text on stderr, and
exits 1.
"""

import re
import socket
import struct
import sys


def varint(value):
    out = b""
    while True:
        out += bytes([value & 0x7F | (0x80 if value > 0x7F else 0)])
        value >>= 7
        if not value:
            return out


def blob(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def field(text):
    number, sort, rest = re.fullmatch(r"(\d+)(:|@[^=]*)?=(.*)", text, re.S).groups()
    number = int(number)
    if sort == ":":
        return varint(number << 3) + varint(int(rest))
    if sort:
        if rest.startswith("="):
            value = rest[1:].encode()
        else:
            value = b"".join(field(part) for part in rest.split(",") if part)
        return blob(number, blob(1, sort[1:].encode()) + blob(2, value))
    return blob(number, rest.encode())


def read_varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def fields(data):
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        value, at = read_varint(data, at)
        if key & 7 == 2:
            value, at = data[at : at + value], at + value
        yield key >> 3, value


def receive(sock, size):
    data = b""
    while len(data) < size:
        piece = sock.recv(size - len(data))
        if not piece:
            sys.exit("the shim has hung up")
        data += piece
    return data


def call(path, method, *rest):
    service, method = f"containerd.task.v2.Task/{method}".split("/")[-2:]
    request = blob(1, service.encode()) + blob(2, method.encode())
    request += blob(3, b"".join(field(text) for text in rest))
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path.removeprefix("unix://"))
        sock.sendall(struct.pack(">IIBB", len(request), 1, 1, 0) + request)
        size = struct.unpack(">IIBB", receive(sock, 10))[0]
        answer = dict(fields(receive(sock, size)))
    status = dict(fields(answer.get(1, b"")))
    if status.get(1):
        sys.exit(f"{status[1]} {status.get(2, b'').decode()}")
    for number, value in fields(answer.get(2, b"")):
        print(f"{number}={value.decode(errors='replace') if isinstance(value, bytes) else value}")


def main():
    path, *words = sys.argv[1:]
    while words:
        end = words.index("--") if "--" in words else len(words)
        call(path, *words[:end])
        words = words[end + 1 :]


if __name__ == "__main__":
    main()
