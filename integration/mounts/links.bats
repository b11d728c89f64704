#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# A destination that leads through symlinks, in the root file system or in a volume: the mount comes back
# where it was, or what leads elsewhere now is named and nothing has changed.

# single quotes hold jq's variables; EXPECT is lib/mounts's
# shellcheck disable=SC2016,SC2034

load ../lib/mounts

setup_file() { mounts_setup_file; }
setup() { mounts_setup; }
teardown() { mounts_teardown; }

# A volume on /data, with a link in it to one of two directories, and another one on what it leads to.
linked() {
	volume vol/v1/log vol/v2/log logs
	ln -s v1 "$T/vol/current"
	add_bind "$T/vol" /data
	add_bind "$T/logs" /data/current/log bind ro
}

# links_differ OLD NEW: expect `current` to lead there
links_differ() { EXPECT+="s#(/current link 777 0:0) $1\$#\1 $2#;"; }

# has_mount PATH [FLAG]: after the restore, with that flag
has_mount() { grep -Eq "^ *//*${1#/}: .*${2:+[ ,]$2[, ]}" "$W/after"; }

@test "a link in a volume: relative, absolute, from one volume into another" {
	linked
	volume a b
	ln -s /data/v2 "$T/vol/abs"
	ln -s ../../abs/deep "$T/logs/out"
	add_bind "$T/a" /data/abs/dir bind nosuid
	add_bind "$T/b" /data/current/log/out/new
	survives
	has_mount /data/v1/log ro
	has_mount /data/v2/dir nosuid
	has_mount /data/v2/deep/new
}

@test "a link in the root file system that leads into a volume, and one below a new tmpfs" {
	volume vol/v1 a b
	ln -s v1 "$T/vol/current"
	ln -s /data/current/log "$B/rootfs/log"
	mkdir -p "$B/rootfs/run/real"
	ln -s real "$B/rootfs/run/link"
	add_bind "$T/vol" /data
	add_bind "$T/a" /log bind ro
	add_mount /run tmpfs tmpfs
	add_bind "$T/b" /run/link/deep
	survives
	has_mount /data/v1/log ro
	has_mount /run/link/deep
}

@test "a link in a directory below a bind without r, which the host has covered" {
	volume vol/sub/v1 logs
	ln -s v1 "$T/vol/sub/current"
	mount -t tmpfs tmpfs "$T/vol/sub"
	ln -s /elsewhere "$T/vol/sub/current"
	add_bind "$T/vol" /data bind
	add_bind "$T/logs" /data/sub/current/log
	survives
	has_mount /data/sub/v1/log
}

@test "what config.json adds is where links lead" {
	linked
	volume vol/v1/more new
	started t-1
	checkpointed t-1 "$T/images"
	add_bind "$T/new" /data/current/more bind ro
	restore_detached t-1 "$T/images"
	[ "$(kedge exec t-1 cat /data/v1/more/name)" = new ]
}

@test "another volume whose link leads to the same" {
	linked
	cp -a "$T/vol" "$T/other"
	cp -a "$T/logs" "$T/new"
	ln -sfn /data/v1 "$T/other/current"
	links_differ v1 /data/v1
	other_source vol other
	other_source logs new
	survives --external "mnt[/data]:$T/other" --external "mnt[/data/current/log]:$T/new"
}

@test "a link that leads elsewhere, in this volume or in another, is refused with both paths" {
	linked
	volume other/v1/log other/v2/log moved
	ln -s v2 "$T/other/current"
	started t-1
	checkpointed t-1 "$T/images"
	kedge delete -f t-1
	restore_refused "/data/current/log leads to /data/v2/log by a symlink now, and led to /data/v1/log" \
		--external "mnt[/data]:$T/other"
	restore_refused "leads to /data/v2/log by" --map "$T/vol=$T/other"
	ln -sfn /../../etc "$T/vol/current"
	restore_refused "leads to /etc/log by"
	ln -sfn /proc/self/root "$T/vol/current"
	restore_refused "leads to /proc/self/root/log by"
	ln -sfn current "$T/vol/current"
	restore_refused "/data/v1/log: "
	ln -sfn v2 "$T/vol/current"
	set_source /data/current/log "$T/moved"
	restore_refused "leads to /data/v2/log by"
	[[ $output == *"or have it mounted where it was with --external 'mnt[/data/v1/log]:$T/moved'"* ]]
}

@test "the ways out of that: the user's source for the key, or the place in config.json" {
	linked
	started t-1
	checkpointed t-1 "$T/images"
	ln -sfn v2 "$T/vol/current"
	links_differ v1 v2
	comes_back t-1 "$T/images" --external "mnt[/data/v1/log]:$T/logs"
	kedge delete -f t-1
	config '(.mounts[] | select(.destination == "/data/current/log")).destination = "/data/v1/log"'
	comes_back t-1 "$T/images"
}

@test "a directory on the way that is a link now is refused, too" {
	linked
	started t-1
	checkpointed t-1 "$T/images"
	kedge delete -f t-1
	mv "$T/vol/v1" "$T/vol/v3"
	ln -s v3 "$T/vol/v1"
	restore_refused "leads to /data/v3/log by"
}

@test "an unmounted one stays so, wherever the link leads" {
	linked
	started t-1
	inside t-1 umount /data/v1/log
	checkpointed t-1 "$T/images"
	ln -sfn v2 "$T/vol/current"
	links_differ v1 v2
	comes_back t-1 "$T/images"
	run ! has_mount '.*/log'
}

@test "a kedge.json of before, which doesn't know what was written" {
	linked
	started t-1
	checkpointed t-1 "$T/images"
	jq 'del(.mounts[].written)' "$T/images/kedge.json" >"$T/old"
	cat "$T/old" >"$T/images/kedge.json"
	sums "$T/images" >"$W/images.before"
	comes_back t-1 "$T/images"
	kedge delete -f t-1
	ln -sfn v2 "$T/vol/current"
	restore_refused "/data/v1/log: config.json has it at /data/v2/log now (source $T/logs)"
	ln -sfn v1 "$T/vol/current"
	rm "$T/images/kedge.json"
	sums "$T/images" >"$W/images.before"
	comes_back t-1 "$T/images"
}

@test "restored, and checkpointed again" {
	linked
	survives
	same_before_and_after t-1 "$T/images2"
}
