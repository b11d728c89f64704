#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Flags of mounts, options of file systems and id maps are those of before.

# single quotes hold jq's and the container's variables; EXPECT and CHECKPOINT_ARGS are lib/mounts's
# shellcheck disable=SC2016,SC2034

load ../lib/mounts

setup_file() { mounts_setup_file; }
setup() { mounts_setup; }
teardown() { mounts_teardown; }

idmapped() {
	config --argjson host "$1" '.mounts[-1] += {uidMappings: [{containerID: 0, hostID: $host, size: 1000}],
		gidMappings: [{containerID: 0, hostID: $host, size: 1000}]}'
}

@test "a read-only root" {
	ro_root
	survives
	grep -q '^/: Read-only file system' "$W/after"
}

@test "a read-only root without /tmp" {
	ro_root
	rmdir "$B/rootfs/tmp"
	survives
	[ ! -e "$B/rootfs/tmp" ]
}

@test "a read-only root with volumes in it" {
	volume a b
	ro_root
	add_bind "$T/a" /a
	add_bind "$T/b" /b bind ro
	survives
}

@test "a read-only root on a file system that is read-only itself" {
	mkdir "$T/lower" && mv "$B/rootfs" "$T/lower/"
	mkdir -p "$T/lower/rootfs/vol" "$B/rootfs"
	mount --bind "$T/lower/rootfs" "$B/rootfs"
	mount -o remount,bind,ro "$B/rootfs"
	volume src
	ro_root
	add_bind "$T/src" /vol
	survives
}

@test "nosymfollow" {
	volume src
	ln -s name "$T/src/link"
	add_bind "$T/src" /data bind nosymfollow
	survives
	run kedge exec t-1 cat /data/link
	[ "$status" -ne 0 ]
}

@test "nosymfollow twice, with ro and without" {
	volume src
	add_bind "$T/src" /a bind nosymfollow ro
	add_bind "$T/src" /b bind nosymfollow
	survives
	[ "$(grep -Ec '^  /[ab]: .*nosymfollow' "$W/after")" -eq 2 ]
}

@test "nosymfollow on mounts that others cover" {
	volume src
	add_bind "$T/src" /data bind nosymfollow
	add_mount /data tmpfs tmpfs nosymfollow
	add_mount /data tmpfs tmpfs
	survives
}

@test "rro, rnosuid, rnodev, rnoexec, rnoatime over submounts" {
	volume src
	fresh src/sub
	add_bind "$T/src" /data rbind rro rnosuid rnodev rnoexec rnoatime
	survives
}

@test "rro with a submount that may be written" {
	volume src
	fresh src/sub
	add_bind "$T/src" /data rbind ro rrw
	add_bind "$T/src" /ro rbind rro
	survives
}

@test "noatime, nodiratime, strictatime" {
	volume src
	add_bind "$T/src" /1 bind noatime
	add_bind "$T/src" /2 bind nodiratime
	add_bind "$T/src" /3 bind strictatime
	add_bind "$T/src" /4 bind noatime ro
	survives
}

@test "an idmapped bind of a tmpfs" {
	fresh src
	chown 5:5 "$T/src/name"
	add_bind "$T/src" /data bind idmap
	idmapped 7000
	survives
	[ "$(kedge exec t-1 stat -c %u /data/name)" = 7005 ]
}

@test "an idmapped bind of an ext4, read-only" {
	ext4 disk
	chown 6:6 "$T/disk/name"
	add_bind "$T/disk" /data bind idmap ro
	idmapped 9000
	survives
	[ "$(kedge exec t-1 stat -c %u /data/name)" = 9006 ]
}

@test "one source with two id maps and without one" {
	fresh src
	add_bind "$T/src" /a bind idmap
	idmapped 3000
	add_bind "$T/src" /b bind idmap ro
	idmapped 4000
	add_bind "$T/src" /c bind
	survives
}

@test "an id map over submounts" {
	fresh src
	fresh src/sub
	add_bind "$T/src" /data rbind ridmap
	idmapped 3000
	survives
}

@test "a tmpfs with size, mode and inodes, and its files" {
	add_mount /scratch tmpfs tmpfs size=128k mode=1770 nr_inodes=50
	started t-1
	kedge exec t-1 sh -c 'mkdir -p /scratch/a/b; echo c >/scratch/a/b/c; chmod 600 /scratch/a/b/c; mkfifo /scratch/p 2>/dev/null || true'
	same_before_and_after t-1 "$T/images"
}

@test "a tmpfs with an owner" {
	add_mount /scratch tmpfs tmpfs uid=1000 gid=1000 mode=700
	survives
}

@test "a read-only tmpfs, and one with nosuid, noexec, nodev, noatime" {
	add_mount /ro tmpfs tmpfs ro size=64k
	add_mount /no tmpfs tmpfs nosuid noexec nodev noatime
	survives
	grep -q '^/ro: Read-only file system' "$W/after"
}

@test "a tmpfs that was filled and then made read-only" {
	add_mount /scratch tmpfs tmpfs size=64k
	started t-1
	kedge exec t-1 sh -c 'echo kept >/scratch/kept'
	inside t-1 mount -o remount,bind,ro /scratch
	same_before_and_after t-1 "$T/images"
}

@test "a tmpfs with names, holes, links, owners and old times" {
	add_mount /scratch tmpfs tmpfs
	started t-1
	kedge exec t-1 sh -c 'cd /scratch; echo x >"a b"; ln "a b" hard; ln -s nowhere link
		dd if=/dev/zero of=hole bs=1 count=1 seek=100000 2>/dev/null; mkdir -m 1777 sticky'
	same_before_and_after t-1 "$T/images"
	[ "$(kedge exec t-1 stat -c %h /scratch/hard)" = 2 ]
}

@test "copies of proc, sysfs and devpts with options of their own" {
	add_mount /p proc proc nosuid noexec
	add_mount /s sysfs sysfs ro nosuid
	add_mount /pts devpts devpts newinstance mode=600 noexec
	survives
}

@test "flags that a bind inherits from the host's mount" {
	fresh src -o nosuid,nodev,noexec,noatime
	add_bind "$T/src" /data bind
	survives
}

@test "the host's mount is read-only: so is the bind of it" {
	fresh src
	mount -o remount,bind,ro "$T/src"
	add_bind "$T/src" /data bind
	survives
	grep -q '^/data: Read-only file system' "$W/after"
}

@test "the host has made its mount read-only since: the container's is as it was" {
	fresh src
	add_bind "$T/src" /data bind
	started t-1
	checkpointed t-1 "$T/images"
	mount -o remount,bind,ro "$T/src"
	restore_detached t-1 "$T/images"
	snapshot t-1 >"$W/after"
	# a fresh create would inherit ro; either is right, but mount and writability have to agree
	grep -q '^  /data: .*,ro,' "$W/after" && grep -q '^/data: Read-only' "$W/after" ||
		grep -q '^/data: writable' "$W/after"
}
