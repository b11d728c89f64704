#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Checkpoint and restore through a real containerd: what `ctr` and its options say, and what comes back

load ../lib/common
load ../lib/containerd

setup() {
	containerd_setup
	mkdir "$T/a" "$T/b"
	echo a >"$T/a/name"
	echo b >"$T/b/name"
}
teardown() { containerd_teardown; }

# It counts in its memory, and says so in what is mounted at /data; when that has `stop` it exits 7
# shellcheck disable=SC2016
COUNT='i=0; while [ ! -e /data/stop ]; do i=$((i + 1)); echo $i $(cat /data/name) >/data/.n
	mv /data/.n /data/n; sleep 0.05; done; exit 7'

start_counting() {
	local id=$1
	shift
	ctr_run -d --mount="type=bind,src=$T/a,dst=/data,options=rbind:rw" "$@" "$id" \
		/bin/sh -c "$COUNT"
	wait_until 5 counts_beyond "$T/a" 3
}

count_in() { cut -d ' ' -f 1 "$1/n"; }
counts_beyond() { [ "$(count_in "$1")" -gt "$2" ]; }

# checkpoint ID REF: to an image that `ctr containers restore` takes
checkpoint() { ctr container checkpoint --image --rw --task "$1" "$2"; }

remove() {
	ctr task kill -s KILL "$1" || true
	wait_until 5 has_task_status "$1" STOPPED
	ctr task rm "$1" >/dev/null 2>&1 || true
	ctr container rm "$1"
}

# images_of REF: the files that containerd has packed up
images_of() {
	local index digest
	index=$(ctr image ls | awk -v ref="$1" '$1 == ref { print $3 }')
	digest=$(ctr content get "$index" |
		jq -r '.manifests[] | select(.mediaType | endswith("criu.tar")) | .digest')
	ctr content get "$digest" | tar -t
}

@test "ctr tasks checkpoint makes an image, and the container runs on" {
	local ref n
	start_counting t-1
	ctr task checkpoint t-1
	n=$(count_in "$T/a")
	wait_until 5 counts_beyond "$T/a" "$n"
	[ "$(task_status t-1)" = RUNNING ]
	ref=$(ctr image ls -q | grep checkpoint/t-1)
	images_of "$ref" >"$T/files"
	grep -qx inventory.img "$T/files"
	grep -qx kedge.json "$T/files"
	run grep -e 'log$' -e stats -e tmp- "$T/files"
	[ "$status" -eq 1 ]
	[ -z "$(ls -A "$BUNDLES/t-1/work/criu" 2>/dev/null)" ]
}

@test "options that ctr drops change nothing: the container runs on" {
	start_counting t-1
	ctr task checkpoint --exit --image-path "$T/images" t-1 || true
	if ctr version | grep -q '^  Version: *1\.'; then
		[ ! -e "$T/images" ]
		[ "$(task_status t-1)" = RUNNING ]
	else
		[ -e "$T/images/inventory.img" ]
		wait_until 5 has_task_status t-1 STOPPED
	fi
}

@test "an annotation says that a checkpoint ends the container" {
	ctr events >"$T/events" 3>&- &
	local events=$!
	start_counting t-1 --annotation=dev.kedge.checkpoint.exit=true
	checkpoint_without_options t-1
	wait_until 5 has_task_status t-1 STOPPED
	run ctr task rm t-1
	[[ $output == *"exit code 137"* ]]
	wait_until 5 grep -q /tasks/delete "$T/events"
	kill "$events"
	[ "$(grep -o '/tasks/\(check\|exit\|delete\)[a-z]*' "$T/events" | xargs)" = \
		"/tasks/checkpointed /tasks/exit /tasks/delete" ]
	ctr container rm t-1
	wait_until 5 no_task_left
}

@test "a paused container can be checkpointed, and stays paused" {
	local n
	start_counting t-1
	ctr task pause t-1
	ctr task checkpoint t-1
	[ "$(task_status t-1)" = PAUSED ]
	n=$(count_in "$T/a")
	sleep 0.3
	[ "$(count_in "$T/a")" -eq "$n" ]
	ctr task resume t-1
	wait_until 5 counts_beyond "$T/a" "$n"
}

@test "a restored container goes on counting, and its exit status arrives" {
	local n
	start_counting t-1
	checkpoint t-1 example.org/ck:1
	n=$(count_in "$T/a")
	remove t-1
	rm "$T/a/n"
	ctr container restore --live t-1 example.org/ck:1
	wait_until 5 counts_beyond "$T/a" "$n"
	[ "$(task_status t-1)" = RUNNING ]
	[ "$(awk '/^PPid/ { print $2 }' "/proc/$(task_pid t-1)/status")" = "$(shim_pid t-1)" ]
	[ -z "$(find /tmp -maxdepth 1 -name 'ctrd-checkpoint*')" ]
	touch "$T/a/stop"
	wait_until 5 has_task_status t-1 STOPPED
	run ctr task rm t-1
	[[ $output == *"exit code 7"* ]]
	ctr container rm t-1
	wait_until 5 no_task_left
	[ ! -e /var/log/kedge/default/t-1 ]
}

@test "a restored container is checkpointed and restored again" {
	local n
	start_counting t-1
	checkpoint t-1 example.org/ck:1
	remove t-1
	ctr container restore --live t-1 example.org/ck:1
	ctr image rm --sync example.org/ck:1
	n=$(count_in "$T/a")
	wait_until 5 counts_beyond "$T/a" "$n"
	checkpoint t-1 example.org/ck:2
	n=$(count_in "$T/a")
	remove t-1
	rm "$T/a/n"
	ctr container restore --live t-1 example.org/ck:2
	wait_until 5 counts_beyond "$T/a" "$n"
	remove t-1
	wait_until 5 no_task_left
}

@test "an annotation maps the sources of mounts for the restore" {
	local n
	start_counting t-1 --annotation="dev.kedge.restore.map=$T/a=$T/b"
	checkpoint t-1 example.org/ck:1
	n=$(count_in "$T/a")
	remove t-1
	ctr container restore --live t-1 example.org/ck:1
	wait_until 5 counts_beyond "$T/b" "$n"
	[ "$(cut -d ' ' -f 2 "$T/b/n")" = b ]
}

@test "a restore that fails says why, and leaves nothing" {
	start_counting t-1
	checkpoint t-1 example.org/ck:1
	remove t-1
	mv "$T/a" "$T/away"
	run ctr container restore --live t-1 example.org/ck:1
	[ "$status" -eq 1 ]
	[[ $output == *"OCI runtime restore failed"*"/data"*"$T/a"* ]]
	ctr task rm t-1 || true
	ctr container rm t-1
	wait_until 5 no_task_left
}

@test "a checkpoint that fails leaves the container as it was" {
	start_counting t-1 --annotation=dev.kedge.checkpoint.netwrok-lock=skip
	run ctr task checkpoint t-1
	[ "$status" -eq 1 ]
	[[ $output == *"annotation dev.kedge.checkpoint.netwrok-lock: it is not known"* ]]
	[ "$(task_status t-1)" = RUNNING ]
}

@test "a restored task that is killed for its memory is told of like any other" {
	start_counting t-1 --memory-limit=33554432
	checkpoint t-1 example.org/ck:1
	remove t-1
	ctr events >"$T/events" 3>&- &
	local events=$!
	sleep 0.3
	ctr container restore --live t-1 example.org/ck:1
	# the kernel is to choose this one, not the task's first process
	ctr task exec --exec-id e t-1 /bin/sh -c 'echo 1000 >/proc/self/oom_score_adj
		exec dd if=/dev/zero of=/dev/null bs=64M count=1' || true
	wait_until 5 grep -q /tasks/oom "$T/events"
	kill "$events"
	[ "$(task_status t-1)" = RUNNING ]
}

@test "events tell of a restored task like of any other" {
	start_counting t-1
	checkpoint t-1 example.org/ck:1
	remove t-1
	ctr events >"$T/events" 3>&- &
	local events=$!
	sleep 0.3
	ctr container restore --live t-1 example.org/ck:1
	remove t-1
	wait_until 5 grep -q /tasks/delete "$T/events"
	kill "$events"
	[ "$(grep -o '/tasks/[a-z]*' "$T/events" | xargs)" = \
		"/tasks/create /tasks/start /tasks/exit /tasks/delete" ]
	grep /tasks/create "$T/events" | grep -q '"checkpoint":"/.*ctrd-checkpoint'
	# the holder's pid is the one that Create answers, and another runs
	[ "$(grep -o '"pid":[0-9]*' "$T/events" | sort -u | wc -l)" -eq 2 ]
}
