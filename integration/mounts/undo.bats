#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# A restore that fails leaves nothing: no mountpoint, mount, cgroup, state or pid file; and the next one works.

# single quotes hold jq's and the container's variables; EXPECT and CHECKPOINT_ARGS are lib/mounts's
# shellcheck disable=SC2016,SC2034

load ../lib/mounts

setup_file() { mounts_setup_file; }
setup() { mounts_setup; }
teardown() { mounts_teardown; }

# one_of_each: binds whose mountpoints are missing at the restore, a submount, a tmpfs
one_of_each() {
	volume src inner
	fresh src/sub
	add_bind "$T/src" /data/made rbind ro
	add_bind "$T/src/name" /etc/made bind
	add_bind "$T/inner" /outer/in
	add_mount /scratch tmpfs tmpfs
	started t-1
	checkpointed t-1 "$T/images"
	rmdir "$B/rootfs/data/made" "$B/rootfs/outer/in" "$B/rootfs/outer"
	rm "$B/rootfs/etc/made"
}

# fails TEXT [RESTORE-ARGS...]: a restore that fails changes nothing, and another one works
fails() {
	restore_refused "$1" --pid-file "$T/pid" "${@:2}"
	[ ! -e "$T/pid" ]
	[ ! -e /run/kedge/t-1 ]
}
then_works() { comes_back t-1 "$T/images"; }

@test "a missing source" {
	one_of_each
	fails /data/made --external "mnt[/data/made]:$T/nowhere"
	then_works
}

@test "a source of another kind" {
	one_of_each
	fails /etc/made --external "mnt[/etc/made]:$T/src"
	then_works
}

@test "a missing submount" {
	one_of_each
	umount "$T/src/sub"
	fails /data/made/sub
	mount -t tmpfs none "$T/src/sub" && volume src/sub
	restore_detached t-1 "$T/images"
}

@test "an unknown key" {
	one_of_each
	fails /typo --external "mnt[/typo]:$T/src"
	then_works
}

@test "an image that is damaged so that only CRIU sees it" {
	one_of_each
	cp "$T/images/core-1.img" "$T/core"
	truncate -s -20 "$T/images/core-1.img"
	fails criu
	mv "$T/core" "$T/images/core-1.img"
	then_works
}

@test "an image of mounts that is damaged" {
	one_of_each
	image=$(compgen -G "$T/images/mountpoints-*.img")
	cp "$image" "$T/saved"
	truncate -s -7 "$image"
	fails mountpoints
	mv "$T/saved" "$image"
	then_works
}

@test "a missing image" {
	one_of_each
	mv "$T/images/fs-1.img" "$T/saved"
	fails ""
	mv "$T/saved" "$T/images/fs-1.img"
	then_works
}

@test "no CRIU" {
	one_of_each
	fails /nowhere/criu --criu /nowhere/criu
	then_works
}

@test "a CRIU that does nothing but end" {
	one_of_each
	fails criu --criu /bin/true
	then_works
}

@test "a hook that fails" {
	one_of_each
	printf '#!/bin/sh\nexit 3\n' >"$T/hook" && chmod +x "$T/hook"
	config --arg h "$T/hook" '.hooks.createRuntime = [{path: $h}]'
	fails hook
	config 'del(.hooks)'
	then_works
}

@test "a mountpoint that can't be made: the root is on a read-only mount" {
	one_of_each
	mount --bind "$B/rootfs" "$B/rootfs"
	mount -o remount,bind,ro "$B/rootfs"
	fails "the root file system, which is read-only"
	[[ $output == *"/outer/in"* || $output == *"/data/made"* ]]
	umount "$B/rootfs"
	then_works
}

@test "a mountpoint that can't be made: a file is in its way" {
	one_of_each
	touch "$B/rootfs/outer"
	fails /outer/in
	rm "$B/rootfs/outer"
	then_works
}

@test "a pid file that can't be written" {
	one_of_each
	restore_refused "$T/nowhere/pid" --pid-file "$T/nowhere/pid"
	then_works
}

@test "a root file system that isn't there" {
	one_of_each
	mv "$B/rootfs" "$B/away"
	fails rootfs
	mv "$B/away" "$B/rootfs"
	then_works
}

@test "a program that isn't there any more" {
	one_of_each
	mv "$B/rootfs/bin/busybox" "$T/saved"
	fails busybox
	mv "$T/saved" "$B/rootfs/bin/busybox"
	then_works
}

@test "a program of another size, which CRIU notices" {
	one_of_each
	cp -p "$B/rootfs/bin/busybox" "$T/saved"
	echo more >>"$B/rootfs/bin/busybox"
	fails busybox
	mv "$T/saved" "$B/rootfs/bin/busybox"
	then_works
}

@test "an id that is taken: who has it runs on" {
	one_of_each
	mkdir -p "$B/rootfs/data/made"
	config '.mounts |= map(select(.destination != "/outer/in"))'
	started t-1
	rm -f "$B/rootfs/nothing"
	restore_refused t-1
	[ "$(status_of t-1)" = running ]
}

@test "five restores of one checkpoint, one after the other" {
	one_of_each
	for _ in 1 2 3 4 5; do
		comes_back t-1 "$T/images"
		kedge delete --force t-1
	done
}

@test "two restores of one checkpoint side by side" {
	volume src
	add_bind "$T/src" /data bind ro
	started t-1
	checkpointed t-1 "$T/images"
	comes_back t-1 "$T/images"
	EXPECT='s#^( */sys/fs/cgroup.*)/t-1#\1/t-2#'
	comes_back t-2 "$T/images"
	[ "$(status_of t-1)" = running ]
}

@test "a checkpoint that is refused makes no image directory" {
	volume src
	add_bind "$T/src" /data
	started t-1
	checkpoint_refused /typo --external 'mnt[/typo]:x'
	[ ! -e "$T/images" ]
}

@test "a symlink has come into the way of a mountpoint: refused by name, and it leads nobody anywhere" {
	volume src
	mkdir "$B/rootfs/m" "$T/victim"
	add_bind "$T/src" /m/data
	started t-1
	kedge checkpoint --image-path "$T/images" t-1
	rmdir "$B/rootfs/m/data"
	ln -s "$T/victim" "$B/rootfs/m/data"
	restore_refused /m/data
	[ -z "$(ls -A "$T/victim")" ]
}
