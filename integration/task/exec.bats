#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Other programs in a task that runs: what `ctr task exec` and containerd ask of the shim.

load ../lib/common
load ../lib/containerd

setup() {
	containerd_setup
	ctr_run -d t-1 /bin/sleep 1000
}
teardown() { containerd_teardown; }

# ctr_exec EXEC-ID [OPTION...] ID COMMAND...
ctr_exec() {
	local id=$1
	shift
	timeout -k 5 60 ctr task exec --exec-id "$id" "$@"
}

# in_background EXEC-ID [OPTION...] ID COMMAND...: its output goes to $T/EXEC-ID, its pid to $BG
in_background() {
	ctr_exec "$@" >"$T/$1" 2>&1 3>&- &
	BG=$!
}


record_events() {
	ctr events >"$T/events" 3>&- &
	EVENTS=$!
	sleep 0.3
}

# The topics of one task with the exec's id where there is one, in order.
topics() {
	sed -n 's/^.* \(\/tasks\/[a-z-]*\) \(.*\)$/\1 \2/p' "$T/events" | grep "\"container_id\":\"$1\"" |
		sed 's/^\(\/tasks\/[a-z-]*\) .*"\(exec_id\|id\)":"\([^"]*\)".*/\1=\3/; s/ {.*//' | xargs
}

@test "an exec'd program has its output, errors, input and exit status" {
	run --separate-stderr ctr_exec e1 t-1 /bin/sh -c 'echo out; echo err >&2; exit 7'
	[ "$status" -eq 7 ]
	[ "$output" = out ]
	# bats sets it
	# shellcheck disable=SC2154
	[ "$stderr" = err ]
	[ "$( (seq 1 100000; sleep 1) | ctr_exec e2 t-1 /bin/wc -l)" -eq 100000 ]
	[ "$(task_status t-1)" = RUNNING ]
}

@test "an exec'd program is in the container, with its environment, directory and user" {
	[ "$(ctr_exec e1 t-1 /bin/readlink /proc/1/ns/mnt)" = "$(readlink "/proc/$(task_pid t-1)/ns/mnt")" ]
	[ "$(ctr_exec e2 --cwd /tmp --user 1000 t-1 /bin/sh -c 'pwd; id -u' | xargs)" = "/tmp 1000" ]
	# the container's $PATH
	# shellcheck disable=SC2016
	[ "$(ctr_exec e3 t-1 /bin/sh -c 'echo $PATH')" = /bin ]
}

@test "ten megabytes of an exec'd program are complete, however soon it ends" {
	local want
	want=$(seq 1 1500000 | sha256sum)
	[ "$(ctr_exec e1 t-1 /bin/seq 1 1500000 | sha256sum)" = "$want" ]
	[ "$(ctr_exec e2 t-1 /bin/seq 1 1500000 | (sleep 2; sha256sum))" = "$want" ]
}

@test "an exec id is one process only, until that is deleted" {
	in_background e1 t-1 /bin/sleep 1001
	wait_until 5 pgrep -xf '/bin/sleep 1001'
	run ctr_exec e1 t-1 /bin/true
	[ "$status" -eq 1 ]
	[[ $output == *"id e1: already exists"* ]]
	ctr task kill --exec-id e1 -s KILL t-1
	status=0
	wait "$BG" || status=$?
	[ "$status" -eq 137 ]
	ctr_exec e1 t-1 /bin/true
}

@test "the pids of a task say which of them are exec'd" {
	in_background e1 t-1 /bin/sleep 1001
	wait_until 5 pgrep -xf '/bin/sleep 1001'
	[ "$(ctr task ps t-1 | grep -c '^[0-9]')" -eq 2 ]
	ctr task ps t-1 | grep "^$(pgrep -xf '/bin/sleep 1001') " | grep -q 'e1'
	[ "$(ctr task ps t-1 | grep -c e1)" -eq 1 ]
}

@test "a signal for an exec'd process reaches that one alone" {
	local e1
	in_background e1 t-1 /bin/sleep 1001
	e1=$BG
	in_background e2 t-1 /bin/sleep 1002
	wait_until 5 pgrep -xf '/bin/sleep 1001'
	wait_until 5 pgrep -xf '/bin/sleep 1002'
	ctr task kill --exec-id e1 -s TERM t-1
	status=0
	wait "$e1" || status=$?
	[ "$status" -eq 143 ]
	pgrep -xf '/bin/sleep 1002'
	[ "$(task_status t-1)" = RUNNING ]
}

@test "a program that isn't there fails in words that Docker understands, and its id is free again" {
	run ctr_exec e1 t-1 nonesuch
	[ "$status" -eq 1 ]
	[[ $output == *'OCI runtime exec failed: '*'exec: "nonesuch": executable file not found in $''PATH'* ]]
	run ctr_exec e1 t-1 /etc
	[[ $output == *"is a directory"* || $output == *"Is a directory"* || $output == *"ermission denied"* ]]
	ctr_exec e1 t-1 /bin/true
}

@test "nothing is exec'd in a task that has ended" {
	ctr task kill -s KILL t-1
	wait_until 5 has_task_status t-1 STOPPED
	run ctr_exec e1 t-1 /bin/true
	[ "$status" -eq 1 ]
	[[ $output == *"cannot exec in a stopped state"* ]]
}

@test "exits of exec'd processes are told before that of the first one" {
	record_events
	in_background e1 t-1 /bin/sleep 1001
	wait_until 5 pgrep -xf '/bin/sleep 1001'
	ctr task kill -s KILL t-1
	wait_until 5 has_task_status t-1 STOPPED
	wait_until 5 file_has "$T/events" '"id":"t-1"'
	kill "$EVENTS"
	[ "$(topics t-1)" = "/tasks/exec-added=e1 /tasks/exec-started=e1 /tasks/exit=e1 /tasks/exit=t-1" ]
	run pgrep -xf '/bin/sleep 1001'
	[ "$status" -eq 1 ]
}

@test "an exec'd process outlives no first process, with a foreign pid namespace neither" {
	record_events
	ctr_run -d --with-ns=pid:/proc/1/ns/pid t-2 /bin/sleep 1003
	in_background e1 t-2 /bin/sleep 1001
	wait_until 5 pgrep -xf '/bin/sleep 1001'
	ctr task kill -s KILL t-2
	wait_until 5 has_task_status t-2 STOPPED
	wait_until 5 file_has "$T/events" '"id":"t-2"'
	kill "$EVENTS"
	[[ $(topics t-2) == *"/tasks/exit=e1 /tasks/exit=t-2" ]]
	run pgrep -xf '/bin/sleep 1001'
	[ "$status" -eq 1 ]
}

@test "execs that run when containerd crashes run on, and a new one starts afterwards" {
	in_background e1 t-1 /bin/sh -c 'sleep 1001; exit 3'
	wait_until 5 pgrep -xf 'sleep 1001'
	containerd_kill
	containerd_start
	pgrep -xf 'sleep 1001'
	[ "$(ctr_exec e2 t-1 /bin/echo here)" = here ]
	ctr task ps t-1 | grep -q e1
}

# forwarded: the topics of what shims have told a containerd that traces
forwarded() { sed -n 's/.*"event forwarded".*topic=\([^ ]*\).*/\1/p' "$T/containerd.log" | xargs; }
has_forwarded() { [ "$(forwarded)" = "$*" ]; }

@test "what happens while containerd is away is told afterwards, in order" {
	local process='{"args": ["/bin/sh", "-c", "exit 5"], "cwd": "/", "user": {"uid": 0, "gid": 0}}'
	containerd_kill
	shim_call t-1 Exec 2=e1 "7@types.containerd.io/opencontainers/runtime-spec/1/Process==$process"
	shim_call t-1 Start 2=e1
	shim_call t-1 Wait 2=e1
	shim_call t-1 Pause
	shim_call t-1 Resume
	shim_call t-1 Kill 3:=9
	shim_call t-1 Wait
	CONTAINERD_LOG_LEVEL=trace containerd_start
	wait_until 10 has_forwarded /tasks/exec-added /tasks/exec-started /tasks/exit /tasks/paused \
		/tasks/resumed /tasks/exit || {
		forwarded
		return 1
	}
}

@test "twenty programs at once in one task all come and go" {
	local i
	for i in $(seq 20); do
		in_background "e$i" t-1 /bin/sh -c "echo out-$i"
	done
	for i in $(seq 20); do
		wait_until 30 file_has "$T/e$i" "^out-$i\$"
	done
	wait_until 10 [ "$(ctr task ps t-1 | grep -c '^[0-9]')" -eq 1 ]
}
