#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Before the restored tasks run on, the mounts are put right from inside, or the restore is undone.

load ../lib/common

setup() {
	common_setup
	mkdir -p "$T/images"
}
teardown() { common_teardown; }

@test "a root that is to be read-only now, but is written to, ends the restore by name" {
	script 'exec 3>/data/log; while :; do sleep 1; echo x >&3; done'
	config '.root.readonly = false'
	start_detached t-1
	wait_until 5 test -s "$B/rootfs/data/log"
	kedge checkpoint --image-path "$T/images" t-1
	config '.root.readonly = true'
	refuses "/: it can't be read-only: a restored process has a file of it open for writing" \
		kedge restore -d -b "$B" --image-path "$T/images" t-1
	[[ $output == *"hint: "*"config.json"* ]]
	nothing_left t-1
	config '.root.readonly = false'
	restore_detached t-1 "$T/images"
	is_running t-1
}
