#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What a person reads when CRIU fails: which mount, what is wrong, what to do, where the log is.

load ../lib/common

setup() {
	common_setup
	mkdir -p "$T/old" "$T/images"
	add_bind "$T/old" /data
}
teardown() {
	umount "$T/images" 2>/dev/null || true
	common_teardown
}

# failing_criu VERB-NUMBER LOG LINE: a CRIU that writes LINE to LOG as an error, and fails
failing_criu() {
	fake_criu failing "
s.send(VERSION)
s.recv(1 << 20)
open('$2', 'w').write('''(00.1) Error (criu/mount.c:1): $3\n''')
s.send(bytes([8, $1, 16, 0]))"
}

# the mount id of MOUNTPOINT in the images
id_in_images() {
	kedge inspect -f json "$T/images" | jq --arg m "$1" '.mountNamespaces[0].mounts[] | select(.mountpoint == $m).id'
}

@test "a mount that CRIU knows by its number alone is named with destination and source" {
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	id=$(id_in_images /data)
	failing_criu 2 "$T/images/restore.log" "mnt: No mapping for $id:(null) mountpoint"
	refuses "No mapping for /data (from $T/old) mountpoint" \
		kedge --criu "$T/failing" restore -d -b "$B" --image-path "$T/images" t-1
	[[ $output == *"hint: say where it comes from with --external"* ]]
	[[ $output == *"the whole log is $T/images/restore.log"* ]]
	[[ $output != *"(null)"* ]]
	failing_criu 2 "$T/images/restore.log" "mnt: Can't stat mountpoint /tmp/.criu.mntns.aB3dE6/mnt-$(printf %010d "$id")/sub: No such file or directory"
	refuses "Can't stat mountpoint /data/sub (from $T/old): No such" \
		kedge --criu "$T/failing" restore -d -b "$B" --image-path "$T/images" t-1
	nothing_left t-1
}

@test "so it is when a dump fails" {
	start_detached t-1
	id=$(awk '$5 == "/data" { print $1 }' "/proc/$(pid_of t-1)/mountinfo")
	failing_criu 1 "$T/images/dump.log" "mnt: $id:./data doesn't have a proper root mount"
	refuses "mnt: /data (from $T/old) doesn't have a proper root mount" \
		kedge --criu "$T/failing" checkpoint --image-path "$T/images" t-1
	[[ $output == *"--external 'mnt[MOUNTPOINT]:KEY'"* ]]
	[[ $output == *"the whole log is $T/images/dump.log"* ]]
	[ "$(status_of t-1)" = running ]
}

@test "read-only images restore, and leave nothing behind" {
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	mount --bind "$T/images" "$T/images"
	mount -o remount,bind,ro "$T/images"
	restore_detached t-1 "$T/images"
	[ "$(status_of t-1)" = running ]
	run ls -d /tmp/kedge-restore-*
	[ "$status" -ne 0 ]
}

@test "when read-only images don't restore, the log is kept, and the message says where" {
	echo content >"$T/old/file"
	script 'exec 3</data/file; while :; do sleep 1; done'
	start_detached t-1
	wait_until 5 test -e "/proc/$(pid_of t-1)/fd/3"
	kedge checkpoint --image-path "$T/images" t-1
	mount --bind "$T/images" "$T/images"
	mount -o remount,bind,ro "$T/images"
	echo longer >>"$T/old/file"
	refuses "has bad size" kedge restore -d -b "$B" --image-path "$T/images" t-1
	log=$(sed -n 's/.*the whole log is //p' <<<"$output")
	[[ $log == /tmp/kedge-restore-*/restore.log ]]
	grep -q 'has bad size' "$log"
	[ "$(stat -c %a "${log%/*}")" = 700 ]
	[[ $output == *"bring its content back"* ]]
	rm -r "${log%/*}"
	nothing_left t-1 || {
		# the bind of the images is ours
		umount "$T/images"
		nothing_left t-1
	}
}

@test "a file that was open and is gone is named on both sides" {
	echo content >"$T/old/file"
	script 'exec 3</data/file; while :; do sleep 1; done'
	start_detached t-1
	wait_until 5 test -e "/proc/$(pid_of t-1)/fd/3"
	kedge checkpoint --image-path "$T/images" t-1
	rm "$T/old/file"
	refuses "Can't open file /data/file (from $T/old/file)" \
		kedge restore -d -b "$B" --image-path "$T/images" t-1
	[[ $output == *"hint: the container had it open; bring it back"* ]]
	nothing_left t-1
}

@test "an image that is cut short sends one to kedge inspect" {
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	truncate -s 100 "$T/images/core-1.img"
	refuses "core-1.img" kedge restore -d -b "$B" --image-path "$T/images" t-1
	[[ $output == *'kedge inspect'* ]]
	refuses "core-1.img: offset 8: the next entry has" kedge inspect "$T/images"
}
