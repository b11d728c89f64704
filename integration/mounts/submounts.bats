#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What a recursive bind brought along stays the host's: the same file systems at the same places.

# single quotes hold jq's and the container's variables; EXPECT and CHECKPOINT_ARGS are lib/mounts's
# shellcheck disable=SC2016,SC2034

load ../lib/mounts

setup_file() { mounts_setup_file; }
setup() { mounts_setup; }
teardown() { mounts_teardown; }

@test "a tmpfs of the host below: what the container writes reaches the host" {
	volume src
	fresh src/sub
	add_bind "$T/src" /data rbind
	survives
	kedge exec t-1 touch /data/sub/written
	[ -e "$T/src/sub/written" ]
}

@test "a bind below" {
	volume src other src/sub
	mount --bind "$T/other" "$T/src/sub"
	add_bind "$T/src" /data rbind
	survives
}

@test "a file bound below" {
	volume src other src/sub
	mount --bind "$T/other/name" "$T/src/sub/name"
	add_bind "$T/src" /data rbind ro
	survives
}

@test "an ext4 below" {
	volume src
	ext4 src/disk
	add_bind "$T/src" /data rbind
	survives
	kedge exec t-1 touch /data/disk/written
	[ -e "$T/src/disk/written" ]
}

@test "an overlay below" {
	volume src src/sub lower upper work
	mount -t overlay -o "lowerdir=$T/lower,upperdir=$T/upper,workdir=$T/work" overlay "$T/src/sub"
	add_bind "$T/src" /data rbind
	survives
}

@test "a debugfs below comes back, with what the kernel mounts there" {
	volume src src/sub
	mount -t debugfs none "$T/src/sub"
	ls "$T/src/sub/tracing/" >/dev/null
	grep -q "$T/src/sub/tracing .* tracefs" /proc/self/mountinfo
	add_bind "$T/src" /data rbind
	started t-1
	kedge checkpoint --image-path "$T/images" t-1
	kedge restore -d -b "$B" --image-path "$T/images" t-1 </dev/null
	[ "$(kedge exec t-1 ls /data/sub/tracing/)" = "$(ls "$T/src/sub/tracing/")" ]
}

@test "five levels of them" {
	volume src
	fresh src/a
	fresh src/a/b
	ext4 src/a/b/c
	fresh src/a/b/c/d
	volume src/a/b/c/d/e other
	mount --bind "$T/other" "$T/src/a/b/c/d/e"
	add_bind "$T/src" /data rbind
	survives
}

@test "ro is for the first one only, its submounts stay writable" {
	volume src
	fresh src/sub
	add_bind "$T/src" /data rbind ro
	survives
	grep -q '^/data: Read-only file system' "$W/after"
	grep -q '^/data/sub: writable' "$W/after"
}

@test "rro is for all" {
	volume src
	fresh src/sub
	ext4 src/disk
	add_bind "$T/src" /data rbind rro
	survives
	[ "$(grep -Ec '^/data[^ ]*: Read-only file system' "$W/after")" -eq 3 ]
}

@test "submounts with flags of their own" {
	volume src
	fresh src/a -o noexec
	fresh src/b -o nosuid,nodev,noatime
	mount -o remount,bind,ro,noexec "$T/src/a"
	add_bind "$T/src" /data rbind
	survives
}

@test "one source twice, with its submounts, writable and read-only" {
	volume src
	fresh src/a
	fresh src/b
	add_bind "$T/src" /rw rbind rw
	add_bind "$T/src" /ro rbind rro
	survives
}

@test "a bind that isn't recursive has no submounts, and gets none" {
	volume src
	fresh src/sub
	add_bind "$T/src" /data bind
	survives
	run ! grep -q '^ */data/sub: tmpfs' "$W/after"
}

@test "what the host mounted later, below a slave" {
	shared src
	volume src/later
	add_bind "$T/src" /data rbind rslave
	started t-1
	mount -t tmpfs none "$T/src/later"
	volume src/later
	kedge exec t-1 test -e /data/later/name
	same_before_and_after t-1 "$T/images"
}

@test "what the host mounted later and unmounted again" {
	shared src
	volume src/later
	add_bind "$T/src" /data rbind rslave
	started t-1
	mount -t tmpfs none "$T/src/later"
	umount "$T/src/later"
	same_before_and_after t-1 "$T/images"
}

@test "what the host mounted before, below a shared bind of a shared source" {
	shared src
	fresh src/sub
	two_way
	add_bind "$T/src" /data rbind rshared
	survives
}

@test "the tmpfs of a source that the host has unmounted: its files come along" {
	fresh src
	add_bind "$T/src" /data rbind
	started t-1
	umount "$T/src"
	same_before_and_after t-1 "$T/images"
	[ "$(kedge exec t-1 cat /data/name)" = src ]
}

@test "the disk of a source that the host has unmounted: a warning, and the restore wants a source" {
	ext4 disk
	volume new
	add_bind "$T/disk" /data rbind
	started t-1
	umount "$T/disk"
	checkpointed t-1 "$T/images"
	grep -q /data "$W/checkpoint.out"
	restore_refused /data
	restore_detached t-1 "$T/images" --external "mnt[/data]:$T/new"
	[ "$(kedge exec t-1 cat /data/name)" = new ]
}

@test "the disk of a submount that the host has unmounted is refused by name" {
	volume src
	ext4 src/disk
	add_bind "$T/src" /data rbind
	started t-1
	umount "$T/src/disk"
	checkpoint_refused /data/disk
}

@test "a submount that is missing at the restore is refused by name" {
	volume src
	fresh src/sub
	add_bind "$T/src" /data rbind
	started t-1
	checkpointed t-1 "$T/images"
	umount "$T/src/sub"
	restore_refused /data/sub
	[[ $output == *"$T/src/sub"* ]]
}

@test "two missing submounts are named in one message" {
	volume src
	fresh src/a
	fresh src/b
	add_bind "$T/src" /data rbind
	started t-1
	checkpointed t-1 "$T/images"
	umount "$T/src/a" "$T/src/b"
	restore_refused /data/a
	[[ $output == *"/data/b"* ]]
}

@test "mapped elsewhere, the submounts are those of the new source" {
	volume src new
	fresh src/sub
	fresh new/sub
	cp "$T/src/name" "$T/new/name"
	cp "$T/src/sub/name" "$T/new/sub/name"
	add_bind "$T/src" /data rbind
	started t-1
	checkpointed t-1 "$T/images"
	restore_detached t-1 "$T/images" --external "mnt[/data]:$T/new"
	kedge exec t-1 touch /data/sub/written
	[ -e "$T/new/sub/written" ] && [ ! -e "$T/src/sub/written" ]
}

@test "mapped to a source without that submount: refused by name" {
	volume src new new/sub
	fresh src/sub
	add_bind "$T/src" /data rbind
	started t-1
	checkpointed t-1 "$T/images"
	restore_refused /data/sub --external "mnt[/data]:$T/new"
	[[ $output == *"$T/new/sub"* ]]
}

@test "a submount that a mount of config.json hides" {
	volume src over
	fresh src/sub
	fresh src/sub/deep
	add_bind "$T/src" /data rbind
	add_bind "$T/over" /data/sub bind ro
	survives
	grep -q '^/data/sub/deep: hidden' "$W/after"
}

@test "a submount that the container has unmounted stays away" {
	volume src
	fresh src/a
	fresh src/b
	add_bind "$T/src" /data rbind
	started t-1
	inside t-1 umount /data/a
	same_before_and_after t-1 "$T/images"
	grep -q '^ */data/b: tmpfs' "$W/after"
}

@test "fifty submounts" {
	volume src
	for i in $(seq 50); do
		mkdir "$T/src/$i"
		mount -t tmpfs -o size=4k none "$T/src/$i"
	done
	add_bind "$T/src" /data rbind ro
	survives
}

@test "the host's /proc, /sys and /dev, as a monitoring agent has them" {
	add_bind /proc /host/proc rbind ro
	add_bind /sys /host/sys rbind ro
	add_bind /dev /host/dev rbind ro
	survives
}

@test "submounts in a container with a read-only root" {
	volume src
	fresh src/sub
	ro_root
	add_bind "$T/src" /data rbind ro
	survives
}

@test "a submount that the host has covered since: the restore wants a source, and shows no other" {
	volume src
	fresh src/sub
	fresh src/deep
	fresh src/deep/er
	fresh src/out
	add_bind "$T/src" /data rbind
	started t-1
	kedge exec t-1 touch /data/sub/first /data/deep/er/first
	inside t-1 sh -c 'mkdir /moved && mount -o move /data/out /moved'
	# other ways to what will be covered
	mkdir "$T/first" "$T/first_er"
	mount --bind "$T/src/sub" "$T/first"
	mount --bind "$T/src/deep/er" "$T/first_er"
	fresh src/sub
	fresh src/deep
	fresh src/deep/er
	fresh src/out
	checkpointed t-1 "$T/images"
	restore_refused "/data/sub: what was mounted there had been replaced"
	[[ $output == *"/data/deep/er: what was mounted there had been replaced"* ]]
	[[ $output == *"/moved: what was mounted there had been replaced"* ]]
	run ! kedge restore -d -b "$B" --image-path "$T/images" --external "mnt[/data/sub]:$T/first" \
		--external "mnt[/data/deep/er]:$T/first_er" t-1
	restore_detached t-1 "$T/images" --external "mnt[/data/sub]:$T/first" \
		--external "mnt[/data/deep/er]:$T/first_er" --external "mnt[/data/deep]:$T/src/deep" \
		--external "mnt[/moved]:$T/src/out"
	kedge exec t-1 ls /data/sub/first /data/deep/er/first
}
