#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Checkpoint and restore with --systemd-cgroup: what comes back is in a scope of the same name again.

# single quotes hold the container's variables
# shellcheck disable=SC2016

load ../lib/common
load ../lib/systemd

setup() {
	systemd_setup
	mkdir "$T/a"
	add_bind "$T/a" /data
	script 'i=0; while :; do i=$((i + 1)); echo $i >/data/.n; mv /data/.n /data/n; sleep 0.05; done'
}
teardown() { systemd_teardown; }

counts_beyond() { [ "$(cat "$T/a/n")" -gt "$1" ]; }

# counts_on [UNIT]: with the number in its memory, in its unit
counts_on() {
	local n
	n=$(cat "$T/a/n")
	wait_until 5 counts_beyond "$n"
	[ "$(property ActiveState "$@")" = active ]
	[ "$(cgroup_of "$(pid_of "${ID:-t-1}")")" = "$(property ControlGroup "$@")" ]
}

@test "a restored container is in a scope of that name again, through three cycles" {
	local i n
	start_detached t-1
	wait_until 5 counts_beyond 3
	for i in 1 2 3; do
		kedge checkpoint --image-path "$T/ck$i" t-1
		nothing_left_of t-1
		n=$(cat "$T/a/n")
		echo 0 >"$T/a/n"
		restore_detached t-1 "$T/ck$i"
		wait_until 5 counts_beyond "$n"
		counts_on
		[[ $(property Slice,Delegate,Description | sort | xargs) == *"t-1 system.slice yes" ]]
	done
	kedge exec t-1 true
	kedge pause t-1
	kedge resume t-1
	counts_on
	kedge delete --force t-1
	nothing_left_of t-1
}

@test "with --leave-running it runs on in its scope" {
	start_detached t-1
	wait_until 5 counts_beyond 3
	kedge checkpoint --leave-running --image-path "$T/ck" t-1
	counts_on
	run kedge restore -d -b "$B" --image-path "$T/ck" t-1 </dev/null
	[ "$status" -eq 1 ]
	counts_on
	kedge delete --force t-1
	nothing_left_of t-1
	restore_detached t-1 "$T/ck"
	counts_on
	kedge delete --force t-1
	nothing_left_of t-1
}

@test "another id, unit and slice take what was saved, beside the first" {
	[ -z "$KEDGE_AS" ] || skip "runc's goes into the first one's scope"
	start_detached t-1
	wait_until 5 counts_beyond 3
	kedge checkpoint --leave-running --image-path "$T/ck" t-1
	scope_path a.slice:x:t-2
	restore_detached t-2 "$T/ck"
	ID=t-2 counts_on x-t-2.scope
	[ "$(property Slice x-t-2.scope)" = a.slice ]
	kedge delete --force t-1
	ID=t-2 counts_on x-t-2.scope
	kedge delete --force t-2
	wait_until 5 no_unit_left
	systemctl stop a.slice
	nothing_left_of t-1
}

@test "a restore is refused where a unit has its name, which is left alone, and leaves nothing" {
	start_detached t-1
	wait_until 5 counts_beyond 3
	kedge checkpoint --image-path "$T/ck" t-1
	systemd-run --quiet --unit "$UNIT" --scope sleep 100 3>&- &
	is_active() { [ "$(property ActiveState)" = active ]; }
	wait_until 5 is_active
	run kedge restore -d -b "$B" --image-path "$T/ck" t-1 </dev/null
	[ "$status" -eq 1 ]
	is_active
	kill $!
	wait $! || true
	nothing_left_of t-1
}

@test "a restore that fails leaves no unit, and the id free" {
	start_detached t-1
	wait_until 5 counts_beyond 3
	kedge checkpoint --image-path "$T/ck" t-1
	mv "$T/ck" "$T/whole"
	cp -r "$T/whole" "$T/ck"
	rm "$T"/ck/core-*.img
	run kedge restore -d -b "$B" --image-path "$T/ck" t-1 </dev/null
	[ "$status" -eq 1 ]
	nothing_left_of t-1
	restore_detached t-1 "$T/whole"
	counts_on
	kedge delete --force t-1
	nothing_left_of t-1
}

@test "what was saved in a scope is restored by the other driver, and the other way round" {
	[ -z "$KEDGE_AS" ] || skip "of kedge alone"
	start_detached t-1
	wait_until 5 counts_beyond 3
	kedge checkpoint --image-path "$T/ck" t-1
	config 'del(.linux.cgroupsPath)'
	command kedge restore -d -b "$B" --image-path "$T/ck" t-1 </dev/null >/dev/null 2>&1
	[ "$(cgroup_of "$(pid_of t-1)")" = /system.slice/t-1 ]
	command kedge checkpoint --image-path "$T/ck2" t-1
	scope_path system.slice:kedge:t-1
	restore_detached t-1 "$T/ck2"
	counts_on
	kedge delete --force t-1
	nothing_left_of t-1
}

@test "images of runc's in its scope restore in one of kedge's" {
	[ -z "$KEDGE_AS" ] || skip "of kedge alone"
	KEDGE_AS=runc start_detached t-1
	wait_until 5 counts_beyond 3
	runc --systemd-cgroup checkpoint --image-path "$T/ck" t-1
	wait_until 5 no_unit_left
	restore_detached t-1 "$T/ck"
	counts_on
	kedge delete --force t-1
	nothing_left_of t-1
}
