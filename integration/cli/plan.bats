#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# `kedge plan` and --dry-run: what a checkpoint or a restore would do, and nothing done.

# single quotes hold jq's variables
# shellcheck disable=SC2016

load ../lib/common

setup() {
	common_setup
	mkdir -p "$T/old" "$T/new"
	echo conf >"$T/conf"
	add_bind "$T/old" /data rbind rw
	add_bind "$T/conf" /etc/conf bind ro
}
teardown() { common_teardown; }

# all that a plan could change: state, images, rootfs, mounts of host and container, cgroups
snapshot() {
	local id=$1
	find /run/kedge "$T/images" "$B" "$T/old" "$T/new" -printf '%p %y %m %T@ %s\n' 2>/dev/null | sort
	find /run/kedge "$T/images" -type f -exec sha256sum {} + 2>/dev/null | sort
	cat /proc/self/mountinfo
	[ -z "$id" ] || {
		cat "/proc/$(pid_of "$id")/mountinfo"
		cat /sys/fs/cgroup/freezer/"$id"/freezer.state 2>/dev/null
		status_of "$id"
	}
	find /sys/fs/cgroup -type d | sort
}

# changes_nothing ID COMMAND...: run it; nothing is different afterwards
changes_nothing() {
	local id=$1
	shift
	snapshot "$id" >"$BATS_TEST_TMPDIR/../before.$$"
	run --separate-stderr "$@"
	snapshot "$id" | diff "$BATS_TEST_TMPDIR/../before.$$" - || {
		echo "something has changed"
		return 1
	}
	rm "$BATS_TEST_TMPDIR/../before.$$"
}

row() { grep -E "^$1 " <<<"$output"; }

@test "plan checkpoint shows each external mount with key, source and verdict, and changes nothing" {
	start_detached t-1
	changes_nothing t-1 kedge plan checkpoint t-1
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == "DESTINATION "*KEY*SOURCE*KIND*FLAGS*PROPAGATION*VERDICT ]]
	[[ $(row /data) =~ config\ +/data\ +"$T/old"\ .*\ rw.*\ ok$ ]]
	[[ $(row /etc/conf) =~ config\ +/etc/conf\ +"$T/conf"\ .*\ ro.*\ ok$ ]]
	# --dry-run is the same thing
	plan=$output
	changes_nothing t-1 kedge checkpoint --dry-run --image-path "$T/images" t-1
	[ "$status" -eq 0 ]
	[ "$output" = "$plan" ]
	[ ! -e "$T/images" ]
	refuses "--format: it is for --dry-run" kedge checkpoint --format json --image-path "$T/images" t-1
}

@test "a key of the user's own is in the plan, and with --format json everything is" {
	start_detached t-1
	run --separate-stderr kedge plan checkpoint --format json --external 'mnt[/data]:volume' t-1
	[ "$status" -eq 0 ]
	[ "$(jq -r '.operation, .id, .verdict' <<<"$output" | paste -sd' ')" = "checkpoint t-1 ok" ]
	jq -e --arg s "$T/old" '.mounts[] | select(.destination == "/data") |
		.key == "volume" and .source == $s and .verdict == "ok" and .userMapped' <<<"$output"
}

@test "what checkpoint refuses plan refuses, with the same message, hint and status" {
	mkdir "$T/peer"
	mount -t tmpfs none "$T/peer"
	mount --make-shared "$T/peer"
	config '.linux.rootfsPropagation = "shared"'
	add_bind "$T/peer" /shared rbind rshared
	start_detached t-1
	changes_nothing t-1 kedge plan checkpoint --external 'mnt[/nothing]:x' t-1
	[ "$status" -eq 1 ]
	refusal=$stderr
	[[ $refusal == *"/nothing"* ]]
	run --separate-stderr kedge checkpoint --image-path "$T/images" --external 'mnt[/nothing]:x' t-1
	[ "$status" -eq 1 ]
	[ "${refusal#*: }" = "${stderr#*: }" ]
	umount "$T/peer"
}

@test "plan checkpoint of what isn't there or doesn't run is refused as by checkpoint" {
	refuses 'container "t-1" does not exist' kedge plan checkpoint t-1
	kedge create -b "$B" t-1 </dev/null >/dev/null 2>&1
	refuses "it is created, not running" kedge plan checkpoint t-1
	refuses "it is created, not running" kedge checkpoint --dry-run t-1
}

@test "plan restore shows where each mount would come from, and changes nothing" {
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	changes_nothing "" kedge plan restore -b "$B" --image-path "$T/images"
	[ "$status" -eq 0 ]
	[[ $(row /data) =~ config\ +/data\ +"$T/old"\ .*\ ok ]]
	changes_nothing "" kedge plan restore -b "$B" --image-path "$T/images" \
		--external "mnt[/data]:$T/new" t-1
	[ "$status" -eq 0 ]
	[[ $(row /data) =~ \ /data\ +"$T/new"\ .*\ ok ]]
	plan=$output
	changes_nothing "" kedge restore --dry-run -d -b "$B" --image-path "$T/images" \
		--external "mnt[/data]:$T/new" t-1
	[ "$output" = "$plan" ]
	nothing_left t-1
	restore_detached t-1 "$T/images"
}

@test "what restore refuses plan refuses in the same words, and the rows say which mount it is" {
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	set -- -b "$B" --image-path "$T/images" --external "mnt[/data]:$T/missing" \
		--external "mnt[/etc/conf]:$T/new" t-1
	changes_nothing "" kedge plan restore --format json "$@"
	[ "$status" -eq 1 ]
	jq -e '.verdict == "refused" and (.error | contains("/missing")) and (.hint | length > 0)' <<<"$output"
	refusal=$stderr
	run --separate-stderr kedge restore -d "$@"
	[ "$status" -eq 1 ]
	[ "${refusal#*: }" = "${stderr#*: }" ]
	nothing_left t-1
}

@test "plan restore with an id that is taken is refused as by restore" {
	start_detached t-1
	kedge checkpoint --leave-running --image-path "$T/images" t-1
	changes_nothing t-1 kedge plan restore -b "$B" --image-path "$T/images" t-1
	[ "$status" -eq 1 ]
	refusal=$stderr
	run --separate-stderr kedge restore -d -b "$B" --image-path "$T/images" t-1
	[ "$status" -eq 1 ]
	[ "${refusal#*: }" = "${stderr#*: }" ]
}

@test "plan restore makes no state directory" {
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	kedge --root "$T/nowhere" plan restore -b "$B" --image-path "$T/images" t-1
	[ ! -e "$T/nowhere" ]
}

@test "help: plan alone, its commands, and a word that is none" {
	run kedge plan
	[ "$status" -eq 0 ]
	[[ $output == "Usage: kedge plan COMMAND"*"  checkpoint  "*"  restore  "* ]]
	[ "$(kedge plan --help)" = "$output" ]
	[ "$(kedge help plan)" = "$output" ]
	run kedge plan restore --help
	[ "$status" -eq 0 ]
	[[ $output == "Usage: kedge plan restore [OPTIONS] [ID]"*"--map OLD=NEW"* ]]
	[ "$(kedge help plan restore)" = "$output" ]
	refuses "unknown command: plan both" kedge plan both
}

@test "one line sums up a checkpoint and a restore, and --stats writes it as JSON" {
	start_detached t-1
	run --separate-stderr kedge checkpoint --image-path "$T/images" --stats "$T/stats" t-1
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[[ $stderr =~ ^"checkpoint of t-1: "[0-9.]+" ms".*" external mounts"$ ]]
	[[ $(jq -r '.operation, .id, .images' "$T/stats" | paste -sd' ') = "checkpoint t-1 $T/images" ]]
	jq -e '.totalUs > 1000 and .mounts > 10 and .externalMounts >= 2' "$T/stats"
	kedge restore -d -b "$B" --image-path "$T/images" --stats - t-1 \
		</dev/null >"$T/out" 2>"$T/err"
	grep -qE '^restored t-1: [0-9.]+ ms, [0-9]+ external mounts' "$T/err"
	jq -e '.operation == "restore" and .externalMounts >= 2' "$T/out"
}

@test "with --log the line goes to the log, and stderr stays the container's" {
	start_detached t-1
	run --separate-stderr kedge --log "$T/log" --log-format json checkpoint --image-path "$T/images" t-1
	[ -z "$output$stderr" ]
	[[ $(jq -r .msg "$T/log") == "checkpoint of t-1: "* ]]
	kedge --log "$T/log2" restore -d -b "$B" --image-path "$T/images" t-1 </dev/null >"$T/out" 2>&1
	[ ! -s "$T/out" ]
	grep -q 'level=info msg="restored t-1: ' "$T/log2"
}

@test "a checkpoint that takes a while shows its progress on a terminal, and wipes it" {
	start_detached t-1
	fake_criu slow 'time.sleep(2.5)'
	command script -qefc "kedge --criu $T/slow checkpoint --image-path $T/images t-1" "$T/typescript" \
		</dev/null >/dev/null || true
	grep -q 'checkpoint of t-1: 1 s, 0 B' "$T/typescript"
	# the last thing written to that line is its end
	tail -c 4000 "$T/typescript" | tr -d '\r' | grep -q $'\e\[K.*kedge checkpoint: '
	run --separate-stderr kedge --criu "$T/slow" checkpoint --image-path "$T/images" t-1
	[[ $stderr != *$'\e'* ]]
}
