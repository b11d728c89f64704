#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What is said of a checkpoint and of a restore reaches CRIU on both sides, whoever says it: the call, the
# task's annotations, its runtime's options, the host's file. Seen in what CRIU does and in its own log.
# Shims without containerd, asked by lib/ttrpc.py.

load ../lib/common
load ../lib/shim

GENERIC=runtimeoptions.v1.Options

# It sends to a socket outside of it all the time, which no checkpoint takes along unasked.
TALKER='
import socket, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
while s.connect_ex("/data/log"):
    time.sleep(0.02)
open("/data/ready", "w").close()
while True:
    s.send(b"x")
    time.sleep(0.02)
'
LISTENER='
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("/data/log")
while True:
    with open("/data/heard", "ab", 0) as f:
        f.write(s.recv(10))
'
TCP_PAIR='
import socket, time
listener = socket.create_server(("127.0.0.1", 7000))
a = socket.create_connection(("127.0.0.1", 7000))
b, _ = listener.accept()
n = 0
while True:
    n += 1
    a.sendall(b"%d" % n)
    with open("/data/ready", "a") as f:
        f.write(b.recv(10).decode() + "\n")
    time.sleep(0.02)
'

setup() {
	shim_setup
	mkdir "$T/data" "$T/bin"
	add_bind "$T/data" /data
	use_python
	# what CRIU locks the network with
	cat >"$T/bin/iptables-restore" <<-END
		#!/bin/sh
		[ "\$*" = "\${*#*--noflush}" ] || echo locked >>"$T/locks"
		PATH=$PATH exec iptables-restore "\$@"
	END
	chmod +x "$T/bin/iptables-restore"
	PATH=$T/bin:$PATH
}

# with a log of what is asked of CRIU
shim() { containerd-shim-kedge-v1 -debug -namespace default -address "$T/no.sock" -id "$@"; }

teardown() {
	rm -rf /etc/kedge
	shim_teardown
}

# start_talker [FIELD-OF-CREATE...]: the task t-1, and a listener beside it
start_talker() {
	python "$TALKER"
	start_task t-1 "$@"
	helper nsenter --target "$(state t-1 3)" --net --mount python3 -c "$LISTENER"
	wait_until 5 test -e "$T/data/ready"
}

# remove ID: end it, and forget what was seen of it
remove() {
	call "$1" Kill 3:=9 4:=1 >/dev/null
	wait_until 5 has_state "$1" STOPPED
	call "$1" Delete >/dev/null
	rm -rf "$T/work" "$T/locks"
}

# prepare ID [FIELD-OF-CREATE...]: to be restored by Start
prepare() {
	start_shim "$1"
	call "$1" Create "2=$T/$1" "8=$T/images" "${@:2}" >/dev/null
}
restore() {
	prepare "$@"
	call "$1" Start >/dev/null
}
# restore_fails TEXT ID [FIELD-OF-CREATE...]
restore_fails() {
	prepare "${@:2}"
	run call "$2" Start
	[ "$status" -eq 1 ]
	[[ $output == *"$1"* ]]
}

# talks: what it sends arrives
talks() {
	: >"$T/data/heard"
	wait_until 5 test -s "$T/data/heard"
}

# asked_for_dump, asked_for_restore ID, not_...: what CRIU says and does. Where nothing of that is to be seen,
# what kedge has asked it for: on a restore CRIU 4 unlocks what the images say and lets each external
# socket be, and kedge makes the cgroups, and says so.
asked_for_dump() {
	grep -q 'Will dump/restore TCP connections' "$T/work/dump.log"
	grep -q 'asked of criu: cgroup_mode: full' "$T/t-1.log"
	[ -s "$T/locks" ]
}
not_asked_for_dump() {
	[ -s "$T/work/dump.log" ]
	run ! grep -q 'Will dump/restore TCP connections' "$T/work/dump.log"
	run ! grep -q 'asked of criu: cgroup_mode: full' "$T/t-1.log"
	[ ! -e "$T/locks" ]
}
asked_for_restore() {
	grep -q 'Will dump/restore TCP connections' "$T/work/restore.log"
	grep -q 'asked of criu: ext_unix_sk' "$T/$1.log"
	grep -q 'asked of criu: network_lock: skip' "$T/$1.log"
	grep -q 'manage-cgroups-mode full: kedge makes the cgroups' "$T/$1.log"
}
not_asked_for_restore() {
	[ -s "$T/work/restore.log" ]
	run ! grep -q 'Will dump/restore TCP connections' "$T/work/restore.log"
	run ! grep -qE 'asked of criu: (ext_unix_sk|network_lock)|manage-cgroups' "$T/$1.log"
	grep -q 'asked of criu: request: restore' "$T/$1.log"
}

COMMON='tcp-established = true
ext-unix-sk = true
manage-cgroups-mode = "full"'
DUMP="[checkpoint]
$COMMON
network-lock = \"iptables\""
RESTORE="[restore]
$COMMON
network-lock = \"skip\""

@test "what nobody asks for CRIU doesn't do, and who must ask is told how" {
	start_talker "10@$GENERIC=3=work-path = \"$T/work\""
	run call t-1 Checkpoint "2=$T/images"
	[ "$status" -eq 1 ]
	[[ $output == *"annotation dev.kedge.checkpoint.ext-unix-sk"* ]]
	run ! grep -q 'Will dump/restore TCP connections' "$T/work/dump.log"
	talks
	rm -rf "$T/images"
	call t-1 Checkpoint "2=$T/images" 3@containerd.runc.v1.CheckpointOptions=3:=1 >/dev/null
	not_asked_for_dump
}

@test "the options' body says it, on both sides" {
	start_talker "10@$GENERIC=3=work-path = \"$T/work\""$'\n'"$DUMP"$'\n'"$RESTORE"
	call t-1 Checkpoint "2=$T/images" >/dev/null
	asked_for_dump
	remove t-1
	restore t-2 "10@$GENERIC=3=work-path = \"$T/work\""$'\n'"$DUMP"$'\n'"$RESTORE"
	asked_for_restore t-2
	talks
}

@test "the options' file says it, for each side by itself" {
	printf 'work-path = "%s"\n%s\n' "$T/work" "$DUMP" >"$T/dump.toml"
	printf 'work-path = "%s"\n%s\n' "$T/work" "$RESTORE" >"$T/restore.toml"
	start_talker "10@$GENERIC=2=$T/dump.toml"
	call t-1 Checkpoint "2=$T/images" >/dev/null
	asked_for_dump
	remove t-1
	restore t-2 "10@$GENERIC=2=$T/dump.toml"
	not_asked_for_restore t-2
	remove t-2
	restore t-3 "10@$GENERIC=2=$T/restore.toml"
	asked_for_restore t-3
	talks
}

@test "annotations say it, on both sides" {
	local side
	# shellcheck disable=SC2016 # jq's
	for side in checkpoint restore; do
		config --arg side "dev.kedge.$side." '.annotations += {
			($side + "tcp-established"): "true", ($side + "ext-unix-sk"): "true",
			($side + "manage-cgroups-mode"): "full"}'
	done
	config '.annotations += {"dev.kedge.checkpoint.network-lock": "iptables",
		"dev.kedge.restore.network-lock": "skip"}'
	start_talker "10@$GENERIC=3=work-path = \"$T/work\""
	call t-1 Checkpoint "2=$T/images" >/dev/null
	asked_for_dump
	remove t-1
	restore t-2 "10@$GENERIC=3=work-path = \"$T/work\""
	asked_for_restore t-2
	talks
}

@test "the host's file says it, on both sides" {
	mkdir /etc/kedge
	printf 'work-path = "%s"\n%s\n%s\n' "$T/work" "$DUMP" "$RESTORE" >/etc/kedge/default.toml
	start_talker
	call t-1 Checkpoint "2=$T/images" >/dev/null
	asked_for_dump
	remove t-1
	restore t-2
	asked_for_restore t-2
	talks
}

@test "the call says it, where it has a word for it" {
	start_talker
	call t-1 Checkpoint "2=$T/images" \
		"3@containerd.runc.v1.CheckpointOptions=2:=1,3:=1,7=full,9=$T/work" >/dev/null
	asked_for_dump
	grep -q 'cg: adding cgroup' "$T/work/dump.log"
	rm -rf "$T/images" "$T/work"
	# nothing of cgroups is in the images
	call t-1 Checkpoint "2=$T/images" \
		"3@containerd.runc.v1.CheckpointOptions=3:=1,7=ignore,9=$T/work" >/dev/null
	run ! grep -q 'cg: adding cgroup' "$T/work/dump.log"
}

# CRIU 4.1 asks every socket for SO_PASSCRED (16); Linux 6.16 and later refuse that for TCP.
@test "a TCP connection lives on, if both sides say so" {
	python3 -c 'import socket; socket.socket().getsockopt(socket.SOL_SOCKET, 16)' 2>/dev/null ||
		[[ $(criu --version) == *[4-9].[2-9]* ]] ||
		skip "this CRIU can dump no TCP socket on this kernel (SO_PASSCRED: not supported)"
	python "$TCP_PAIR"
	start_task t-1
	wait_until 5 test -s "$T/data/ready"
	run call t-1 Checkpoint "2=$T/images"
	[ "$status" -eq 1 ]
	[[ $output == *"annotation dev.kedge.checkpoint.tcp-established"* ]]
	rm -rf "$T/images"
	call t-1 Checkpoint "2=$T/images" 3@containerd.runc.v1.CheckpointOptions=2:=1 >/dev/null
	remove t-1
	restore_fails 'annotation dev.kedge.restore.tcp-established' t-2
	: >"$T/data/ready"
	restore t-3 "10@$GENERIC=3=tcp-established = true"
	wait_until 5 test -s "$T/data/ready"
}
