#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# A mount is known by what it is, not by where config.json had it: moved, renamed, unmounted ones stay so.

# single quotes hold jq's and the container's variables; EXPECT and CHECKPOINT_ARGS are lib/mounts's
# shellcheck disable=SC2016,SC2034

load ../lib/mounts

setup_file() { mounts_setup_file; }
setup() { mounts_setup; }
teardown() { mounts_teardown; }

@test "a mount that was moved" {
	volume src
	mkdir "$B/rootfs/new"
	add_bind "$T/src" /data bind ro
	started t-1
	inside t-1 mount -o move /data /new
	same_before_and_after t-1 "$T/images"
	[ "$(kedge exec t-1 cat /new/name)" = src ]
	[ -z "$(kedge exec t-1 ls /data)" ]
}

@test "two mounts that have changed places" {
	volume a b
	mkdir "$B/rootfs/other"
	add_bind "$T/a" /a bind ro
	add_bind "$T/b" /b
	started t-1
	inside t-1 mount -o move /a /other
	inside t-1 mount -o move /b /a
	inside t-1 mount -o move /other /b
	same_before_and_after t-1 "$T/images"
	[ "$(kedge exec t-1 cat /a/name /b/name)" = $'b\na' ]
}

@test "a mount that was moved into another one" {
	volume a b b/in
	add_bind "$T/a" /a bind noexec
	add_bind "$T/b" /b
	started t-1
	inside t-1 mount -o move /a /b/in
	same_before_and_after t-1 "$T/images"
}

@test "a mount that was moved onto a tmpfs of the container" {
	volume src
	add_bind "$T/src" /data bind ro
	started t-1
	inside t-1 sh -c 'mkdir /dev/shm/place; exec mount -o move /data /dev/shm/place'
	same_before_and_after t-1 "$T/images"
}

@test "a submount that was moved out of its rbind" {
	volume src
	fresh src/sub
	mkdir "$B/rootfs/new"
	add_bind "$T/src" /data rbind
	started t-1
	inside t-1 mount -o move /data/sub /new
	same_before_and_after t-1 "$T/images"
	kedge exec t-1 touch /new/written
	[ -e "$T/src/sub/written" ]
}

@test "a whole tree that was moved" {
	volume a b a/b
	mkdir "$B/rootfs/new"
	add_bind "$T/a" /a
	add_bind "$T/b" /a/b bind ro
	started t-1
	inside t-1 mount -o move /a /new
	same_before_and_after t-1 "$T/images"
}

@test "a directory above the mountpoint was renamed inside" {
	volume src
	add_bind "$T/src" /m/data bind ro
	started t-1
	kedge exec t-1 mv /m /n
	same_before_and_after t-1 "$T/images"
	grep -q '^  /n/data: ' "$W/after"
}

@test "the mountpoint itself was renamed on the host" {
	volume src
	add_bind "$T/src" /data/here bind ro
	started t-1
	mv "$B/rootfs/data/here" "$B/rootfs/data/there"
	same_before_and_after t-1 "$T/images"
	grep -q '^  /data/there: ' "$W/after"
}

@test "a mountpoint in another bind was renamed through its source" {
	volume outer inner
	add_bind "$T/outer" /outer
	add_bind "$T/inner" /outer/inner bind ro
	started t-1
	mv "$T/outer/inner" "$T/outer/renamed"
	same_before_and_after t-1 "$T/images"
	grep -q '^ *//*outer/renamed: ' "$W/after"
}

@test "the mountpoint was removed on the host, which unmounts it; it stays so" {
	volume a b
	add_bind "$T/a" /data/a
	add_bind "$T/b" /data/b
	started t-1
	rmdir "$B/rootfs/data/a"
	same_before_and_after t-1 "$T/images"
	[ ! -e "$B/rootfs/data/a" ]
}

@test "an unmounted one stays unmounted" {
	volume a b
	add_bind "$T/a" /a
	add_bind "$T/b" /b bind ro
	started t-1
	inside t-1 umount /a
	same_before_and_after t-1 "$T/images"
	run ! grep -q '^ */a: ' "$W/after"
}

@test "a tmpfs of config.json that was unmounted stays so" {
	add_mount /scratch tmpfs tmpfs
	started t-1
	inside t-1 umount /scratch
	same_before_and_after t-1 "$T/images"
	run ! grep -q '^ */scratch: ' "$W/after"
}

@test "unmounted from one place, bound to another before" {
	volume src
	mkdir "$B/rootfs/new"
	add_bind "$T/src" /data bind ro
	started t-1
	inside t-1 mount --bind /data /new
	inside t-1 umount /data
	same_before_and_after t-1 "$T/images"
}

@test "moved, and something else of config.json is in its place" {
	volume a b
	mkdir "$B/rootfs/new"
	add_bind "$T/a" /a
	add_bind "$T/b" /b bind ro
	started t-1
	inside t-1 mount -o move /a /new
	inside t-1 mount -o move /b /a
	same_before_and_after t-1 "$T/images"
}

@test "a moved one is mapped by the destination that config.json gives it" {
	volume src new
	echo src >"$T/new/name"
	mkdir "$B/rootfs/moved"
	add_bind "$T/src" /data bind ro
	started t-1
	inside t-1 mount -o move /data /moved
	other_source src new
	same_before_and_after t-1 "$T/images" --external "mnt[/data]:$T/new"
}

@test "a moved one follows the live config" {
	volume src new
	echo src >"$T/new/name"
	mkdir "$B/rootfs/moved"
	add_bind "$T/src" /data
	started t-1
	inside t-1 mount -o move /data /moved
	checkpointed t-1 "$T/images"
	set_source /data "$T/new"
	other_source src new
	comes_back t-1 "$T/images"
}

@test "moved, restored, and checkpointed again" {
	volume src
	mkdir "$B/rootfs/new"
	add_bind "$T/src" /data bind ro
	started t-1
	inside t-1 mount -o move /data /new
	same_before_and_after t-1 "$T/images"
	same_before_and_after t-1 "$T/images2"
	grep -q '^  /new: ' "$W/after"
}

@test "unmounted, restored, and checkpointed again" {
	volume a b
	add_bind "$T/a" /a
	add_bind "$T/b" /b
	started t-1
	inside t-1 umount /a
	same_before_and_after t-1 "$T/images"
	same_before_and_after t-1 "$T/images2"
	run ! grep -q '^ */a: ' "$W/after"
}
