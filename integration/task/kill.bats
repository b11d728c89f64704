#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# containerd is killed in the middle of everything and started again: no task is lost and each exit status
# is the right one. And what was being made for a client that has gone is taken away again.

load ../lib/common
load ../lib/containerd
load ../lib/gate
load ../lib/kill

setup() { kill_setup; }
teardown() { kill_teardown; }

crash() {
	containerd_kill
	containerd_start
}

@test "containerd killed before a start is through: the task runs, and ends as it should" {
	create_to_gate poststart
	crash
	[[ "$(task_status t-1)" =~ ^(CREATED|RUNNING)$ ]]
	record_events
	gate_open
	wait_until 10 has_task_status t-1 RUNNING
	counts_on
	ends_with_7
	grep -q '/tasks/exit.*"exit_status":7' "$T/events"
}

@test "containerd killed while a task is created: it can be created once more" {
	create_to_gate createRuntime
	crash
	wait_until 10 no_task_left
	run pgrep -f "$GATE/go"
	[ "$status" -eq 1 ]
	ctr container rm t-1
	run_config
	counts_on
	ends_with_7
}

@test "a task that is created while containerd is away is there when that is back" {
	create_to_gate createRuntime
	containerd_kill
	gate_open
	wait_until 5 is_created
	containerd_start
	[ "$(task_status t-1)" = CREATED ]
	ctr task rm -f t-1 || true
	ctr container rm t-1
	wait_until 10 no_task_left
}
is_created() { [ "$(kedge --root "$SHIM_STATE" state t-1 | jq -r .status)" = created ]; }

@test "containerd killed while a task waits for its logger: it can be created once more" {
	gate_close
	in_background run_counting "--log-uri=binary://$GATE/logger"
	gate_reached
	crash
	wait_until 10 no_task_left
	gate_open
	ctr container rm t-1
	run_counting
	counts_on
	ends_with_7
}

exec_state() { "$TREE/integration/lib/ttrpc.py" "$ADDRESS" State 1=t-1 2=e1; }
exec_has() { exec_state | grep -qx "$1"; }

@test "containerd killed while a program is exec'd: it runs, and its exit status is kept" {
	run_counting
	ADDRESS=$(sed 's,^unix://,,' "$BUNDLES/t-1/address")
	gate_close
	in_background timeout 20 ctr task exec --exec-id e1 --log-uri "binary://$GATE/logger" t-1 \
		/bin/sh -c 'while [ ! -e /data/e1 ]; do sleep 0.05; done; echo last words; exit 5'
	gate_reached
	crash
	record_events
	gate_open
	wait_until 5 exec_has 4=2
	touch "$T/data/e1"
	wait_until 5 exec_has 4=3
	exec_has 9=5
	wait_until 5 grep -q '/tasks/exit.*"id":"e1".*"exit_status":5' "$T/events"
	wait_until 5 grep -qx 'last words' "$GATE/log"
	counts_on
	ends_with_7
}

@test "containerd killed while a container is dumped: it can be resumed and dumped again" {
	dump_to_gate
	crash
	# it is asked while CRIU holds the container
	[[ "$(task_status t-1)" =~ ^(PAUSED|RUNNING)$ ]]
	gate_open
	wait_until 10 resumes
	counts_on
	ctr container checkpoint --image --rw --task t-1 example.org/ck:1
	counts_on
	ends_with_7
}
# the client that paused it may do so, too, as soon as containerd is back
resumes() { ctr task resume t-1 || [ "$(task_status t-1)" = RUNNING ]; }

@test "containerd killed while a container is restored: it is, and ends as it should" {
	make_checkpoint
	restore_to_gate post-restore
	crash
	[ "$(task_status t-1)" = CREATED ]
	record_events
	gate_open
	wait_until 10 has_task_status t-1 RUNNING
	wait_until 5 grep -q '/tasks/start.*"container_id":"t-1"' "$T/events"
	counts_on
	ends_with_7
}

@test "containerd killed while a task is deleted: it can be deleted again, with its exit status" {
	delete_to_gate
	crash
	gate_open
	remove_with 7
}

@test "a client that goes away while its task is created leaves nothing of it" {
	create_to_gate createRuntime
	kill "$(pgrep -xf "ctr run .*t-1")"
	wait_until 10 no_task_left
	run pgrep -f "$GATE/go"
	[ "$status" -eq 1 ]
	ctr container rm t-1
	run_config
	counts_on
	ends_with_7
}

@test "how tasks end while containerd is away is known when it is back" {
	local id
	for id in t-1 t-2 t-3; do
		ctr_run -d "$id" /bin/sh -c "while [ ! -e /stop ]; do sleep 0.05; done; exit 3"
	done
	containerd_kill
	for id in t-1 t-2 t-3; do
		touch "/proc/$(kedge --root "$SHIM_STATE" state "$id" | jq .pid)/root/stop"
	done
	wait_until 5 three_have_ended
	containerd_start
	for id in t-1 t-2 t-3; do
		[ "$(task_status "$id")" = STOPPED ]
		run ctr task rm "$id"
		[[ $output == *"exit code 3"* ]]
	done
	wait_until 10 no_task_left
}
three_have_ended() { [ "$(cat "$BUNDLES"/t-?/kedge.exit | awk '{ print $2 }' | xargs)" = "3 3 3" ]; }

@test "containerd killed at any time: what is there afterwards can be removed" {
	local i
	RANDOM=${KEDGE_SEED:-1}
	for i in $(seq 6); do
		in_background ctr_run "t-$i" /bin/sh -c 'sleep 0.1; exit 7'
		sleep "0.$((RANDOM % 4))"
		crash
		timeout 20 ctr task rm -f "t-$i" || true
		wait_until 10 no_task_left || {
			no_task_left || true
			tail -n 40 "$T/containerd.log"
			return 1
		}
		ctr container rm "t-$i" || true
	done
}
