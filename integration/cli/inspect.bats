#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# `kedge inspect`: what lies in an image directory, whoever made it.

load ../lib/common

setup() {
	common_setup
	mkdir -p "$T/old" "$T/images" "$T/work"
	add_bind "$T/old" /data
	script 'sleep 1000 & while :; do sleep 1; done'
}
teardown() {
	common_teardown
	runc delete -f t-r >/dev/null 2>&1 || true
	crun delete -f t-c >/dev/null 2>&1 || true
}

checkpoint() {
	start_detached t-1
	wait_until 5 test -n "$(kedge ps -f json t-1)"
	kedge checkpoint --image-path "$T/images" "$@" t-1
}

@test "the table shows mounts with keys, processes, sizes, times and versions" {
	checkpoint --work-path "$T/work"
	run --separate-stderr kedge inspect --work-path "$T/work" "$T/images"
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[[ $output =~ "made by "\ +"kedge "[0-9.]+", with CRIU "[0-9.]+", on " ]]
	[[ $output =~ "container "\ +"t-1 at 20" ]]
	[[ $output =~ "with CRIU "[0-9]+\.[0-9] ]]
	[[ $output =~ "times "\ +"frozen "[0-9.]+" ms" ]]
	[[ $output =~ "size "\ +[0-9.]+" KiB in "[0-9]+" files: memory "[0-9.]+" KiB" ]]
	grep -qE '^  /data +[a-z0-9]+ +/data +' <<<"$output"
	grep -qE '^  1 +0 +1 +alive +sh$' <<<"$output"
	grep -qE '^  [0-9]+ +1 +1 +alive +sleep$' <<<"$output"
}

@test "tree, json and dot show the same mounts" {
	checkpoint
	run kedge inspect --format tree "$T/images"
	[ "$status" -eq 0 ]
	[[ $output == *$'\n  ├─/data  '*"key /data"* || $output == *$'\n  └─/data  '*"key /data"* ]]
	[[ $output == *$'\nProcesses\n  1 sh\n  ├─'*" sleep"* ]]
	run kedge inspect --format json "$T/images"
	[ "$status" -eq 0 ]
	jq -e '.mountNamespaces[0] | .root and ([.mounts[] | select(.key == "/data" and .external)] | length == 1)' <<<"$output"
	jq -e '(.processes | length >= 2) and .processes[0].name == "sh" and .problems == []' <<<"$output"
	jq -e '.times.frozenUs > 0 and .sizes.totalBytes > .sizes.memoryBytes' <<<"$output"
	n=$(jq '.mountNamespaces[0].mounts | length' <<<"$output")
	run kedge inspect --format dot "$T/images"
	[ "$(grep -c 'label=' <<<"$output")" -eq "$n" ]
	[ "$(grep -c -- '->' <<<"$output")" -eq $((n - 1)) ]
	[[ ${lines[0]} == "digraph mounts {" && ${lines[-1]} == "}" ]]
}

@test "images of runc and of crun are told apart" {
	(cd "$B" && runc run -d -b "$B" t-r </dev/null >/dev/null 2>&1)
	runc checkpoint --image-path "$T/images.r" t-r
	run kedge inspect "$T/images.r"
	[ "$status" -eq 0 ]
	[[ $output =~ "made by "\ +"runc, with CRIU" ]]
	grep -qE '^  /proc/keys +tmpfs +/dev/null ' <<<"$output"
	crun run -d -b "$B" t-c </dev/null >/dev/null 2>&1
	crun checkpoint --image-path "$T/images.c" t-c
	run kedge inspect "$T/images.c"
	[ "$status" -eq 0 ]
	[[ $output =~ "made by "\ +"crun, with CRIU" ]]
	grep -qE '^  /data +[a-z0-9]+ +/data ' <<<"$output"
}

@test "an unpacked archive of Podman shows the container as well" {
	checkpoint --work-path "$T/work"
	mkdir "$T/archive"
	mv "$T/images" "$T/archive/checkpoint"
	mv "$T"/work/* "$T/archive"
	echo '{"id":"4711","name":"web\u001b[31m","rootfsImageName":"docker.io/library/busybox","runtime":"crun",
		"checkpointedTime":"2026-11-25T12:00:00Z"}' >"$T/archive/config.dump"
	echo '{"ociVersion":"1.0.0","annotations":{"io.container.manager":"libpod"}}' >"$T/archive/spec.dump"
	run kedge inspect "$T/archive"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output =~ "made by "\ +"crun, by podman, with CRIU" ]]
	[[ $output == *'web\x1b[31m 4711 of docker.io/library/busybox at 2026-11-25T12:00:00Z'* ]]
	[[ $output == *"times "* ]]
	run kedge inspect -f json "$T/archive"
	jq -e '.archive.manager == "podman" and .archive.id == "4711"' <<<"$output"
	echo '{"id":' >"$T/archive/config.dump"
	run kedge inspect "$T/archive"
	[ "$status" -eq 1 ]
	[[ $output == *"config.dump"* && $output == *"/data"* ]]
}

@test "a damaged image is named with the place, the rest is shown, and the status is 1" {
	checkpoint
	mounts=$(echo "$T"/images/mountpoints-*.img)
	truncate -s -7 "$mounts"
	rm "$T"/images/core-1.img
	truncate -s -1 "$T"/images/pages-1.img
	run --separate-stderr kedge inspect "$T/images"
	[ "$status" -eq 1 ]
	[[ $output == *"/data"* && $output == *"sleep"* ]]
	[[ $stderr == *"${mounts##*/}: offset "* ]]
	[[ $stderr == *"core-1.img is not in"* ]]
	[[ $stderr == *"pages-1.img: it has "* ]]
	[ "$(grep -c '^kedge inspect: ' <<<"$stderr")" -eq 1 ]
	run kedge inspect -f json "$T/images"
	[ "$status" -eq 1 ]
	head -n -1 <<<"$output" >/dev/null
	run --separate-stderr kedge inspect -f json "$T/images"
	jq -e '.problems | length >= 3' <<<"$output"
}

@test "without kedge.json or with a broken one everything else is shown" {
	checkpoint
	echo '{' >"$T/images/kedge.json"
	run --separate-stderr kedge inspect "$T/images"
	[ "$status" -eq 1 ]
	[[ $output == *"/data"* && $stderr == *"kedge.json"* ]]
	rm "$T/images/kedge.json"
	run kedge inspect "$T/images"
	[ "$status" -eq 0 ]
	[[ $output =~ "made by "\ +("crun"|"runc or crun")", with CRIU" ]]
}

@test "every image cut anywhere or filled with nonsense ends in a report, not in a crash" {
	checkpoint
	for f in "$T"/images/*.img; do
		size=$(stat -c %s "$f")
		cp -p "$f" "$T/saved"
		for at in 0 3 $((size / 2)); do
			truncate -s "$at" "$f"
			run timeout 20 kedge inspect -f json "$T/images"
			[ "$status" -le 1 ]
			head -c "$((size < 9000 ? size : 9000))" /dev/urandom >"$f"
			run timeout 20 kedge inspect -f tree "$T/images"
			[ "$status" -le 1 ]
		done
		cp -p "$T/saved" "$f"
	done
	kedge inspect "$T/images"
}

@test "links that lead out of the directory are not followed, and nothing is written" {
	checkpoint
	rm -f "$T"/images/{stats-dump,dump.log}
	ln -s /proc/kmsg "$T/images/stats-dump"
	ln -s /etc/passwd "$T/images/dump.log"
	mkfifo "$T/images/pagemap-99.img"
	before=$(find "$T/images" -printf '%p %T@ %C@ %s\n' | sort | sha256sum)
	run timeout 20 kedge inspect "$T/images"
	[ "$status" -eq 1 ]
	[[ $output != *root:* ]]
	[[ $output == *"pagemap-99.img is not a regular file"* ]]
	[ "$(find "$T/images" -printf '%p %T@ %C@ %s\n' | sort | sha256sum)" = "$before" ]
}

@test "no name in an image reaches the terminal as an escape sequence" {
	mkdir "$B/rootfs/"$'d\e[31mx'
	add_bind "$T/old" $'/d\e[31mx'
	checkpoint
	for format in table tree json dot; do
		kedge inspect --format "$format" "$T/images" >"$T/out"
		grep -q 'd.*31mx' "$T/out"
		! LC_ALL=C grep -q $'\e' "$T/out"
	done
}

@test "what is no directory of images is refused" {
	refuses "No such file or directory" kedge inspect "$T/missing"
	echo x >"$T/file"
	refuses "unpacked" kedge inspect "$T/file"
	run kedge inspect "$T/work"
	[ "$status" -eq 1 ]
	[[ $output == *"inventory.img is not in $T/work"* ]]
}
