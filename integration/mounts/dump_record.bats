#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What create notes of the mounts: ROOT/ID/mounts, by which a checkpoint knows them again.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common

setup() {
	common_setup
	mkdir -p "$T/a dir" "$T/b"
}
teardown() { common_teardown; }

record() { cat "/run/kedge/$1/mounts"; }

@test "create records destinations without symlinks, sources by device and inode, and mountinfo" {
	ln -s b "$T/link"
	ln -s /data/deep "$B/rootfs/lnk"
	mkdir -p "$B/rootfs/data/deep"
	add_bind "$T/link" /lnk
	add_bind "$T/a dir" '/with space'
	script 'sleep 1000'
	start_detached t-1
	record t-1
	[ "$(record t-1 | head -n 1)" = 'kedge-mounts 1' ]
	record t-1 | grep -qE '^destination [0-9]+ /data/deep$'
	record t-1 | grep -qE '^destination [0-9]+ /with\\040space$'
	record t-1 | grep -qE "^source [0-9]+ [0-9]+:[0-9]+ $(stat -c %i "$T/b") $T/link\$"
	record t-1 | grep -qE "^source [0-9]+ [0-9]+:[0-9]+ $(stat -c %i "$T/a dir") $T/a.040dir\$"
	record t-1 | sed '1,/^mountinfo$/d' | cmp - "/proc/$(pid_of t-1)/mountinfo"
	[ "$(stat -c %a /run/kedge/t-1/mounts)" = 600 ]
	[ ! -e /run/kedge/t-1/mounts.new ]
	kedge delete --force t-1
	nothing_left t-1
}

@test "each mount has a unique id in the record where the kernel has such ids" {
	script 'sleep 1000'
	start_detached t-1
	ids=$(record t-1 | grep -c '^id ' || true)
	if [ "$(printf '6.11\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 6.11 ]; then
		[ "$ids" = "$(wc -l <"/proc/$(pid_of t-1)/mountinfo")" ]
		[ "$(record t-1 | grep '^id ' | cut -d' ' -f3 | sort -u | wc -l)" = "$ids" ]
	else
		[ "$ids" = 0 ]
	fi
}

@test "a restore records which mounts were moved, and which were unmounted before" {
	mkdir -p "$T/c/sub" "$B/rootfs/new" "$B/rootfs/out"
	mount -t tmpfs tmpfs "$T/c/sub"
	add_bind "$T/a dir" /a
	add_bind "$T/b" /b
	add_bind "$T/c" /c
	a=$(jq '.mounts | map(.destination) | index("/a")' "$B/config.json")
	script 'while :; do sleep 1; done'
	start_detached t-1
	nsenter -t "$(pid_of t-1)" -m -r /bin/busybox sh -c '
		umount /a; mount -o move /b /new; mount -o move "/c/sub" /out'
	kedge checkpoint --image-path "$T/images" t-1
	restore_detached t-1 "$T/images"
	record t-1
	record t-1 | grep -qx "mount $a 0"
	id=$(awk '$5 == "/new" { print $1 }' "/proc/$(pid_of t-1)/mountinfo")
	record t-1 | grep -qx "mount $((a + 1)) $id"
	id=$(awk '$5 == "/out" { print $1 }' "/proc/$(pid_of t-1)/mountinfo")
	record t-1 | grep -qx "submount $((a + 2)) $id /sub"
	kedge delete --force t-1
	umount "$T/c/sub"
	nothing_left t-1
}
