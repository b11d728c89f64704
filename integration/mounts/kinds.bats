#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Sockets, fifos and devices are bound like files; and what changes its kind is refused by name.

# single quotes hold jq's and the container's variables; EXPECT and CHECKPOINT_ARGS are lib/mounts's
# shellcheck disable=SC2016,SC2034

load ../lib/mounts

setup_file() { mounts_setup_file; }
setup() { mounts_setup; }
teardown() { mounts_teardown; }

listener() { python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$1"; }

@test "a socket" {
	listener "$T/sock"
	add_bind "$T/sock" /run/sock bind ro
	survives
	grep -q '^/run/sock: socket' "$W/after"
}

@test "a fifo" {
	mkfifo "$T/pipe"
	add_bind "$T/pipe" /run/pipe
	survives
	grep -q '^/run/pipe: fifo' "$W/after"
}

@test "a character device, twice, once read-only" {
	add_bind /dev/zero /dev/nought bind
	add_bind /dev/zero /run/nought bind ro
	survives
}

@test "a block device" {
	add_bind /dev/loop7 /run/disk bind ro
	survives
	grep -q '^/run/disk: block' "$W/after"
}

@test "/dev/null over three files" {
	for f in a b c; do
		echo hidden >"$B/rootfs/etc/$f"
		add_bind /dev/null /etc/$f bind ro
	done
	survives
}

@test "a socket on which the host listens takes connections after the restore" {
	python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
while True:
    c, _ = s.accept()
    c.sendall(b"served\n")
    c.close()' "$T/sock" 3>&- &
	server=$!
	wait_until 5 test -S "$T/sock"
	use_python
	add_bind "$T/sock" /run/sock
	survives
	run kedge exec t-1 /usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_UNIX)
s.connect("/run/sock")
print(s.recv(100).decode())'
	kill "$server"
	[ "${lines[0]}" = served ]
}

@test "a socket is mapped to another socket" {
	listener "$T/one"
	listener "$T/two"
	add_bind "$T/one" /run/sock
	other_source one two
	survives --external "mnt[/run/sock]:$T/two"
}

@test "a directory whose source has become a file is refused by name" {
	volume src
	add_bind "$T/src" /data
	started t-1
	checkpointed t-1 "$T/images"
	rm -r "$T/src" && touch "$T/src"
	restore_refused /data
	[[ $output == *"$T/src"* ]]
}

@test "a file whose source has become a directory is refused by name" {
	volume src
	add_bind "$T/src/name" /etc/conf bind ro
	started t-1
	checkpointed t-1 "$T/images"
	rm "$T/src/name" && mkdir "$T/src/name"
	restore_refused /etc/conf
	[[ $output == *"$T/src/name"* ]]
}

@test "a symlink that leads to a file now, and led to a directory, is refused by name" {
	volume src
	ln -s src "$T/link"
	add_bind "$T/link" /data
	started t-1
	checkpointed t-1 "$T/images"
	ln -sfn src/name "$T/link"
	restore_refused /data
	[[ $output == *"$T/link"* ]]
}

@test "a directory given with --external for a socket is refused by name" {
	listener "$T/sock"
	volume src
	add_bind "$T/sock" /run/sock
	started t-1
	checkpointed t-1 "$T/images"
	restore_refused /run/sock --external "mnt[/run/sock]:$T/src"
}

@test "a mountpoint that has become a file in the root is refused by name" {
	volume src
	add_bind "$T/src" /m/data
	started t-1
	checkpointed t-1 "$T/images"
	rmdir "$B/rootfs/m/data" && touch "$B/rootfs/m/data"
	restore_refused /m/data
}

@test "a mountpoint that leads out of the root now stays inside" {
	volume src
	mkdir "$T/outside"
	add_bind "$T/src" /m/data
	started t-1
	checkpointed t-1 "$T/images"
	rmdir "$B/rootfs/m/data" "$B/rootfs/m" && ln -s ../../outside "$B/rootfs/m"
	kedge restore -d -b "$B" --image-path "$T/images" t-1 </dev/null >/dev/null 2>&1 || true
	[ -z "$(ls "$T/outside")" ]
}
