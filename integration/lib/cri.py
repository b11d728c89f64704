#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A client of the container runtime interface (CRI), as the kubelet is one.

usage: cri.py METHOD [JSON]

JSON is the request, by the field names of Kubernetes' runtime/v1/api.proto; prints the answer like
that. After an error its code and text are on stderr, and the exit status is 1. curl does the HTTP/2.
"""

import json
import subprocess
import sys

SOCKET = "/run/containerd/containerd.sock"

# A message per line: its fields as NAME=NUMBER, with :TYPE for a message, :map or :int (in answers all
# else is text), and * for repeated. What isn't listed isn't sent, and not shown.
SCHEMA = """
RunPodSandbox config=1:PodSandbox runtime_handler=2
RunPodSandbox.answer pod_sandbox_id=1
StopPodSandbox pod_sandbox_id=1
RemovePodSandbox pod_sandbox_id=1
PodSandboxStatus pod_sandbox_id=1
PodSandboxStatus.answer status=1:PodStatus
PodStatus id=1 state=3:int network=5:Network runtime_handler=9
Network ip=1
CreateContainer pod_sandbox_id=1 config=2:Container sandbox_config=3:PodSandbox
CreateContainer.answer container_id=1
StartContainer container_id=1
StopContainer container_id=1 timeout=2
RemoveContainer container_id=1
ContainerStatus container_id=1
ContainerStatus.answer status=1:Status
Status id=1 state=3:int exit_code=7:int reason=10
ExecSync container_id=1 cmd=2* timeout=3
ExecSync.answer stdout=1 stderr=2 exit_code=3:int
ContainerStats container_id=1
ContainerStats.answer stats=1:Stats
Stats cpu=2:Cpu memory=3:Memory
Cpu usage_core_nano_seconds=2:Value
Memory working_set_bytes=2:Value
Value value=1:int
UpdateContainerResources container_id=1 linux=2:Resources
CheckpointContainer container_id=1 location=2 timeout=3
PodSandbox metadata=1:PodMetadata hostname=2 log_directory=3 labels=6:map annotations=7:map linux=8:PodLinux
PodMetadata name=1 uid=2 namespace=3 attempt=4
PodLinux cgroup_parent=1 security_context=2:PodSecurity sysctls=3:map
PodSecurity namespace_options=1:Namespaces run_as_user=3:Value run_as_group=8:Value
Namespaces network=1 pid=2 ipc=3
Container metadata=1:PodMetadata image=2:Image command=3* args=4* envs=6*:Pair mounts=7*:Mount annotations=10:map log_path=11 linux=15:Linux
Image image=1
Pair key=1 value=2
Mount container_path=1 host_path=2 readonly=3
Linux resources=1:Resources security_context=2:Security
Resources cpu_shares=3 memory_limit_in_bytes=4
Security namespace_options=3:Namespaces
"""


def read_schema():
    schema = {}
    for line in SCHEMA.split("\n"):
        name, *words = line.split() or [""]
        schema[name] = {}
        for word in words:
            field, _, rest = word.partition("=")
            number, _, kind = rest.partition(":")
            schema[name][field] = (int(number.rstrip("*")), kind, number.endswith("*"))
    return schema


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def blob(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def encode_one(schema, number, kind, value):
    if isinstance(value, (bool, int)):
        return varint(number << 3) + varint(int(value))
    if kind == "map":
        return b"".join(blob(number, encode(schema, "Pair", {"key": key, "value": text}))
                        for key, text in value.items())
    return blob(number, encode(schema, kind, value) if kind else value.encode())


def encode(schema, message, values):
    out = b""
    for name, value in values.items():
        number, kind, is_list = schema[message][name]
        for item in value if is_list else [value]:
            out += encode_one(schema, number, kind, item)
    return out


def read_varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def decode(schema, message, data):
    names = {number: (name, kind) for name, (number, kind, _) in schema.get(message, {}).items()}
    out = {name: 0 for name, kind in names.values() if kind == "int"}
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        value, at = read_varint(data, at)
        if key & 7 == 2:
            value, at = data[at:at + value], at + value
        name, kind = names.get(key >> 3, ("", ""))
        if kind in ("", "int"):
            out[name] = value.decode(errors="replace") if isinstance(value, bytes) else value
        else:
            out[name] = decode(schema, kind, value)
    out.pop("", None)
    return out


def call(method, request):
    """The answer's bytes, or the end of the program with the server's error."""
    curl = subprocess.run(
        ["curl", "-sS", "--http2-prior-knowledge", "--unix-socket", SOCKET, "-D", "/dev/stderr",
         "-H", "content-type: application/grpc", "-H", "te: trailers", "--data-binary", "@-",
         "http://cri/runtime.v1.RuntimeService/" + method],
        input=b"\0" + len(request).to_bytes(4, "big") + request,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    words = curl.stderr.decode()
    headers = dict(line.split(": ", 1) for line in words.splitlines() if ": " in line)
    if headers.get("grpc-status") != "0":
        sys.exit(f"{headers.get('grpc-status', curl.returncode)} {headers.get('grpc-message', words)}")
    return curl.stdout[5:]


def main():
    method, *rest = sys.argv[1:]
    schema = read_schema()
    request = encode(schema, method, json.loads(rest[0]) if rest else {})
    print(json.dumps(decode(schema, method + ".answer", call(method, request))))


main()
