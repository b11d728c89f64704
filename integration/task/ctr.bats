#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# containerd's shim for tasks: what `ctr` and containerd ask of it, with a real containerd.

load ../lib/common
load ../lib/containerd

setup() { containerd_setup; }
teardown() { containerd_teardown; }

start_sleeping() { ctr_run -d "$1" /bin/sleep 1000; }
shim_is_gone() { ! kill -0 "$1"; }

# Events as they come, to $T/events
record_events() {
	ctr events >"$T/events" 3>&- &
	EVENTS=$!
	sleep 0.3
}

# Their topics, for one task, in order.
topics() { grep "\"container_id\":\"$1\"" "$T/events" | grep -o '/tasks/[a-z-]*' | xargs; }
has_topics() { [ "$(topics "$1")" = "$2" ]; }

@test "ctr run --rm shows the output and gives the exit status, and nothing is left" {
	run --separate-stderr ctr_run --rm t-1 /bin/sh -c 'echo out; echo err >&2; exit 7'
	[ "$status" -eq 7 ]
	[ "$output" = out ]
	# bats sets it
	# shellcheck disable=SC2154
	[ "$stderr" = err ]
	wait_until 5 no_task_left
}

@test "a detached task is listed, killed and deleted" {
	start_sleeping t-1
	[ "$(task_status t-1)" = RUNNING ]
	[ "$(cat "/proc/$(task_pid t-1)/comm")" = sleep ]
	ctr task ps t-1 | grep -q "^$(task_pid t-1) "
	ctr task kill -s KILL t-1
	wait_until 5 has_task_status t-1 STOPPED
	run ctr task rm t-1
	[[ $output == *"exit code 137"* ]]
	ctr container rm t-1
	wait_until 5 no_task_left
}

@test "kedge's own command line shows the containers of the shim" {
	start_sleeping t-1
	[ "$(kedge --root "$SHIM_STATE" list -q)" = t-1 ]
	[ "$(kedge --root "$SHIM_STATE" state t-1 | jq .pid)" = "$(task_pid t-1)" ]
}

@test "exit statuses are the program's, or 128 and the signal" {
	run ctr_run --rm t-1 /bin/true
	[ "$status" -eq 0 ]
	run ctr_run --rm t-2 /bin/sh -c 'exit 255'
	[ "$status" -eq 255 ]
	run ctr_run --rm t-3 /bin/sh -c 'kill -9 $$; sleep 5'
	[ "$status" -eq 0 ] # the first process of a pid namespace is deaf to its own signals
	start_sleeping t-4
	ctr task kill -s TERM t-4
	ctr task kill -s 9 t-4
	wait_until 5 has_task_status t-4 STOPPED
}

@test "a program that isn't there fails in words that Docker understands, and nothing is left" {
	run ctr_run --rm t-1 nonesuch
	[ "$status" -eq 1 ]
	[[ $output == *'exec: "nonesuch": executable file not found in $''PATH'* ]]
	wait_until 5 no_task_left
	run ctr_run --rm t-2 /bin
	[[ $output == *"is a directory"* || $output == *"Is a directory"* ]]
	wait_until 5 no_task_left
}

@test "ten megabytes of output are complete, however soon the program ends" {
	local want
	want=$(seq 1 1500000 | sha256sum)
	[ "$(ctr_run --rm t-1 /bin/seq 1 1500000 | sha256sum)" = "$want" ]
	[ "$(ctr_run --rm t-2 /bin/seq 1 1500000 | (sleep 2; sha256sum))" = "$want" ]
	wait_until 5 no_task_left
}

@test "stdin reaches the program and ends" {
	[ "$(seq 1 200000 | ctr_run --rm t-1 /bin/wc -l)" -eq 200000 ]
	# an end before the task is there is lost in ctr, with runc as well
	[ "$( (echo a; sleep 1; echo b) | ctr_run --rm t-2 /bin/cat | tr '\n' ' ')" = "a b " ]
	wait_until 5 no_task_left
}

@test "events come in order, also for a program that ends at once" {
	record_events
	ctr_run --rm t-1 /bin/true
	wait_until 5 has_topics t-1 "/tasks/create /tasks/start /tasks/exit /tasks/delete"
	kill "$EVENTS"
}

@test "a task lives through a crash of containerd, and its exit is told afterwards" {
	local pid shim
	start_sleeping t-1
	pid=$(task_pid t-1)
	shim=$(shim_pid t-1)
	containerd_kill
	sleep 0.3
	containerd_start
	[ "$(task_pid t-1)" = "$pid" ]
	[ "$(task_status t-1)" = RUNNING ]
	[ "$(shim_pid t-1)" = "$shim" ]
	ctr task kill -s KILL t-1
	wait_until 5 has_task_status t-1 STOPPED
	ctr task rm t-1 || true
	ctr container rm t-1
	wait_until 5 no_task_left
}

@test "an exit while containerd is down is kept, with its status" {
	start_sleeping t-1
	local pid
	pid=$(task_pid t-1)
	containerd_kill
	kill -KILL "$pid"
	sleep 0.3
	containerd_start
	[ "$(task_status t-1)" = STOPPED ]
	run ctr task rm t-1
	[[ $output == *"exit code 137"* ]]
	wait_until 5 no_task_left
}

@test "a shim that is killed takes its container along, and containerd removes what is left" {
	local pid shim
	record_events
	start_sleeping t-1
	pid=$(task_pid t-1)
	shim=$(shim_pid t-1)
	kill -KILL "$shim"
	wait_until 5 shim_is_gone "$pid"
	wait_until 5 no_task_left
	wait_until 5 has_topics t-1 "/tasks/create /tasks/start /tasks/exit /tasks/delete"
	grep '/tasks/exit' "$T/events" | grep -q '"exit_status":137'
	kill "$EVENTS"
	ctr container rm t-1
}

@test "a shim killed while containerd is down is cleaned up when that comes back" {
	start_sleeping t-1
	local pid shim
	pid=$(task_pid t-1)
	shim=$(shim_pid t-1)
	containerd_kill
	kill -KILL "$shim"
	containerd_start
	wait_until 10 shim_is_gone "$pid"
	wait_until 5 no_task_left
}

@test "a container without a pid namespace of its own leaves no process behind" {
	ctr_run -d --with-ns=pid:/proc/1/ns/pid t-1 /bin/sh -c 'sleep 1001 & sleep 1002'
	wait_until 5 pgrep -xf 'sleep 1001'
	ctr task kill -s KILL t-1
	wait_until 5 has_task_status t-1 STOPPED
	run pgrep -xf 'sleep 1001'
	[ "$status" -eq 1 ]
}

@test "the shim is one thread with few fds, and sleeps" {
	local shim before
	start_sleeping t-1
	shim=$(shim_pid t-1)
	sleep 2.5
	[ "$(find "/proc/$shim/task" -mindepth 1 -maxdepth 1 | wc -l)" -eq 1 ]
	# three of them are for stdin, which ctr opens for a detached container since containerd 2
	[ "$(find "/proc/$shim/fd" -mindepth 1 | wc -l)" -le 15 ]
	before=$(awk '{ print $14 + $15 }' "/proc/$shim/stat")
	sleep 1
	[ "$(awk '{ print $14 + $15 }' "/proc/$shim/stat")" -le $((before + 1)) ]
}

@test "-v and -info answer without a namespace, and start refuses in one sentence" {
	run containerd-shim-kedge-v1 -v
	[ "$status" -eq 0 ]
	[[ $output == *"Version:"*"Revision:"* ]]
	containerd-shim-kedge-v1 -info </dev/null | grep -aq io.containerd.kedge.v1
	run containerd-shim-kedge-v1 start
	[ "$status" -eq 1 ]
	[[ $output == *"needs -namespace"* ]]
}
