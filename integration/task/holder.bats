#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Create from a checkpoint, and Start, by themselves: a holder has the network until the restore; what
# Checkpoint takes that no ctr sends. A shim without containerd, asked by lib/ttrpc.py.

load ../lib/common

STATE=/run/containerd/kedge/default
CREATED=1 RUNNING=2 STOPPED=3
PROCESS='{"args": ["/bin/sh", "-c", "exit 5"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}}'

# shellcheck disable=SC2016
COUNT='i=0; while [ ! -e /data/stop ]; do i=$((i + 1)); echo $i $(cat /data/name); sleep 0.05; done
	exit 7'

setup() {
	common_setup
	READERS=()
	mkdir "$T/a" "$T/b"
	echo a >"$T/a/name"
	echo b >"$T/b/name"
	add_bind "$T/a" /data
	script "$COUNT"
	start_task t-1
	wait_until 5 file_has "$T/t-1.out" '^3 a'
}

teardown() {
	local id
	for id in t-1 t-2; do
		[ ! -e "$T/$id/shim.pid" ] || kill -KILL "$(cat "$T/$id/shim.pid")" || true
		[ ! -d "$T/$id" ] || (cd "$T/$id" && shim "$id" -bundle "$T/$id" delete >/dev/null)
	done
	kill "${READERS[@]}" 2>/dev/null || true
}

shim() { containerd-shim-kedge-v1 -namespace default -address "$T/no.sock" -id "$@"; }

# call ID METHOD [FIELD...]: the task's id is the first field
call() {
	timeout 60 "$TREE/integration/lib/ttrpc.py" "$(cat "$T/$1/address")" "$2" "1=$1" "${@:3}"
}

# start_shim ID: with a bundle of $B's config.json, and a fifo for its output
start_shim() {
	mkdir "$T/$1" "$T/$1/work"
	mkfifo "$T/$1/log" "$T/$1/stdout"
	sleep 1000 <>"$T/$1/log" 3>&- &
	READERS+=($!)
	jq --arg root "$B/rootfs" --arg cgroup "/default/$1" \
		'.root.path = $root | .linux.cgroupsPath = $cgroup' "$B/config.json" >"$T/$1/config.json"
	(cd "$T/$1" && shim "$1" start </dev/null >/dev/null)
	cat "$T/$1/stdout" >"$T/$1.out" 3>&- &
	READERS+=($!)
}

# create ID [CHECKPOINT]: the pid that is answered
create() { call "$1" Create "2=$T/$1" "6=$T/$1/stdout" ${2:+"8=$2"} | sed 's/^1=//'; }

start_task() {
	start_shim "$1"
	create "$1" >/dev/null
	call "$1" Start >/dev/null
}

state() { call "$1" State | sed -n "s/^$2=//p"; }
has_state() { [ "$(state "$1" 4)" = "$2" ]; }
dump() { call t-1 Checkpoint "2=$T/images" "$@"; }
netns() { readlink "/proc/$1/ns/net"; }
is_gone() { ! kill -0 "$1"; }

# nothing_of ID: neither state nor cgroup nor process
nothing_of() {
	[ ! -e "$STATE/$1" ]
	[ -z "$(find /sys/fs/cgroup -type d -path "*/default/$1*")" ]
	run pgrep -f kedge:holder
	[ -z "$output" ]
}

@test "the holder has a network of its own, and what is put there is the restored container's" {
	local holder pid
	dump
	# shellcheck disable=SC2016
	config --arg b "$T/b" '.mounts |= map(if .destination == "/data" then .source = $b else . end)'
	start_shim t-2
	holder=$(create t-2 "$T/images")
	[ "$(cat "/proc/$holder/comm")" = kedge:holder ]
	[ "$(netns "$holder")" != "$(netns self)" ]
	[ "$(readlink "/proc/$holder/ns/pid")" = "$(readlink /proc/self/ns/pid)" ]
	has_state t-2 $CREATED
	[ "$(state t-2 3)" = "$holder" ]
	[ "$(kedge --root "$STATE" state t-2 | jq -r .status)" = creating ]
	run kedge --root "$STATE" exec t-2 true
	[ "$status" -ne 0 ]
	ip link add outside netns "$holder" type veth peer name to-t-2
	local ns
	ns=$(netns "$holder")
	call t-2 Start
	pid=$(state t-2 3)
	has_state t-2 $RUNNING
	[ "$pid" != "$holder" ]
	is_gone "$holder"
	[ "$(netns "$pid")" = "$ns" ]
	nsenter -t "$pid" -n ip link show outside
	nsenter -t "$pid" -n ip addr show lo | grep -q 127.0.0.1
	# the counter goes on, in the new place, and its output comes by the new fifo
	wait_until 5 test -s "$T/t-2.out"
	[ "$(head -1 "$T/t-2.out" | cut -d ' ' -f 1)" -gt 3 ]
	wait_until 5 file_has "$T/t-2.out" ' b$'
	touch "$T/b/stop"
	call t-2 Wait | grep -qx 1=7
	[ "$(state t-2 9)" = 7 ]
	call t-2 Delete | grep -qx 2=7
	nothing_of t-2
}

@test "a network that a client has wired isn't dumped, and not restored beside the new one" {
	local pid
	pid=$(state t-1 3)
	ip link add eth0 netns "$pid" type veth peer name to-t-1
	nsenter -t "$pid" -n ip link set eth0 up
	dump
	run find "$T/images" -name 'netdev-*'
	[ -z "$output" ]
	start_shim t-2
	ip link add eth0 netns "$(create t-2 "$T/images")" type veth peer name to-t-2
	call t-2 Start
	wait_until 5 test -s "$T/t-2.out"
	nsenter -t "$(state t-2 3)" -n ip link show eth0
}

@test "hooks of the runtime run once, with the holder, and poststop takes down what they set up" {
	local holder
	dump
	cat >"$T/hook" <<-END
		#!/bin/sh
		echo "\$1 \$(jq -r .pid)" >>$T/hooks
	END
	chmod +x "$T/hook"
	# shellcheck disable=SC2016
	config --arg h "$T/hook" '.hooks = {prestart: [{path: $h, args: ["h", "prestart"]}],
		createRuntime: [{path: $h, args: ["h", "createRuntime"]}],
		poststop: [{path: $h, args: ["h", "poststop"]}]}
		| .hooks |= map_values(map(. + {env: ["PATH=/usr/bin:/bin"]}))'
	start_shim t-2
	holder=$(create t-2 "$T/images")
	[ "$(cat "$T/hooks")" = "prestart $holder
createRuntime $holder" ]
	call t-2 Start
	[ "$(wc -l <"$T/hooks")" -eq 2 ]
	call t-2 Kill 3:=9
	wait_until 5 has_state t-2 $STOPPED
	call t-2 Delete
	grep -q poststop "$T/hooks"
}

@test "a failed restore takes the holder along, names its log, and the task is over" {
	local holder
	dump
	: >"$T/images/mm-1.img"
	start_shim t-2
	holder=$(create t-2 "$T/images")
	run call t-2 Start
	[ "$status" -eq 1 ]
	[[ $output == *"OCI runtime restore failed: container t-2: "* ]]
	[ "$(wc -l <<<"$output")" -eq 1 ]
	[[ $output == */var/log/kedge/default/t-2/restore.log* ]]
	[ -s /var/log/kedge/default/t-2/restore.log ]
	is_gone "$holder"
	wait_until 5 has_state t-2 $STOPPED
	call t-2 Wait
	run call t-2 Kill 3:=9
	[[ $output == "5 process already finished: not found" ]]
	call t-2 Delete
	nothing_of t-2
}

@test "a holder that is killed is a task that has ended, and can be deleted" {
	local holder
	dump
	start_shim t-2
	holder=$(create t-2 "$T/images")
	call t-2 Pids
	call t-2 Kill 3:=9
	call t-2 Wait | grep -qx 1=137
	is_gone "$holder"
	run call t-2 Start
	[[ $output == *"cannot start a stopped process"* ]]
	call t-2 Delete
	nothing_of t-2
}

@test "a task that was never started is deleted with its holder" {
	local holder
	dump
	start_shim t-2
	holder=$(create t-2 "$T/images")
	call t-2 Delete
	is_gone "$holder"
	nothing_of t-2
}

# slow_criu: every CRIU from now on takes four seconds longer
slow_criu() {
	printf '#!/bin/sh\nsleep 4\nexec %s "$@"\n' "$(command -v criu)" >"$T/criu"
	chmod +x "$T/criu"
	export KEDGE_CRIU=$T/criu
}

# answers ID: all questions, while CRIU sleeps
answers() {
	local began=${EPOCHREALTIME/./}
	call "$1" State
	call "$1" Pids
	call "$1" Connect
	[ $((${EPOCHREALTIME/./} - began)) -lt 3000000 ]
}

@test "questions are answered while a restore runs, and a kill ends it" {
	local holder started
	dump
	slow_criu
	start_shim t-2
	holder=$(create t-2 "$T/images")
	call t-2 Start >"$T/start.log" 2>&1 3>&- &
	started=$!
	sleep 0.5
	answers t-2
	has_state t-2 $CREATED
	call t-2 Kill 3:=9
	if wait "$started"; then false; fi
	cat "$T/start.log"
	grep -q 'killed while it was restored' "$T/start.log"
	wait_until 5 has_state t-2 $STOPPED
	[ "$(state t-2 9)" = 137 ]
	call t-2 Delete
	nothing_of t-2
}

# Between the holder's end and Start's answer: images that containerd has unpacked are removed then, and
# many files take their time.
@test "a kill at the end of a restore is for the restored program" {
	local holder started images=$T/ctrd-checkpoint1
	dump
	cp -a "$T/images" "$images"
	python3 -c "for i in range(20000): open('$images/x%d' % i, 'w').close()"
	start_shim t-2
	holder=$(create t-2 "$images")
	call t-2 Start >"$T/start.log" 2>&1 3>&- &
	started=$!
	wait_until 10 is_gone "$holder"
	call t-2 Kill 3:=9
	wait "$started" || cat "$T/start.log"
	wait_until 5 has_state t-2 $STOPPED
	[ "$(state t-2 9)" = 137 ]
	call t-2 Delete
	nothing_of t-2
}

@test "questions are answered while a checkpoint runs" {
	slow_criu
	start_task t-2
	call t-2 Checkpoint "2=$T/images2" 3>&- &
	local dumped=$!
	sleep 0.5
	answers t-2
	has_state t-2 $RUNNING
	wait "$dumped"
	[ -e "$T/images2/inventory.img" ]
}

@test "a kill is answered while a checkpoint runs, and who waits is told of the end after it" {
	slow_criu
	start_task t-2
	call t-2 Checkpoint "2=$T/images2" >"$T/dump.log" 2>&1 3>&- &
	local dumped=$!
	call t-2 Wait >"$T/waited" 3>&- &
	local waited=$! began=$SECONDS
	sleep 0.5
	call t-2 Kill 3:=9
	[ $((SECONDS - began)) -lt 3 ]
	wait "$dumped" || true # by then it may be through, or not
	cat "$T/dump.log"
	wait "$waited"
	grep -qx 1=137 "$T/waited"
	has_state t-2 $STOPPED
	call t-2 Delete
	nothing_of t-2
}

@test "an exec waits until the checkpoint is done" {
	slow_criu
	start_task t-2
	call t-2 Checkpoint "2=$T/images2" 3>&- &
	local dumped=$!
	sleep 0.5
	call t-2 Exec 2=e "7@types.containerd.io/opencontainers/runtime-spec/1/Process==$PROCESS"
	[ -e "$T/images2/inventory.img" ]
	call t-2 Start 2=e
	call t-2 Wait 2=e | grep -qx 1=5
	wait "$dumped"
}

@test "a program is exec'd in a container that was only created, not beside a holder" {
	start_shim t-2
	create t-2
	call t-2 Exec 2=e "7@types.containerd.io/opencontainers/runtime-spec/1/Process==$PROCESS"
	call t-2 Start 2=e
	call t-2 Wait 2=e | grep -qx 1=5
	call t-2 Delete 2=e
	call t-2 Delete
	rm -r "$T/t-2"
	dump
	start_shim t-2
	create t-2 "$T/images"
	run call t-2 Exec 2=e "7@types.containerd.io/opencontainers/runtime-spec/1/Process==$PROCESS"
	[[ $output == "2 cannot exec in a created state" ]]
}

@test "a shim killed during a restore leaves nothing that delete doesn't find" {
	local holder
	dump
	slow_criu
	start_shim t-2
	holder=$(create t-2 "$T/images")
	call t-2 Start >/dev/null 2>&1 3>&- &
	sleep 0.5
	kill -KILL "$(cat "$T/t-2/shim.pid")"
	(cd "$T/t-2" && shim t-2 -bundle "$T/t-2" delete >/dev/null)
	wait_until 5 is_gone "$holder"
	nothing_of t-2
}

@test "a shim killed before Start leaves nothing that delete doesn't find, with a holder or without" {
	local pid checkpoint
	dump
	for checkpoint in "" "$T/images"; do
		start_shim t-2
		pid=$(create t-2 "$checkpoint")
		kill -KILL "$(cat "$T/t-2/shim.pid")"
		(cd "$T/t-2" && shim t-2 -bundle "$T/t-2" delete >"$T/answer")
		wait_until 5 is_gone "$pid"
		nothing_of t-2
		rm -r "$T/t-2"
	done
}

@test "options of either origin are honoured: exit, image path and work path" {
	dump "3@containerd.runc.v1.CheckpointOptions=8=$T/i1,9=$T/w1"
	[ -e "$T/i1/inventory.img" ] && [ -s "$T/w1/dump.log" ] && [ ! -e "$T/i1/dump.log" ]
	has_state t-1 $RUNNING
	dump "3@containerd.linux.runc.CheckpointOptions=1:=1,8=$T/w2,9=$T/i2"
	[ -e "$T/i2/inventory.img" ] && [ -s "$T/w2/dump.log" ]
	wait_until 5 has_state t-1 $STOPPED
	[ "$(state t-1 9)" = 137 ]
	call t-1 Delete
	nothing_of t-1
}

@test "options of neither origin, and no directory, are refused" {
	run dump "3@containerd.runc.v1.Options=1:=1"
	[[ $output == *"checkpoint options of type containerd.runc.v1.Options are not known"* ]]
	run call t-1 Checkpoint
	[[ $output == *"no directory is given for the images"* ]]
	has_state t-1 $RUNNING
}
