#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Mounts that lie on one another come back all of them, in their order.

# single quotes hold jq's and the container's variables; EXPECT and CHECKPOINT_ARGS are lib/mounts's
# shellcheck disable=SC2016,SC2034

load ../lib/mounts

setup_file() { mounts_setup_file; }
setup() { mounts_setup; }
teardown() { mounts_teardown; }

# layers PATH: how many mounts lie there
layers() { grep -c "^ *$1: [a-z0-9]*, .*, " "$W/after"; }

@test "a tmpfs that an exec put on a bind: its files come along, the source is left alone" {
	volume src
	add_bind "$T/src" /data
	started t-1
	inside t-1 mount -t tmpfs none /data
	inside t-1 sh -c 'echo over >/data/over'
	same_before_and_after t-1 "$T/images"
	[ "$(kedge exec t-1 cat /data/over)" = over ]
	[ ! -e "$T/src/over" ]
	inside t-1 umount /data
	[ "$(kedge exec t-1 cat /data/name)" = src ]
}

@test "two binds of config.json on one path" {
	volume a b
	add_bind "$T/a" /data
	add_bind "$T/b" /data
	survives
	inside t-1 umount /data
	[ "$(kedge exec t-1 cat /data/name)" = a ]
}

@test "two binds on one path, the lower one read-only" {
	volume a b
	add_bind "$T/a" /data bind ro
	add_bind "$T/b" /data bind rw
	survives
	inside t-1 umount /data
	run kedge exec t-1 touch /data/x
	[ "$status" -ne 0 ]
}

@test "two binds of one source on one path, with different flags" {
	volume src
	add_bind "$T/src" /data bind rw nosuid
	add_bind "$T/src" /data bind ro noexec
	survives
	[ "$(layers /data)" -eq 2 ]
}

@test "two binds of one source on one path, all alike" {
	volume src
	add_bind "$T/src" /data bind ro
	add_bind "$T/src" /data bind ro
	survives
	[ "$(layers /data)" -eq 2 ]
}

@test "a bind that an exec put on a tmpfs" {
	volume src
	add_bind "$T/src" /src
	add_mount /data tmpfs tmpfs
	started t-1
	kedge exec t-1 sh -c 'echo below >/data/below'
	inside t-1 mount --bind /src /data
	same_before_and_after t-1 "$T/images"
	inside t-1 umount /data
	[ "$(kedge exec t-1 cat /data/below)" = below ]
}

@test "a bind of config.json on a tmpfs of config.json" {
	volume src
	add_mount /data tmpfs tmpfs size=64k
	add_bind "$T/src" /data bind ro
	survives
	[ "$(layers /data)" -eq 2 ]
}

@test "a tmpfs of config.json on a bind of config.json" {
	volume src
	add_bind "$T/src" /data
	add_mount /data tmpfs tmpfs size=64k ro
	survives
	[ "$(layers /data)" -eq 2 ]
}

@test "a tmpfs on a tmpfs, each with its files" {
	add_mount /data tmpfs tmpfs size=64k
	started t-1
	kedge exec t-1 sh -c 'echo below >/data/below'
	inside t-1 mount -t tmpfs none /data
	inside t-1 sh -c 'echo above >/data/above'
	same_before_and_after t-1 "$T/images"
	inside t-1 umount /data
	[ "$(kedge exec t-1 ls /data)" = below ]
}

@test "three high: bind, tmpfs, bind" {
	volume a b
	add_bind "$T/a" /data bind ro
	add_mount /data tmpfs tmpfs
	add_bind "$T/b" /data bind noexec
	survives
	[ "$(layers /data)" -eq 3 ]
	inside t-1 umount /data
	inside t-1 umount /data
	[ "$(kedge exec t-1 cat /data/name)" = a ]
}

@test "four high, all binds, with different flags" {
	volume a b c
	add_bind "$T/a" /data bind ro
	add_bind "$T/b" /data bind rw nosuid
	add_bind "$T/c" /data bind ro nodev
	add_bind "$T/a" /data bind rw noexec
	survives
	[ "$(layers /data)" -eq 4 ]
}

@test "files on a file" {
	volume a b
	add_bind "$T/a/name" /etc/conf bind ro
	add_bind "$T/b/name" /etc/conf bind rw
	survives
	inside t-1 umount /etc/conf
	[ "$(kedge exec t-1 cat /etc/conf)" = a ]
}

@test "a mount below the lower one is hidden, and is there still" {
	volume a b c
	add_bind "$T/a" /data
	add_bind "$T/c" /data/sub bind ro
	add_bind "$T/b" /data
	survives
	grep -q '^/data/sub: hidden' "$W/after"
	inside t-1 umount /data
	[ "$(kedge exec t-1 cat /data/sub/name)" = c ]
}

@test "a tmpfs over an rbind with submounts" {
	volume src
	fresh src/sub
	add_bind "$T/src" /data rbind
	started t-1
	inside t-1 mount -t tmpfs none /data
	same_before_and_after t-1 "$T/images"
	inside t-1 umount /data
	kedge exec t-1 touch /data/sub/written
	[ -e "$T/src/sub/written" ]
}

@test "what was stacked and is unmounted again leaves no trace" {
	volume src
	add_bind "$T/src" /data bind ro
	started t-1
	inside t-1 mount -t tmpfs none /data
	inside t-1 umount /data
	same_before_and_after t-1 "$T/images"
	[ "$(layers /data)" -eq 1 ]
}

@test "a stack in which one source is mapped elsewhere" {
	volume a b new
	echo a >"$T/new/name"
	add_bind "$T/a" /data bind ro
	add_bind "$T/b" /data
	started t-1
	checkpointed t-1 "$T/images"
	config --arg s "$T/new" --arg a "$T/a" '(.mounts[] | select(.source == $a)).source = $s'
	other_source a new
	comes_back t-1 "$T/images"
}
