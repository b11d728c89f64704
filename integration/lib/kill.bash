# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# kill.bash - a task t-1 that is stopped in the middle of something, for tests that kill somebody then
#
# To be loaded after common, containerd and gate.

# kill_setup: containerd, a gate, and $T/data
kill_setup() {
	common_setup
	gate_make
	containerd_start
	import_image
	mkdir "$T/data"
	BACKGROUND=()
}

# kill_teardown: also after a test that has failed in the middle
kill_teardown() {
	local pid bundle
	gate_end
	kill "${BACKGROUND[@]}" 2>/dev/null || true
	# what a failed test has left would be in the next one's way
	for pid in $(pgrep -f '^[^ ]*containerd-shim-kedge-v1 -namespace'); do
		kill -KILL "$pid"
	done
	containerd_teardown
	for bundle in "$BUNDLES"/*/; do
		[ ! -d "$bundle" ] || (cd "$bundle" && containerd-shim-kedge-v1 -namespace default \
			-address /run/containerd/containerd.sock -id "$(basename "$bundle")" delete >/dev/null)
		rm -rf "$bundle"
	done
}

# in_background COMMAND...: its output goes to $T/said
in_background() {
	"$@" >>"$T/said" 2>&1 3>&- &
	BACKGROUND+=($!)
}

# It counts in its memory and ends with 7 when it finds /data/stop
# shellcheck disable=SC2016
COUNT='i=0; while [ ! -e /data/stop ]; do i=$((i + 1)); echo $i >/data/.n; mv /data/.n /data/n
	sleep 0.05; done; exit 7'

# run_counting [OPTION...]: t-1 counts in $T/data
# shellcheck disable=SC2120 # some files have no options for it
run_counting() {
	ctr_run -d --mount="type=bind,src=$T/data,dst=/data,options=rbind:rw" "$@" t-1 /bin/sh -c "$COUNT"
}
counts_beyond() { [ "$(cat "$T/data/n")" -gt "$1" ]; }
counts_on() {
	wait_until 10 test -s "$T/data/n"
	wait_until 10 counts_beyond "$(cat "$T/data/n")"
}

# run_config: t-1 runs $B, with its hooks
run_config() {
	local root=$B/rootfs
	# shellcheck disable=SC2016
	config --arg root "$root" '.root.path = $root | .linux.cgroupsPath = "/default/t-1"'
	timeout -k 5 60 ctr run --runtime "$RUNTIME" -d --config "$B/config.json" t-1
}

count_with_config() {
	add_bind "$T/data" /data
	script "$COUNT"
}

# create_to_gate HOOK: t-1 is being created, or started, and its hook stops at the gate
create_to_gate() {
	count_with_config
	gate_hook "$1"
	gate_close
	in_background run_config
	gate_reached
}

# delete_to_gate: t-1 has ended with 7 and is being deleted, and its poststop hook stops at the gate
delete_to_gate() {
	count_with_config
	gate_hook poststop
	run_config
	touch "$T/data/stop"
	wait_until 5 has_task_status t-1 STOPPED
	gate_close
	in_background timeout 20 ctr task rm t-1
	gate_reached
}

# dump_to_gate: t-1 counts and is being dumped, and CRIU stops at the gate
dump_to_gate() {
	gate_criu network-lock
	run_counting
	gate_close
	in_background timeout 20 ctr task checkpoint t-1
	gate_reached
}

# restore_to_gate ACTION: t-1 is being restored from make_checkpoint's, and CRIU stops at the gate
restore_to_gate() {
	gate_criu "$1"
	gate_close
	in_background timeout 20 ctr container restore --live t-1 example.org/ck:1
	gate_reached
}

record_events() {
	ctr events >"$T/events" 3>&- &
	BACKGROUND+=($!)
	sleep 0.3
}

# remove_with STATUS: the task has ended or will, with that status, and then nothing is left
remove_with() {
	wait_until 10 has_task_status t-1 STOPPED
	run ctr task rm t-1
	# bats sets it
	# shellcheck disable=SC2154
	[[ $output == *"exit code $1"* ]]
	ctr container rm t-1
	wait_until 10 no_task_left
}

ends_with_7() {
	touch "$T/data/stop"
	remove_with 7
}

# make_checkpoint: of t-1 as example.org/ck:1; t-1 is gone
make_checkpoint() {
	# shellcheck disable=SC2119
	run_counting
	wait_until 5 counts_beyond 3
	ctr container checkpoint --image --rw --task t-1 example.org/ck:1
	ctr task kill -s KILL t-1
	remove_with 137
}
