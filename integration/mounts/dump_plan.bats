#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What a checkpoint makes of mounts that have changed since create: kedge.json says it, or a refusal
# does before anything is frozen.

# single quotes hold jq's and the container's variables; run sets stderr
# shellcheck disable=SC2016,SC2154

load ../lib/common

setup() {
	common_setup
	mkdir -p "$T/a/sub" "$T/b"
	echo a >"$T/a/f"
	echo b >"$T/b/f"
	add_bind "$T/a" /data
	add_bind "$T/b" /b
	config '.root.readonly = false | .process.capabilities[] += ["CAP_SYS_ADMIN"]'
}
teardown() { common_teardown; }

# in_container ID COMMAND: in the container's mounts, with the host's rights
in_container() { nsenter -t "$(pid_of "$1")" -m -r -w /bin/sh -c "$2"; }

# sidecar FILTER: of kedge.json
sidecar() { jq -r "$1" "$T/images/kedge.json"; }

# key_at PATH: the keys of the mounts at PATH, lowest first, "-" for none
key_at() { sidecar ".mounts[] | select(.mountpoint == \"$1\") | .key // \"-\"" | paste -sd' '; }

checkpoint() {
	rm -rf "$T/images"
	run --separate-stderr kedge checkpoint --leave-running --image-path "$T/images" "$@" t-1
	echo "$output$stderr"
}

# refused TEXT: the last checkpoint was, with TEXT, and the container didn't notice
refused() {
	[ "$status" -eq 1 ]
	[[ $stderr == *"$1"* ]]
	[ ! -e "$T/images" ]
	[ "$(status_of t-1)" = running ]
	kedge exec t-1 true
}

@test "kedge.json lists every mount, is private, and names keys, sources and kinds" {
	mkfifo "$T/fifo"
	add_bind "$T/fifo" /fifo bind
	add_bind "$T/b/f" /file bind ro
	start_detached t-1
	checkpoint
	[ "$status" -eq 0 ]
	[ "$(stat -c %a "$T/images/kedge.json")" = 600 ]
	[ "$(sidecar '.mounts | length')" = "$(wc -l <"/proc/$(pid_of t-1)/mountinfo")" ]
	[ "$(sidecar .version)" = 1 ]
	[ "$(sidecar .id)" = t-1 ]
	[ "$(sidecar .kernel)" = "$(uname -r)" ]
	[ "$(sidecar .boot_id)" = "$(cat /proc/sys/kernel/random/boot_id)" ]
	[ "$(sidecar '.mounts[] | select(.key == "/data") | .config_source + " " + .kind + " " +
		.source_state + " " + .options')" = "$T/a directory same rbind,rw" ]
	[ "$(sidecar '.mounts[] | select(.key == "/fifo") | .kind')" = fifo ]
	[ "$(sidecar '.mounts[] | select(.key == "/file") | .kind')" = file ]
	[ "$(sidecar '.mounts[] | select(.mountpoint == "/proc") | .key')" = null ]
	[ "$(sidecar '.unmounted | length')" = 0 ]
}

@test "a moved mount keeps its key, an unmounted one is noted" {
	start_detached t-1
	in_container t-1 'mkdir /new; mount --move /data /new; umount /b'
	checkpoint
	[ "$status" -eq 0 ]
	[ "$(key_at /new)" = /data ]
	[ "$(sidecar '.mounts[] | select(.key == "/data") | .moved')" = true ]
	[ "$(sidecar '.unmounted[].destination')" = /b ]
	[[ $stderr == *"/b: mount "*" was unmounted in the container"* ]]
}

@test "a mount whose mountpoint was renamed keeps its key" {
	mkdir -p "$B/rootfs/dir/data"
	config '(.mounts[] | select(.destination == "/data")).destination = "/dir/data"'
	start_detached t-1
	in_container t-1 'mv /dir /dir2'
	checkpoint
	[ "$status" -eq 0 ]
	[ "$(key_at /dir2/data)" = /dir/data ]
}

@test "a tmpfs over an external mount is dumped with its content, and so is one under it" {
	add_bind "$T/b" /dev/shm
	start_detached t-1
	in_container t-1 'mount -t tmpfs over /data; echo hello >/data/t'
	checkpoint
	[ "$status" -eq 0 ]
	[ "$(key_at /data)" = '/data -' ]
	[ "$(key_at /dev/shm)" = '- /dev/shm' ]
	for f in "$T"/images/tmpfs-dev-*; do tar -tzf "$f"; done | grep -qx ./t
	grep -q "autodetected external mount $T/a for ./data" "$T/images/dump.log"
}

@test "three mounts on one path, the top one an external mount again" {
	start_detached t-1
	in_container t-1 'mount -t tmpfs over /data; mount --bind /b /data'
	checkpoint
	[ "$status" -eq 0 ]
	# the copy of /b needs no key: CRIU binds it from /b
	[ "$(key_at /data)" = '/data - -' ]
	[ "$(key_at /b)" = /b ]
}

@test "two mounts of config.json on one path have keys of their own" {
	add_bind "$T/b" /data
	start_detached t-1
	checkpoint
	[ "$status" -eq 0 ]
	[ "$(key_at /data)" = '/data k0001' ]
}

@test "deleted and replaced sources are warned of and noted" {
	echo 1 >"$T/deleted"
	echo 2 >"$T/replaced"
	echo 3 >"$T/moved"
	add_bind "$T/deleted" /deleted bind
	add_bind "$T/replaced" /replaced bind
	add_bind "$T/moved" /moved bind
	start_detached t-1
	rm "$T/deleted" "$T/replaced"
	echo new >"$T/replaced"
	mv "$T/moved" "$T/elsewhere"
	checkpoint
	[ "$status" -eq 0 ]
	[ "$(sidecar '.mounts[] | select(.key == "/deleted") | .source_state')" = deleted ]
	[ "$(sidecar '.mounts[] | select(.key == "/replaced") | .source_state')" = replaced ]
	[ "$(sidecar '.mounts[] | select(.key == "/moved") | .source_state')" = replaced ]
	[[ $stderr == *"/deleted: its source $T/deleted was deleted on the host"* ]]
	[[ $stderr == *"/replaced: its source $T/replaced was replaced on the host"* ]]
	[[ $stderr == *"/moved: its source was moved away from $T/moved"* ]]
	[[ $stderr != *"/data: its source"* ]]
}

@test "without a record a checkpoint goes by what lies at the destinations" {
	start_detached t-1
	rm /run/kedge/t-1/mounts
	in_container t-1 'mkdir /new; mount --move /data /new; umount /b'
	checkpoint
	[ "$status" -eq 0 ]
	[ "$(key_at /new)" = /data ]
	[ "$(sidecar '.unmounted[].destination')" = /b ]
}

@test "a record that is damaged is a warning" {
	start_detached t-1
	echo nonsense >/run/kedge/t-1/mounts
	checkpoint
	[ "$status" -eq 0 ]
	[[ $stderr == *"the record of its mounts can't be used: mount record line 1"* ]]
	[ "$(key_at /data)" = /data ]
}

@test "a name that is no UTF-8, a newline and a backslash survive in kedge.json" {
	odd=$'/o\xff\\d\nd'
	mkdir "$B/rootfs$odd"
	start_detached t-1
	in_container t-1 "mount --move /data '$odd'"
	checkpoint
	[ "$status" -eq 0 ]
	[ "$(sidecar '.mounts[] | select(.key == "/data") | .mountpoint')" = \
		"$(printf '/o\\377\\134d\nd')" ]
}

# server SOCKET: listen there and keep every connection open; its pid in $SERVER
server() {
	python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
kept = []
while True:
	kept.append(s.accept()[0])' "$1" 3>&- &
	SERVER=$!
	wait_until 5 test -S "$1"
}

# run_connected SOCKET [COMMAND...]: start t-1 with a connection to it as fd 3, which ends when
# /tmp/close is there; COMMAND is what it is started with
run_connected() {
	local socket=$1
	shift
	script 'until [ -e /tmp/close ]; do sleep 0.1; done; exec 3>&-; >/tmp/closed; exec sleep 1000'
	"$@" python3 -c '
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
os.dup2(s.fileno(), 3)
os.execvp("kedge", ["kedge", "--log", sys.argv[3], "run", "-d", "--preserve-fds", "1", "-b", sys.argv[2], "t-1"])
' "$socket" "$B" "$T/run.err" </dev/null >/dev/null 2>&1
}

@test "an open stream through a bound socket is refused by name, a closed one is not" {
	server "$T/sock"
	add_bind "$T/sock" /run/the-sock bind
	# made in the container's own network namespace, as a program in it does
	ip netns add t-net
	config '(.linux.namespaces[] | select(.type == "network")).path = "/run/netns/t-net"'
	run_connected "$T/sock" nsenter --net=/run/netns/t-net
	checkpoint
	refused "/run/the-sock: process $(pid_of t-1) (sh) has an open connection through this socket"
	[[ $stderr == *"(fd 3)"* ]]
	touch "$B/rootfs/tmp/close"
	wait_until 5 test -e "$B/rootfs/tmp/closed"
	checkpoint
	[ "$status" -eq 0 ]
	[ "$(sidecar '.mounts[] | select(.key == "/run/the-sock") | .kind')" = socket ]
	kill "$SERVER"
	kedge delete --force t-1
	ip netns delete t-net
}

@test "a socket that the container was given from outside is refused" {
	server "$T/sock"
	run_connected "$T/sock"
	checkpoint
	refused "$T/sock: process $(pid_of t-1) (sh) has a unix socket that was made outside"
	kill "$SERVER"
}

@test "the same in a bound directory and in the host's network" {
	server "$T/a/sock"
	config '.linux.namespaces |= map(select(.type != "network"))'
	run_connected "$T/a/sock"
	checkpoint
	refused "/data/sock (in the mount /data): process "
	kill "$SERVER"
}

@test "a mount with too long a line in mountinfo is refused by name" {
	start_detached t-1
	deep=$(printf '/%0250d' $(seq 9))
	in_container t-1 "mkdir -p '/b$deep' && mount --bind '/b$deep' '/b$deep'"
	checkpoint
	refused "its line in mountinfo has "
	[[ $stderr == */b/0000* ]]
}

@test "what the checkpoint cannot explain is in one message with the rest" {
	mkdir "$B/rootfs/x" "$B/rootfs/y"
	mkdir "$T/x"
	config --arg x "$T/x" --arg r "$B/rootfs/x" '.hooks.createContainer =
		[{path: "/bin/mount", args: ["mount", "--bind", $x, $r]}]'
	start_detached t-1
	in_container t-1 'mount -t ramfs r /y'
	checkpoint
	refused "/x: it shows "
	[[ $stderr == *"/y: CRIU can't make a ramfs"* ]]
}

@test "a failed dump leaves no kedge.json" {
	start_detached t-1
	checkpoint --criu /bin/false
	[ "$status" -eq 1 ]
	mkdir -p "$T/images"
	mount -t tmpfs -o size=64k tmpfs "$T/images"
	run kedge checkpoint --image-path "$T/images" --work-path "$T" t-1
	[ "$status" -eq 1 ]
	[ ! -e "$T/images/kedge.json" ]
	umount "$T/images"
	[ "$(status_of t-1)" = running ]
}

# on_their_way SECONDS: more file descriptors of its user's than a container may have open (kedge spec's
# 1,024) are in sockets that nobody reads from, as with a CRIU that restores a thousand mounts. The
# kernel counts them by user, on all of the machine: so this user is nobody's in other tests.
on_their_way() {
	setpriv --reuid=500000 --clear-groups python3 -c '
import array, os, socket, sys, time
fds = array.array("i", [os.open("/dev/null", os.O_RDONLY) for _ in range(250)])
pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(6)]
for a, _ in pairs:
    a.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
print("sent", flush=True)
time.sleep(float(sys.argv[1]))' "$1" >"$T/sent" 3>&- &
	SENDER=$!
	wait_until 5 test -s "$T/sent"
}

@test "while too many descriptors are on their way on the host a checkpoint tries again" {
	user_namespace 500000 # who is root outside is asked for no limit
	start_detached t-1
	on_their_way 0.5
	run kedge checkpoint --image-path "$T/images" t-1
	[ "$status" -eq 0 ]
	[[ $output == *"Can't retrieve FD"*"once more, in 100 ms"* ]]
	restore_detached t-1 "$T/images"
	is_running t-1
	wait "$SENDER"
}

@test "if they stay there it says so, and the container runs on" {
	user_namespace 500000 # who is root outside is asked for no limit
	start_detached t-1
	on_their_way 60
	run kedge checkpoint --image-path "$T/images" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"RLIMIT_NOFILE"* ]]
	is_running t-1
	kill "$SENDER"
	kedge delete --force t-1
	nothing_left t-1
}

@test "a FUSE server of the container that never answers doesn't hold up the plan" {
	mkdir "$T/behind"
	add_bind "$T/behind" /data/behind
	start_detached t-1
	# the server is whoever has the device open, and it reads no request
	bash -c 'exec 5<>/dev/fuse
		nsenter -m -t "$1" /bin/busybox mount -t fuse -o fd=5,rootmode=40000,user_id=0,group_id=0 x /data
		exec sleep 1000' - "$(pid_of t-1)" 3>&- &
	server=$!
	wait_until 5 grep -q ' - fuse ' "/proc/$(pid_of t-1)/mountinfo"
	run timeout -s KILL 10 kedge plan checkpoint t-1
	kill "$server"
	[ "$status" -ne 137 ]
	[[ $output == *"/data"* ]]
}
