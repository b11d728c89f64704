#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# A shim, or what works for it, is killed in the middle of everything: containerd's clean-up leaves
# nothing, whoever waits is told, and the shim goes on without its worker.

load ../lib/common
load ../lib/containerd
load ../lib/gate
load ../lib/kill

setup() {
	kill_setup
	MOUNTS_BEFORE=$(wc -l </proc/self/mountinfo)
	NETNS_BEFORE=$(count_netns)
	record_events
}
teardown() { kill_teardown; }

count_netns() { readlink /proc/[0-9]*/ns/net | sort -u | wc -l; }
has_event() { grep -q "$1" "$T/events"; }
ends_said() { ! kill -0 "${BACKGROUND[-1]}" 2>/dev/null; }

# no_trace: nothing that a task's container, its hooks or CRIU had
no_trace() {
	no_task_left || return 1
	[ "$(wc -l </proc/self/mountinfo)" -eq "$MOUNTS_BEFORE" ] || {
		cat /proc/self/mountinfo
		return 1
	}
	[ "$(count_netns)" -eq "$NETNS_BEFORE" ] || return 1
	run pgrep -f "$GATE/go|/data/stop|criu|kedge:holder"
	[ "$status" -eq 1 ] || return 1
}

# shim_killed [GATE]: kill the shim of t-1, and see its clean-up; a gate is opened then if it isn't to be killed
shim_killed() {
	kill -KILL "$(shim_pid t-1)"
	[ $# -eq 0 ] || gate_open
	wait_until 10 no_trace || {
		no_trace || true
		tail -n 30 "$T/containerd.log"
		return 1
	}
}

# The background client has got an error of one line, in words.
was_told() {
	wait_until 10 ends_said
	grep -q '^ctr: ' "$T/said"
}

@test "a shim killed in a createRuntime hook" {
	create_to_gate createRuntime
	shim_killed
	was_told
	ctr container rm t-1
}

@test "a shim killed in a createContainer hook, which runs in the container's namespaces" {
	create_to_gate createContainer
	shim_killed
	was_told
	ctr container rm t-1
}

@test "a shim killed when a task waits for its logger" {
	gate_close
	in_background run_counting "--log-uri=binary://$GATE/logger"
	gate_reached
	shim_killed and open
	was_told
	ctr container rm t-1
}

@test "a shim killed in a poststart hook" {
	create_to_gate poststart
	shim_killed
	was_told
	wait_until 5 has_event '/tasks/exit.*"exit_status":137'
	ctr container rm t-1
}

wait_for_task() {
	local status=0
	ctr_run --null-io t-1 /bin/sh -c 'while :; do sleep 1; done' || status=$?
	echo "status $status"
}

@test "a shim killed while a task runs: who waits is let go, and the event says 137" {
	in_background wait_for_task
	wait_until 10 has_task_status t-1 RUNNING
	shim_killed
	# containerd says that the connection broke, as with runc; the status comes by the event
	wait_until 5 grep -qx 'status 1' "$T/said"
	wait_until 5 has_event '/tasks/exit.*"exit_status":137'
	wait_until 5 has_event '/tasks/delete.*"exit_status":137'
	ctr container rm t-1
}

@test "a shim killed while a program is exec'd" {
	run_counting
	gate_close
	in_background timeout 20 ctr task exec --exec-id e1 --log-uri "binary://$GATE/logger" t-1 \
		/bin/sh -c 'while [ ! -e /data/stop ]; do sleep 0.05; done'
	gate_reached
	shim_killed and open
	was_told
	ctr container rm t-1
}

@test "a shim killed while its task is paused" {
	run_counting
	ctr task pause t-1
	shim_killed
	ctr container rm t-1
}

@test "a shim killed while CRIU dumps" {
	dump_to_gate
	shim_killed and open
	was_told
	ctr container rm t-1
}

@test "a shim killed while CRIU dumps, which doesn't find out" {
	dump_to_gate
	shim_killed
	was_told
	ctr container rm t-1
}

@test "a shim killed while CRIU restores, which doesn't find out" {
	local at
	make_checkpoint
	for at in setup-namespaces post-setup-namespaces post-restore pre-resume; do
		restore_to_gate "$at"
		shim_killed
		was_told
		ctr container rm t-1
	done
}

@test "a shim killed in a poststop hook of Delete: the exit status is the real one" {
	delete_to_gate
	shim_killed
	wait_until 5 has_event '/tasks/exit.*"exit_status":7'
	ctr container rm t-1
}

@test "a shim killed when its task has ended: the exit status is the real one" {
	run_counting
	touch "$T/data/stop"
	wait_until 5 has_task_status t-1 STOPPED
	shim_killed
	wait_until 5 has_event '/tasks/delete.*"exit_status":7'
	ctr container rm t-1
}

# --- the worker --------------------------------------------------------------------------------

# worker: the one process that the shim has forked for its job
worker() { pgrep -P "$(shim_pid t-1)" -x containerd-shim; }

@test "a worker killed in a hook of Create: an error, and nothing is left" {
	create_to_gate createRuntime
	kill -KILL "$(worker)"
	was_told
	grep -q "worker was killed while container t-1 was made" "$T/said"
	wait_until 10 no_trace
	ctr container rm t-1
	run_config
	counts_on
	ends_with_7
}

@test "a worker killed while CRIU dumps: an error, and the container runs on" {
	dump_to_gate
	kill -KILL "$(worker)"
	gate_open
	was_told
	grep -q "worker was killed; what is in /.* is no checkpoint" "$T/said"
	wait_until 5 has_task_status t-1 RUNNING
	counts_on
	ctr container checkpoint --image --rw --task t-1 example.org/ck:1
	counts_on
	ends_with_7
}

@test "a worker killed while CRIU restores: an error, and nothing is left" {
	make_checkpoint
	restore_to_gate post-restore
	kill -KILL "$(worker)"
	was_told
	grep -q "worker was killed while container t-1 was restored" "$T/said"
	gate_open
	ctr task rm -f t-1 || true
	ctr container rm t-1
	wait_until 10 no_trace
}

@test "a worker killed while it deletes: an error, and Delete works the next time" {
	delete_to_gate
	kill -KILL "$(worker)"
	was_told
	remove_with 7
}

# --- at any time -------------------------------------------------------------------------------

@test "a shim killed at any time leaves nothing" {
	local i pid
	RANDOM=${KEDGE_SEED:-1}
	for i in $(seq 12); do
		in_background ctr_run --rm "t-$i" /bin/sh -c 'sleep 0.1; exit 7'
		sleep "0.$((RANDOM % 4))$((RANDOM % 10))"
		# not the one that cleans up: containerd calls it once only
		for pid in $(pgrep -fa '^[^ ]*containerd-shim-kedge-v1 -namespace' |
			sed -n '/ delete$/!s/ .*//p'); do
			kill -KILL "$pid" || true
		done
		wait_until 20 ends_said
		wait_until 10 no_trace || {
			no_trace || true
			tail -n 40 "$T/containerd.log"
			return 1
		}
	done
}
