#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What a task may use and what it uses: pause and resume, limits, metrics, and the kernel's killing.

load ../lib/common
load ../lib/containerd

setup() { containerd_setup; }
teardown() { containerd_teardown; }

start_sleeping() { ctr_run -d "$@" /bin/sleep 1000; }

# A task that counts in /count of its root file system, every hundredth of a second
start_counting() {
	# the container's shell expands it
	# shellcheck disable=SC2016
	ctr_run -d "$1" /bin/sh -c 'while :; do n=$((n + 1)); echo $n >/count; sleep 0.01; done'
	wait_until 5 test -s "$BUNDLES/$1/rootfs/count"
}
count() { cat "$BUNDLES/$1/rootfs/count"; }
counts_on() {
	local before
	before=$(count "$1")
	sleep 0.2
	[ "$(count "$1")" != "$before" ]
}

record_events() {
	ctr events >"$T/events" 3>&- &
	EVENTS=$!
	sleep 0.3
}
topics() { grep "\"container_id\":\"$1\"" "$T/events" | grep -o '/tasks/[a-z-]*' | xargs; }
has_topics() { [ "$(topics "$1")" = "$2" ]; }

# update ID JSON: the task's limits
update() { shim_call "$1" Update "2@types.containerd.io/opencontainers/runtime-spec/1/LinuxResources==$2"; }

# cgroup_of ID FILE: the path of FILE in the task's cgroup
cgroup_file() { find /sys/fs/cgroup -path "*/default/$1/$2" | head -n 1; }

@test "a paused task stands still until it is resumed" {
	record_events
	start_counting t-1
	ctr task pause t-1
	[ "$(task_status t-1)" = PAUSED ]
	run ! counts_on t-1
	run ! ctr task pause t-1
	[[ $output == *"cannot pause a paused container"* ]]
	ctr task resume t-1
	[ "$(task_status t-1)" = RUNNING ]
	counts_on t-1
	run ! ctr task resume t-1
	[[ $output == *"cannot resume a running process"* ]]
	ctr task kill -s KILL t-1
	wait_until 5 has_task_status t-1 STOPPED
	run ! ctr task pause t-1
	[[ $output == *"cannot pause a stopped container"* ]]
	ctr task rm t-1 || true
	wait_until 5 has_topics t-1 \
		"/tasks/create /tasks/start /tasks/paused /tasks/resumed /tasks/exit /tasks/delete"
	kill "$EVENTS"
}

@test "a paused task can be killed, and nothing of it is left" {
	start_counting t-1
	ctr task pause t-1
	ctr task kill -s KILL t-1
	wait_until 5 has_task_status t-1 STOPPED
	run ctr task rm t-1
	[[ $output == *"exit code 137"* ]]
	start_counting t-2
	ctr task pause t-2
	ctr task kill -s KILL --all t-2
	wait_until 5 has_task_status t-2 STOPPED
	ctr task rm t-2 || true
	wait_until 5 no_task_left
}

@test "SIGKILL in the middle of a pause kills" {
	local i
	for i in 1 2 3 4 5 6 7 8; do
		start_counting "t-k$i"
		# one may come shortly before the other, or after it
		(sleep "0.00$i" && exec ctr task pause "t-k$i") &
		ctr task kill -s KILL "t-k$i"
		wait $! || true
		wait_until 5 has_task_status "t-k$i" STOPPED
		ctr task rm "t-k$i" || true
	done
}

@test "a task that is paused lives through a crash of containerd" {
	start_counting t-1
	ctr task pause t-1
	containerd_kill
	sleep 0.3
	containerd_start
	[ "$(task_status t-1)" = PAUSED ]
	ctr task resume t-1
	counts_on t-1
}

@test "metrics show memory, processor time and processes" {
	ctr_run -d --memory-limit=67108864 t-1 /bin/sh -c 'sleep 1000 & sleep 1001 & wait'
	local metrics memory
	sleep 0.3
	metrics=$(ctr task metrics --format json t-1)
	memory=$(jq .memory.usage.usage <<<"$metrics")
	[ "$memory" -gt 50000 ]
	[ $((memory / 1048576)) -eq $(($(cat "$(cgroup_file t-1 memory.usage_in_bytes)") / 1048576)) ]
	[ "$(jq .memory.usage.limit <<<"$metrics")" -eq 67108864 ]
	[ "$(jq .memory.total_rss <<<"$metrics")" -gt 4000 ]
	[ "$(jq .pids.current <<<"$metrics")" -eq 3 ]
	[ "$(jq .cpu.usage.total <<<"$metrics")" -gt 100000 ]
	[ "$(jq '.cpu.usage.per_cpu | add' <<<"$metrics")" -eq "$(jq .cpu.usage.total <<<"$metrics")" ]
	ctr task metrics t-1 | grep -q '^memory.usage_in_bytes *[1-9]'
	ctr task metrics t-1 | grep -q '^pids.current *3 *$'
}

@test "an update changes the limits of a running task, and those alone that it names" {
	start_sleeping --memory-limit=67108864 t-1
	update t-1 '{"pids": {"limit": 77}}'
	[ "$(cat "$(cgroup_file t-1 pids.max)")" = 77 ]
	[ "$(cat "$(cgroup_file t-1 memory.limit_in_bytes)")" = 67108864 ]
	update t-1 '{"memory": {"limit": 33554432}, "cpu": {"shares": 77}}'
	[ "$(cat "$(cgroup_file t-1 memory.limit_in_bytes)")" = 33554432 ]
	[ "$(cat "$(cgroup_file t-1 cpu.shares)")" = 77 ]
	run ! update t-1 '{"memory": {"limit": "much"}}'
	[[ $output == *"memory/limit"* ]]
	run ! shim_call t-1 Update
	[[ $output == "3 "* ]]
	ctr task kill -s KILL t-1
	wait_until 5 has_task_status t-1 STOPPED
	run ! update t-1 '{"pids": {"limit": 77}}'
	[[ $output == *"cannot update a stopped container"* ]]
}

@test "a task that is killed for its memory is told of before its end" {
	record_events
	run ctr_run --rm --memory-limit=16777216 t-1 /bin/dd if=/dev/zero of=/dev/null bs=64M count=1
	[ "$status" -eq 137 ]
	wait_until 5 has_topics t-1 "/tasks/create /tasks/start /tasks/oom /tasks/exit /tasks/delete"
	ctr_run --rm --memory-limit=16777216 t-2 /bin/true
	wait_until 5 has_topics t-2 "/tasks/create /tasks/start /tasks/exit /tasks/delete"
	kill "$EVENTS"
}

@test "of a task that goes on when one of its processes was killed for memory it is told, too" {
	record_events
	ctr_run -d --memory-limit=16777216 t-1 \
		/bin/sh -c 'dd if=/dev/zero of=/dev/null bs=64M count=1; sleep 1000'
	wait_until 10 has_topics t-1 "/tasks/create /tasks/start /tasks/oom"
	[ "$(task_status t-1)" = RUNNING ]
	kill "$EVENTS"
}

@test "-info has the document of kedge features in it" {
	local info
	info=$(containerd-shim-kedge-v1 -info </dev/null | tr -d '\0')
	[[ $info == *"$(kedge features)"* ]]
}
