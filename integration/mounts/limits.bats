#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What CRIU can't do is refused before anything stands still; and large numbers take no long time.

# single quotes hold jq's and the container's variables; EXPECT and CHECKPOINT_ARGS are lib/mounts's
# shellcheck disable=SC2016,SC2034

load ../lib/mounts

setup_file() { mounts_setup_file; }
setup() { mounts_setup; }
teardown() { mounts_teardown; }

# long_path BYTES: a relative path of that many bytes
long_path() {
	local path
	path=$(printf 'long-name-of-a-directory-%024d/' $(seq $((1 + $1 / 50))))
	echo "${path:0:$(($1 - 1))}x"
}

@test "a line of mountinfo that is longer than CRIU can read is refused by name" {
	path=$(long_path 2040)
	mkdir -p "$T/$path"
	add_bind "$T/$path" "/m/$path" bind ro
	started t-1
	checkpoint_refused /m/long-name-of-a-directory
	[[ $output == *mountinfo* ]]
}

@test "a line that is just short enough comes back" {
	path=$(long_path 1980)
	mkdir -p "$T/$path"
	add_bind "$T/$path" "/m/$path" bind ro
	survives
}

@test "a long line that only a nested mount namespace has is refused by name, too" {
	path=$(long_path 2040)
	script 'token=t; n=0
busybox unshare -m sh -c "mkdir -p /'"$path"'; mount --bind /'"$path"' /'"$path"'; touch /dev/shm/ready
	while :; do sleep 1; done" &
while :; do n=$((n + 1)); echo "$token $n" >/dev/counter.new; mv /dev/counter.new /dev/counter; sleep 0.03; done'
	config '.process.capabilities[] += ["CAP_SYS_ADMIN"]'
	started t-1
	wait_until 5 kedge exec t-1 test -e /dev/shm/ready
	checkpoint_refused /long-name-of-a-directory
	[[ $output == *mountinfo* ]]
}

@test "a thousand binds" {
	mkdir "$T/many"
	(cd "$T/many" && mkdir $(seq 1000))
	config --arg t "$T" '.mounts += [range(1; 1001) | {destination: "/m/\(.)", type: "bind",
		source: ($t + "/many/\(.)"), options: ["bind", "ro"]}]'
	started t-1
	python3 "$VIEW" view "$(pid_of t-1)" >"$W/before"
	begun=${EPOCHREALTIME/./}
	kedge checkpoint --image-path "$T/images" t-1
	restore_detached t-1 "$T/images"
	took_ms=$(((${EPOCHREALTIME/./} - begun) / 1000))
	python3 "$VIEW" view "$(pid_of t-1)" >"$W/after"
	same "the container" "$W/before" "$W/after"
	echo "$took_ms ms"
	[ "$took_ms" -lt 15000 ]
}

@test "two hundred binds in a chain, each in the one before" {
	mkdir "$T/chain"
	(cd "$T/chain" && mkdir $(seq 200))
	config --arg t "$T" '.mounts += [range(1; 201) | {type: "bind", options: ["bind"],
		source: ($t + "/chain/\(.)"), destination: ("/m/" + ([range(1; . + 1) | tostring] | join("/")))}]'
	survives
}

stream='
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect("/run/sock")
token, n = s.recv(100).decode(), 0
while True:
    n += 1
    open("/dev/counter.new", "w").write("%s %d" % (token, n))
    __import__("os").rename("/dev/counter.new", "/dev/counter")
    time.sleep(0.03)'

# server TYPE: listen on $T/sock and keep what connects
server() {
	python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
kept = []
while True:
    c, _ = s.accept()
    c.sendall(b"token")
    kept.append(c)' "$T/sock" 3>&- &
	SERVER=$!
	wait_until 5 test -S "$T/sock"
}

@test "an open stream connection through a bound socket is refused, naming the socket" {
	server
	use_python
	add_bind "$T/sock" /run/sock
	python "$stream"
	started t-1
	checkpoint_refused /run/sock
	kill "$SERVER"
}

@test "the same with a directory that has the socket in it" {
	mkdir "$T/dir"
	server
	mv "$T/sock" "$T/dir/"
	use_python
	add_bind "$T/dir" /run
	python "$stream"
	started t-1
	checkpoint_refused /run
	kill "$SERVER"
}
