#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Tasks of containerd whose cgroup is named in systemd's form: the shim makes a scope of it, and whatever ends
# ends both.

# shellcheck disable=SC2030,SC2031

load ../lib/common
load ../lib/containerd
load ../lib/gate
load ../lib/kill
load ../lib/systemd

setup() {
	ignore_cpu
	systemctl start dbus
	kill_setup
	UNIT=kedge-t-1.scope
}
teardown() {
	kill_teardown
	[ -z "$(units)" ] || units | xargs systemctl kill --signal KILL
	systemctl reset-failed
}

IN_SCOPE=(--cgroup=system.slice:kedge:t-1)

nothing_of_tasks() { no_task_left && no_unit_left && [ -z "$(find /sys/fs/cgroup -name '*:*')" ]; }

is_in_scope() {
	[ "$(property ActiveState,Slice,Delegate | sort | xargs)" = "active system.slice yes" ]
	[ "$(cgroup_of "$(task_pid t-1)")" = "/system.slice/$UNIT" ]
}

@test "a task is in its scope, executed in, paused, measured, killed and deleted" {
	run_counting "${IN_SCOPE[@]}"
	is_in_scope
	ctr task exec -d --exec-id e t-1 /bin/sleep 4321
	wait_until 5 pgrep -xf '/bin/sleep 4321'
	[ "$(cgroup_of "$(pgrep -xf '/bin/sleep 4321')")" = "/system.slice/$UNIT" ]
	ctr task metrics t-1 | grep -q t-1
	ctr task pause t-1
	[ "$(task_status t-1)" = PAUSED ]
	ctr task resume t-1
	counts_on
	[ "$(ctr task ps t-1 | wc -l)" -ge 2 ]
	touch "$T/data/stop"
	remove_with 7
	wait_until 10 nothing_of_tasks
}

@test "a task whose shim is killed ends, and its unit with it" {
	run_counting "${IN_SCOPE[@]}"
	is_in_scope
	kill -KILL "$(shim_pid t-1)"
	wait_until 10 nothing_of_tasks
	ctr container rm t-1
}

@test "a shim that is killed while it creates leaves no unit" {
	local hook=createRuntime
	config '.linux.cgroupsPath = "system.slice:kedge:t-1"'
	count_with_config
	gate_hook "$hook"
	gate_close
	# as run_config, but in a scope
	# shellcheck disable=SC2016
	config --arg root "$B/rootfs" '.root.path = $root'
	in_background timeout -k 5 60 ctr run --runtime "$RUNTIME" -d --config "$B/config.json" t-1
	gate_reached
	[ "$(property ActiveState)" = active ]
	kill -KILL "$(shim_pid t-1)"
	wait_until 10 nothing_of_tasks
}

@test "systemctl stop ends a task, and its status is told" {
	# the container's own
	# shellcheck disable=SC2016
	ctr_run -d "${IN_SCOPE[@]}" --mount="type=bind,src=$T/data,dst=/data,options=rbind:rw" t-1 sh -c \
		'trap "exit 9" TERM; touch /data/up; while :; do sleep 0.05; done'
	wait_until 5 test -e "$T/data/up"
	systemctl stop "$UNIT"
	remove_with 9
	wait_until 10 nothing_of_tasks
}

@test "a checkpoint's images go on in a scope of the same name" {
	local n
	run_counting "${IN_SCOPE[@]}"
	wait_until 5 counts_on
	ctr container checkpoint --image --rw --task t-1 example.org/ck:1
	counts_on
	is_in_scope
	ctr task kill -s KILL t-1
	wait_until 5 has_task_status t-1 STOPPED
	ctr task rm t-1 || true
	ctr container rm t-1
	wait_until 5 nothing_of_tasks
	n=$(cat "$T/data/n")
	echo 0 >"$T/data/n"
	ctr container restore --live t-1 example.org/ck:1
	wait_until 5 test -s "$T/data/n"
	wait_until 5 counts_beyond "$n"
	is_in_scope
	touch "$T/data/stop"
	remove_with 7
	wait_until 10 nothing_of_tasks
}

@test "a task that can't be started leaves no unit" {
	run ctr_run "${IN_SCOPE[@]}" t-1 /no/such/program
	[ "$status" -ne 0 ]
	wait_until 10 nothing_of_tasks
}
