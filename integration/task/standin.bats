#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# kedge under the name of runc's shim, earlier in containerd's PATH: tasks whose options name kedge are
# kedge's, all others the stock shim's, as if kedge weren't there.

load ../lib/common
load ../lib/containerd

STOCK=/usr/bin/containerd-shim-runc-v2

setup() {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	ln -s "$TREE/build/containerd-shim-kedge-v1" "$BATS_TEST_TMPDIR/bin/containerd-shim-runc-v2"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	containerd_setup
}
teardown() { containerd_teardown; }

# run_kedge, run_runc [OPTION...] ID [COMMAND...]
run_kedge() { RUNTIME=io.containerd.runc.v2 ctr_run --runc-binary=kedge "$@"; }
run_runc() { RUNTIME=io.containerd.runc.v2 ctr_run "$@"; }

# The binary of the process that serves the task; the task's first process is its child
exe_of_shim() { readlink "/proc/$(awk '{ print $4 }' "/proc/$(task_pid "$1")/stat")/exe"; }
is_kedges() { [[ $(exe_of_shim "$1") != "$STOCK" ]]; }

remove() {
	ctr task kill -s KILL "$1"
	wait_until 5 has_task_status "$1" STOPPED
	run ctr task rm "$1"
	[[ $output == *"exit code 137"* ]]
	ctr container rm "$1"
}

@test "each task has the shim that its options ask for" {
	run_kedge -d t-k /bin/sleep 1000
	run_runc -d t-r /bin/sleep 1000
	is_kedges t-k
	[ "$(exe_of_shim t-r)" = "$STOCK" ]
	[ "$(kedge --root "$SHIM_STATE" list -q)" = t-k ]
	[ "$(runc --root /run/containerd/runc/default list -q)" = t-r ]
	remove t-k
	[ "$(task_status t-r)" = RUNNING ]
	remove t-r
	wait_until 5 no_task_left
	[ -z "$(ls /run/containerd/runc/default)" ]
}

@test "kedge is known by another name, too" {
	ln -s "$TREE/build/kedge" "$T/runtime"
	RUNTIME=io.containerd.runc.v2 ctr_run -d --runc-binary="$T/runtime" t-k /bin/sleep 1000
	is_kedges t-k
	remove t-k
	wait_until 5 no_task_left
}

@test "options that are for runc reach it" {
	run_runc -d --runc-root="$T/runc" t-r /bin/sleep 1000
	[ "$(runc --root "$T/runc/default" list -q)" = t-r ]
	run_kedge -d --runc-root="$T/kedge" t-k /bin/sleep 1000
	[ "$(kedge --root "$T/kedge/default" list -q)" = t-k ]
	run run_runc --rm --runc-binary=nonesuch t-x /bin/true
	[[ $output == *nonesuch* ]]
	run run_kedge --rm --runc-systemd-cgroup --cgroup=system.slice:kedge:t-x t-x /bin/true
	[ "$status" -eq 1 ]
	[[ $output == *"cgroups by systemd: this host wasn't booted by systemd"* ]]
	# under its own name ctr lets nobody ask for these
	run ctr_run --rm --runc-binary=kedge t-x /bin/true
	[[ $output == *"only supported for"*"io.containerd.runc.v2"* ]]
	remove t-k
	remove t-r
	wait_until 5 no_task_left
}

@test "the directories of a checkpoint that ctr names are used, one for images and one for logs" {
	run_kedge -d t-k /bin/sh -c 'while :; do sleep 0.1; done'
	ctr task checkpoint --image-path "$T/images" --work-path "$T/work" t-k
	[ -s "$T/images/inventory.img" ]
	[ -s "$T/images/kedge.json" ]
	[ -s "$T/work/dump.log" ]
	[ ! -e "$T/images/dump.log" ]
	[ "$(task_status t-k)" = RUNNING ]
	remove t-k
}

@test "output and exit status are those of the program, in both" {
	run run_kedge --rm t-k /bin/sh -c 'echo kedge; exit 3'
	[ "$status" -eq 3 ]
	[ "$output" = kedge ]
	run run_runc --rm t-r /bin/sh -c 'echo runc; exit 4'
	[ "$status" -eq 4 ]
	[ "$output" = runc ]
	wait_until 5 no_task_left
}

@test "both live through a crash of containerd, and are deleted by whom they belong to" {
	run_kedge -d t-k /bin/sleep 1000
	run_runc -d t-r /bin/sleep 1000
	containerd_kill
	sleep 0.3
	containerd_start
	[ "$(task_status t-k)" = RUNNING ]
	[ "$(task_status t-r)" = RUNNING ]
	remove t-k
	remove t-r
	wait_until 5 no_task_left
}

@test "what a shim that was killed leaves behind is removed by its own kind" {
	local pid_k pid_r socket
	run_kedge -d t-k /bin/sleep 1000
	run_runc -d t-r /bin/sleep 1000
	socket=$(sed 's/^unix:..//' "$BUNDLES/t-k/address")
	[ -S "$socket" ]
	pid_k=$(task_pid t-k)
	pid_r=$(task_pid t-r)
	kill -KILL "$(awk '{ print $4 }' "/proc/$pid_r/stat")"
	wait_until 5 test ! -e "/proc/$pid_r"
	[ "$(task_status t-k)" = RUNNING ]
	kill -KILL "$(awk '{ print $4 }' "/proc/$pid_k/stat")"
	wait_until 5 test ! -e "/proc/$pid_k"
	wait_until 5 test ! -e "$socket"
	# the stock shim's delete leaves its sockets behind, with or without us
	find /run/containerd/s -type s -delete
	wait_until 5 no_task_left
	[ -z "$(ls /run/containerd/runc/default)" ]
}

@test "io.containerd.kedge.v1 is kedge's beside it, without options" {
	ctr_run -d t-1 /bin/sleep 1000
	is_kedges t-1
	remove t-1
	wait_until 5 no_task_left
}

@test "without a stock shim behind it the refusal says what to do" {
	mkdir "$T/only" "$T/cwd"
	cd "$T/cwd"
	run env PATH="$T/bin" containerd-shim-runc-v2 -namespace n -id i -address /a start </dev/null
	[ "$status" -eq 1 ]
	[[ $output == *"this task isn't kedge's"*"install containerd's"* ]]
}
