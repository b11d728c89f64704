#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Edit CRIU's image files: enough of protobuf's wire format to make them lie.

usage: images.py FILE [CODE]     CODE is Python and changes `entries`; without it they are printed

An entry is a list of [number, value]: integers are varints, bytes are everything with a length. For
mountpoints-N.img the names below are there, as functions of an entry:

    at("/data")              the entry with that mountpoint
    get(e, "root")           a field's value, None if it isn't there
    put(e, root="/x", ...)   set fields; None takes one away
    new(mountpoint="/x", …)  a copy of the root directory's first child with another id, and more
                             fields set; it is in `entries` already
    raw(b"...")              bytes that come behind the last entry
"""
import struct
import sys

COMMON, SERVICE = 0x54564319, 0x55105940

# proto/mnt.proto
MOUNT = {"fstype": 1, "mnt_id": 2, "root_dev": 3, "parent_mnt_id": 4, "flags": 5, "root": 6,
         "mountpoint": 7, "source": 8, "options": 9, "shared_id": 10, "master_id": 11,
         "with_plugin": 12, "ext_mount": 13, "fsname": 14, "internal_sharing": 15, "deleted": 16,
         "sb_flags": 17, "ext_key": 18}


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def decode(data):
    fields, at = [], 0
    while at < len(data):
        tag, at = read_varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = read_varint(data, at)
        elif kind == 2:
            size, at = read_varint(data, at)
            value, at = data[at:at + size], at + size
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            value, at = (kind, data[at:at + size]), at + size
        else:
            sys.exit(f"wire type {kind}?")
        fields.append([number, value])
    return fields


def encode(fields):
    out = b""
    for number, value in fields:
        if isinstance(value, tuple):
            out += varint(number << 3 | value[0]) + value[1]
        elif isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def load(path):
    data = open(path, "rb").read()
    at = 8 if struct.unpack("<I", data[:4])[0] in (COMMON, SERVICE) else 4
    head, entries = data[:at], []
    while at < len(data):
        size, = struct.unpack("<I", data[at:at + 4])
        entries.append(decode(data[at + 4:at + 4 + size]))
        at += 4 + size
    return head, entries


def get(entry, name):
    for number, value in entry:
        if number == MOUNT[name]:
            return value.decode() if isinstance(value, bytes) else value
    return None


def put(entry, **values):
    for name, value in values.items():
        if isinstance(value, str):
            value = value.encode()
        entry[:] = [f for f in entry if f[0] != MOUNT[name]]
        if value is not None:
            entry.append([MOUNT[name], value])
    entry.sort(key=lambda f: f[0])
    return entry


def main():
    path = sys.argv[1]
    head, entries = load(path)
    tail = bytearray()

    def at(mountpoint):
        for entry in entries:
            if get(entry, "mountpoint") == mountpoint:
                return entry
        sys.exit(f"{path}: nothing at {mountpoint}")

    def new(**values):
        ids = [get(e, "mnt_id") for e in entries]
        root = get(at("/"), "mnt_id")
        first = [e for e in entries if get(e, "parent_mnt_id") == root][0]
        entry = [list(f) for f in first]
        put(entry, mnt_id=max(ids) + 1, ext_key=None, shared_id=0, master_id=0)
        put(entry, **values)
        entries.insert(0, entry)  # children come before parents
        return entry

    if len(sys.argv) < 3:
        names = {number: name for name, number in MOUNT.items()}
        mounts = "mountpoints-" in path
        for entry in entries:
            print(" ".join(f"{names.get(n, n) if mounts else n}={v}" for n, v in entry))
        return
    exec(sys.argv[2], {"entries": entries, "at": at, "get": get, "put": put, "new": new,
                       "raw": tail.extend})
    with open(path, "wb") as out:
        out.write(head)
        for entry in entries:
            body = encode(entry)
            out.write(struct.pack("<I", len(body)) + body)
        out.write(tail)


if __name__ == "__main__":
    main()
