#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Images that have lost memory are refused before CRIU starts: it would read them for ever.

load ../lib/common

setup() {
	common_setup
	mkdir "$T/images"
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
}
teardown() { common_teardown; }

@test "a pages image that is too short is refused by name, at once" {
	truncate -s 4096 "$T/images/pages-1.img"
	run timeout 20 kedge restore -d -b "$B" --image-path "$T/images" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"pages-1.img"*"pagemap-1.img"* ]]
	[ ! -e "$T/images/restore.log" ]
	nothing_left t-1
}

@test "a pages image that is gone is refused by name" {
	rm "$T/images/pages-1.img"
	run timeout 20 kedge restore -d -b "$B" --image-path "$T/images" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"pages-1.img"* ]]
	nothing_left t-1
}

@test "a pagemap that is cut in two is refused by name and place" {
	truncate -s 30 "$T/images/pagemap-1.img"
	run timeout 20 kedge restore -d -b "$B" --image-path "$T/images" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"pagemap-1.img: offset"* ]]
	nothing_left t-1
}
