#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Images are data, never policy: whatever an image says, only the live config and the user decide what
# is mounted.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common

setup() {
	common_setup
	mkdir "$T/images" "$T/data" "$T/secret"
	echo secret >"$T/secret/file"
	add_bind "$T/data" /data
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	mounts=$(echo "$T"/images/mountpoints-*.img)
}
teardown() { common_teardown; }

# rewrite OLD NEW: the same number of bytes, anywhere in the mounts image
rewrite() {
	[ "${#1}" -eq "${#2}" ]
	python3 -c '
import sys
f, old, new = sys.argv[1:]
data = open(f, "rb").read()
assert old.encode() in data
open(f, "wb").write(data.replace(old.encode(), new.encode()))' "$mounts" "$1" "$2"
}

@test "CVE-2024-8676, CVE-2026-53492: an image's key that config.json doesn't know is refused by name" {
	rewrite /data /evil
	run kedge restore -d -b "$B" --image-path "$T/images" t-1
	[ "$status" -eq 1 ]
	[[ $output == */evil* ]]
	nothing_left t-1
}

@test "the host path that an image holds is never bound" {
	# the part of the tmpfs /tmp that was mounted, as mountinfo says it
	rewrite "${T#/tmp}/data" "${T#/tmp}/secr"
	restore_detached t-1 "$T/images"
	[ "$(kedge exec t-1 ls /data | wc -l)" -eq 0 ]
	kedge exec t-1 touch /data/mark
	[ -e "$T/data/mark" ]
}

@test "a mountpoint that climbs out of the root is refused" {
	rewrite /data ../..
	run kedge restore -d -b "$B" --image-path "$T/images" t-1
	[ "$status" -eq 1 ]
	nothing_left t-1
}

@test "CVE-2026-53489: a symlink in the image directory is not followed" {
	for f in descriptors.json inventory.img "$(basename "$mounts")"; do
		mv "$T/images/$f" "$T/$f"
		ln -s "$T/$f" "$T/images/$f"
		run kedge restore -d -b "$B" --image-path "$T/images" t-1
		[ "$status" -eq 1 ] || {
			echo "$f was followed"
			return 1
		}
		[[ $output == *"$f"* ]]
		rm "$T/images/$f"
		mv "$T/$f" "$T/images/$f"
		nothing_left t-1
	done
	restore_detached t-1 "$T/images"
}
