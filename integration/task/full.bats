#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# No room: for images, for the bundle, for the state; no process, no memory for who works for a shim.
# An error in words, nothing left, and all is well when there is room again.

load ../lib/common
load ../lib/containerd
load ../lib/gate
load ../lib/kill

setup() {
	ROOM=
	case $BATS_TEST_DESCRIPTION in
	*pages* | *inodes*) small_run ;;
	esac
	kill_setup
}
teardown() {
	kill_teardown
	[ -z "$ROOM" ] || umount -l /run/containerd
}

# All that containerd and the shim keep while tasks run, bundles, state and sockets, has a small tmpfs
small_run() {
	ROOM=/run/containerd
	mkdir -p "$ROOM"
	mount -t tmpfs -o "mode=711,size=8M,nr_inodes=4096" tmpfs "$ROOM"
}

free_of() { stat -f -c "$1" "$ROOM"; }

# leave_pages N: room for N pages more. A file takes one at least.
leave_pages() {
	rm -f "$ROOM/fill"
	local left=$(($(free_of %a) - $1))
	dd if=/dev/zero of="$ROOM/fill" bs=4096 count="$left" 2>/dev/null
	[ "$(free_of %a)" -eq "$1" ]
}

# leave_inodes N: files, directories and links
leave_inodes() {
	rm -rf "$ROOM/files"
	mkdir "$ROOM/files"
	local left=$(($(free_of %d) - $1))
	(cd "$ROOM/files" && seq "$left" | xargs touch)
	[ "$(free_of %d)" -eq "$1" ]
}

# fails_or_works: one of the two, and nothing is left
fails_or_works() {
	run timeout -k 5 30 ctr run --rm --null-io --runtime "$RUNTIME" \
		docker.io/library/busybox:1 t-1 /bin/sh -c 'exit 7'
	echo "$1: $status $output" >>"$T/said"
	[ "$status" -eq 7 ] || [[ $status -eq 1 && $output =~ ctr:.*[nN]o\ space\ left\ on\ device ]] || {
		echo "with $1 left: status $status, $output"
		return 1
	}
	wait_until 10 no_task_left || return 1
	ctr container rm t-1 2>/dev/null || true
	WORKED=$status
}

# It fails with no room, and works with enough; the steps between are the places where it may break.
sweep() {
	local leave=$1 n worked=0
	shift
	for n; do
		"$leave" "$n"
		fails_or_works "$n"
		[ "$WORKED" -ne 7 ] || worked=$((worked + 1))
	done
	cat "$T/said"
	[ "$worked" -gt 0 ] && [ "$worked" -lt $# ]
	rm -rf "$ROOM/fill" "$ROOM/files"
	fails_or_works all
	[ "$WORKED" -eq 7 ]
}

@test "however few pages there are for bundle and state, a task runs or an error says why" {
	sweep leave_pages {0..9} 40
}

@test "however few inodes there are for bundle and state, a task runs or an error says why" {
	sweep leave_inodes {0..16} 40
}

# call METHOD [FIELD...]
call() {
	timeout 60 "$TREE/integration/lib/ttrpc.py" "$(sed 's,^unix://,,' "$BUNDLES/t-1/address")" \
		"$1" 1=t-1 "${@:2}"
}

@test "a checkpoint onto a full disk fails in words, and the container runs on" {
	run_counting
	mkdir "$T/images"
	mount -t tmpfs -o size=64K tmpfs "$T/images"
	run call Checkpoint "2=$T/images"
	[ -z "$(ls -A "$T/images")" ]
	umount "$T/images"
	[ "$status" -eq 1 ]
	echo "$output"
	[[ $output == "2 OCI runtime checkpoint failed: "*"No space left on device"* ]]
	[ "$(wc -l <<<"$output")" -eq 1 ]
	[ "$(task_status t-1)" = RUNNING ]
	counts_on
	run pgrep criu
	[ "$status" -eq 1 ]
	call Checkpoint "2=$T/images"
	[ -e "$T/images/inventory.img" ]
	counts_on
	ends_with_7
}

# limit_processes N: so many in the shim's cgroup, which is one of its own
limit_processes() {
	local dir=/sys/fs/cgroup/pids/few
	mkdir -p "$dir"
	shim_pid t-1 >"$dir/cgroup.procs"
	echo "$1" >"$dir/pids.max"
}

@test "a shim that can't have another process says so, and goes on" {
	run_counting
	limit_processes 1
	run call Pause
	[ "$status" -eq 1 ]
	[ "$output" = "2 fork: Resource temporarily unavailable" ]
	run ctr task exec --exec-id e1 t-1 /bin/true
	[ "$status" -eq 1 ]
	[[ $output == *"fork: Resource temporarily unavailable"* ]]
	run call Kill 3:=9 4:=1
	[ "$status" -eq 1 ]
	[ "$(task_status t-1)" = RUNNING ]
	counts_on
	# the end needs no process, Delete does
	touch "$T/data/stop"
	wait_until 5 has_task_status t-1 STOPPED
	run ctr task rm t-1
	[ "$status" -eq 1 ]
	echo max >/sys/fs/cgroup/pids/few/pids.max
	remove_with 7
	wait_until 5 rmdir /sys/fs/cgroup/pids/few
}
