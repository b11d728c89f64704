#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The tasks of a pod share one shim, as containerd's own shim does it: by annotation.

load ../lib/common
load ../lib/containerd

setup() { containerd_setup; }
teardown() { containerd_teardown; }

# in_pod POD ID COMMAND...
in_pod() {
	local pod=$1
	shift
	ctr_run -d --annotation="io.containerd.runc.v2.group=$pod" "$@"
}

shims() { pgrep -fc '^[^ ]*containerd-shim-kedge-v1 -namespace'; }
remove() { ctr task rm -f "$1" >/dev/null && ctr container rm "$1"; }

@test "tasks of one pod have one shim, others their own" {
	in_pod pod-1 t-1 /bin/sleep 1000
	in_pod pod-1 t-2 /bin/sleep 1000
	in_pod pod-2 t-3 /bin/sleep 1000
	ctr_run -d --annotation=io.kubernetes.cri.sandbox-id=pod-2 t-4 /bin/sleep 1000
	ctr_run -d t-5 /bin/sleep 1000
	[ "$(shims)" -eq 3 ]
	[ "$(cat "$BUNDLES/t-1/address")" = "$(cat "$BUNDLES/t-2/address")" ]
	[ "$(ctr task exec --exec-id e1 t-2 /bin/echo here)" = here ]
}

@test "a pod's shim stays until its last task is gone" {
	in_pod pod-1 t-1 /bin/sleep 1000
	in_pod pod-1 t-2 /bin/sleep 1000
	remove t-1
	sleep 0.5
	[ "$(task_status t-2)" = RUNNING ]
	[ "$(ctr task exec --exec-id e1 t-2 /bin/echo here)" = here ]
	in_pod pod-1 t-3 /bin/sleep 1000
	[ "$(shims)" -eq 1 ]
	remove t-2
	remove t-3
	wait_until 3 no_task_left
}

@test "a pod's shim that is killed takes all its tasks along, and nothing is left" {
	in_pod pod-1 t-1 /bin/sleep 1001
	in_pod pod-1 t-2 /bin/sleep 1002
	kill -KILL "$(shim_pid t-1)"
	wait_until 10 no_task_left
	run pgrep -xf '/bin/sleep 100[12]'
	[ "$status" -eq 1 ]
}

@test "a pod's tasks live through a crash of containerd" {
	in_pod pod-1 t-1 /bin/sleep 1000
	in_pod pod-1 t-2 /bin/sleep 1000
	containerd_kill
	containerd_start
	[ "$(task_status t-1)" = RUNNING ]
	[ "$(task_status t-2)" = RUNNING ]
	remove t-1
	[ "$(ctr task exec --exec-id e1 t-2 /bin/echo here)" = here ]
}

# answers ADDRESS: somebody listens there
answers() {
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])' "${1#unix://}"
}

@test "a shim that has been named to containerd for a task waits for it, also when it was to go" {
	local address
	in_pod pod-1 t-1 /bin/sleep 1000
	mkdir "$T/b-2"
	cp "$BUNDLES/t-1/config.json" "$T/b-2"
	address=$(cd "$T/b-2" && containerd-shim-kedge-v1 -namespace default \
		-address /run/containerd/containerd.sock -id t-2 start </dev/null)
	[ "$address" = "$(cat "$BUNDLES/t-1/address")" ]
	remove t-1
	sleep 1
	answers "$address"
	wait_until 15 no_task_left
}

@test "a task that comes while the last one of its pod goes finds a shim" {
	local i pid
	for i in $(seq 8); do
		in_pod pod-1 "a-$i" /bin/sleep 1000
		remove "a-$i" &
		pid=$!
		sleep "0.0$i"
		[ "$(ctr_run --rm --annotation=io.containerd.runc.v2.group=pod-1 "b-$i" /bin/echo "here $i")" = "here $i" ]
		wait "$pid"
	done
	wait_until 10 no_task_left
}
