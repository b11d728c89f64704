#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Bind mounts of every everyday form come back as they were.

# single quotes hold jq's and the container's variables; EXPECT and CHECKPOINT_ARGS are lib/mounts's
# shellcheck disable=SC2016,SC2034

load ../lib/mounts

setup_file() { mounts_setup_file; }
setup() { mounts_setup; }
teardown() { mounts_teardown; }

@test "a writable bind" {
	volume src
	add_bind "$T/src" /data
	survives
}

@test "a read-only bind" {
	volume src
	add_bind "$T/src" /data rbind ro
	survives
	grep -q '^/data: Read-only file system' "$W/after"
}

@test "files, writable and read-only" {
	volume src
	echo ro >"$T/ro"
	add_bind "$T/src/name" /etc/rw bind
	add_bind "$T/ro" /etc/ro bind ro
	survives
	grep -q '^/etc/ro: Read-only file system' "$W/after"
	grep -q '^/etc/rw: writable' "$W/after"
}

@test "one source twice, both read-only" {
	volume src
	add_bind "$T/src" /one bind ro
	add_bind "$T/src" /two bind ro
	survives
	[ "$(grep -Ec '^/(one|two): Read-only file system' "$W/after")" -eq 2 ]
}

@test "one source four times, each with other flags" {
	volume src
	add_bind "$T/src" /1 bind ro
	add_bind "$T/src" /2 bind rw
	add_bind "$T/src" /3 bind ro noexec
	add_bind "$T/src" /4 bind rw nosuid nodev
	survives
}

@test "a source and what lies in it, both read-only" {
	volume src src/sub
	add_bind "$T/src" /outer bind ro
	add_bind "$T/src/sub" /inner bind ro
	survives
	[ "$(grep -Ec '^/(outer|inner): Read-only file system' "$W/after")" -eq 2 ]
}

@test "what lies in a source before the source itself, both read-only" {
	volume src src/sub
	add_bind "$T/src/sub" /inner bind ro
	add_bind "$T/src" /outer bind ro
	survives
}

@test "a source twice with noatime, nosuid, nodev, noexec" {
	volume src
	add_bind "$T/src" /one bind noatime nosuid nodev noexec
	add_bind "$T/src" /two bind noatime nosuid nodev noexec
	survives
	[ "$(grep -Ec '^  /(one|two): .*noatime,nodev,noexec,nosuid' "$W/after")" -eq 2 ]
}

@test "one file three times, read-only" {
	volume src
	for i in 1 2 3; do
		add_bind "$T/src/name" /etc/conf$i bind ro nodev
	done
	survives
	[ "$(grep -Ec '^/etc/conf[123]: Read-only file system' "$W/after")" -eq 3 ]
}

@test "a source that is a symlink, and one with a symlink in the middle" {
	volume src/sub
	ln -s src "$T/link"
	ln -s "$T/link/sub" "$T/last"
	add_bind "$T/last" /a bind ro
	add_bind "$T/link/sub" /b
	survives
}

@test "a destination that is a symlink: absolute, relative, and to what isn't there yet" {
	volume a b c
	mkdir -p "$B/rootfs/real/dir"
	ln -s /real/dir "$B/rootfs/abs"
	ln -s real "$B/rootfs/rel"
	ln -s /later "$B/rootfs/dangling"
	add_bind "$T/a" /abs
	add_bind "$T/b" /rel/sub bind ro
	add_bind "$T/c" /dangling/sub
	survives
	grep -q '^  /real/dir: ' "$W/after"
}

@test "a destination whose links lead out of the root" {
	volume src
	ln -s ../../../../.. "$B/rootfs/up"
	add_bind "$T/src" /up/data
	survives
	[ ! -e /data ]
}

@test "a relative source" {
	mkdir -p "$B/vol/deep"
	echo here >"$B/vol/deep/name"
	add_bind vol/deep /a
	add_bind ./vol /b bind ro
	survives
}

@test "destinations with a trailing slash, //, /./ and .." {
	volume a b c d
	add_bind "$T/a" /a/
	add_bind "$T/b" //b///b
	add_bind "$T/c" /c/./c/.
	add_bind "$T/d" /x/../d
	survives
}

@test "sources with a trailing slash, //, /./ and .." {
	volume a/b
	add_bind "$T/a/" /a
	add_bind "$T//a//b" /b
	add_bind "$T/a/./b/../b/." /c bind ro
	survives
}

@test "a mountpoint that the root has no more is made again" {
	volume src
	add_bind "$T/src" /some/where/deep
	add_bind "$T/src/name" /some/file bind ro
	started t-1
	checkpointed t-1 "$T/images"
	rm -r "$B/rootfs/some"
	comes_back t-1 "$T/images"
}

@test "a mountpoint in another bind's source is made again, in a source that never had it" {
	volume outer inner fresh
	add_bind "$T/outer" /outer
	add_bind "$T/inner" /outer/a/b
	add_bind "$T/inner/name" /outer/a/file
	started t-1
	checkpointed t-1 "$T/images"
	sed -i s/fresh/outer/ "$T/fresh/name"
	other_source outer fresh
	comes_back t-1 "$T/images" --external "mnt[/outer]:$T/fresh"
	[ -d "$T/fresh/a/b" ] && [ -f "$T/fresh/a/file" ]
}

@test "binds in binds, four deep" {
	volume a b c d
	add_bind "$T/a" /m
	add_bind "$T/b" /m/b bind ro
	mkdir "$T/b/c"
	add_bind "$T/c" /m/b/c
	add_bind "$T/d" /m/b/c/d bind ro
	survives
}

@test "a bind below a tmpfs of config.json" {
	volume src
	add_mount /run tmpfs tmpfs mode=755
	add_bind "$T/src" /run/a/b bind ro
	add_bind "$T/src/name" /run/file
	survives
}

@test "a bind over /dev/shm, and one below /dev" {
	volume shm dev
	add_bind "$T/shm" /dev/shm bind noexec
	add_bind "$T/dev" /dev/extra
	survives
}

@test "a file that is empty" {
	: >"$T/empty"
	add_bind "$T/empty" /etc/empty bind ro
	add_bind "$T/empty" /etc/empty2 bind rw
	survives
}

@test "names of 255 bytes, in source and destination" {
	local name
	name=$(printf 'n%.0s' $(seq 255))
	volume "$name"
	add_bind "$T/$name" "/m/$name" bind ro
	survives
}

@test "paths that are 1,500 bytes deep" {
	local path
	path=$(printf 'directory/%.0s' $(seq 150))
	volume "$path"
	add_bind "$T/$path" "/m/$path" bind ro
	survives
}

@test "the three files of Docker, over files of the image" {
	for f in hosts hostname resolv.conf; do
		echo "$f" >"$T/$f"
		echo image >"$B/rootfs/etc/$f"
		add_bind "$T/$f" "/etc/$f" rbind rprivate
	done
	survives
}

@test "sources on three file systems: a disk, a tmpfs, the one of the root" {
	mkdir -p /srv/scenario
	echo disk >/srv/scenario/name
	fresh memory
	volume same
	add_bind /srv/scenario /disk bind ro
	add_bind "$T/memory" /memory
	add_bind "$T/same" /same bind ro
	survives
	rm -r /srv/scenario
}

@test "a whole file system as the source: the root of an ext4, twice" {
	ext4 disk
	add_bind "$T/disk" /disk
	add_bind "$T/disk" /again bind ro nodev
	survives
}

@test "a directory of the container's own root as the source" {
	mkdir "$B/rootfs/here"
	echo here >"$B/rootfs/here/name"
	add_bind "$B/rootfs/here" /there bind ro
	survives
}

@test "a bind hides what the root has there, before and after" {
	volume src
	echo hidden >"$B/rootfs/data/hidden"
	add_bind "$T/src" /data
	survives
	[ "$(cat "$B/rootfs/data/hidden")" = hidden ]
}

@test "a later bind over the parent hides an earlier one" {
	volume a b
	add_bind "$T/a" /m/sub
	add_bind "$T/b" /m
	survives
	grep -q '^/m/sub: hidden' "$W/after"
}

@test "with a read-only root, mountpoints missing" {
	volume a b
	ro_root
	add_bind "$T/a" /a
	add_bind "$T/b" /b bind ro
	started t-1
	checkpointed t-1 "$T/images"
	rmdir "$B/rootfs/a" "$B/rootfs/b"
	comes_back t-1 "$T/images"
}

@test "all of them at once, twice in a row" {
	volume a b c
	for d in a b c; do
		add_bind "$T/$d" "/rw/$d"
		add_bind "$T/$d" "/ro/$d" rbind ro nosuid
	done
	survives
	same_before_and_after t-1 "$T/images2"
}
