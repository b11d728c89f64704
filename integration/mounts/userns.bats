#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The same in a user namespace.

# single quotes hold jq's and the container's variables; EXPECT and CHECKPOINT_ARGS are lib/mounts's
# shellcheck disable=SC2016,SC2034

load ../lib/mounts

setup_file() { mounts_setup_file; }
setup() {
	mounts_setup
	user_namespace
}
teardown() { mounts_teardown; }

# mine NAME...: the container's root owns it
mine() { chown -R 100000:100000 "${@/#/$T/}"; }

@test "binds, writable and read-only" {
	volume a b
	mine a b
	add_bind "$T/a" /a
	add_bind "$T/b" /b bind ro
	survives
	grep -q '^/a: writable' "$W/after"
}

@test "one source twice, both read-only" {
	volume src
	add_bind "$T/src" /one bind ro
	add_bind "$T/src" /two bind ro nosuid
	survives
	[ "$(grep -Ec '^/(one|two): Read-only file system' "$W/after")" -eq 2 ]
}

@test "a read-only root" {
	ro_root
	survives
}

@test "a tmpfs with files of two users" {
	add_mount /scratch tmpfs tmpfs size=64k mode=1777
	started t-1
	kedge exec t-1 sh -c 'echo a >/scratch/a'
	kedge exec -u 7 t-1 sh -c 'echo b >/scratch/b'
	same_before_and_after t-1 "$T/images"
	[ "$(kedge exec t-1 stat -c %u /scratch/b)" = 7 ]
}

@test "a recursive bind with a tmpfs of the host below" {
	volume src
	fresh src/sub
	mine src
	add_bind "$T/src" /data rbind
	survives
	kedge exec t-1 touch /data/sub/written
	[ -e "$T/src/sub/written" ]
}

@test "a slave gets what the host mounts" {
	shared src
	mkdir "$T/src/later"
	add_bind "$T/src" /data rbind rslave
	survives
	mount -t tmpfs none "$T/src/later"
	echo late >"$T/src/later/late"
	[ "$(kedge exec t-1 cat /data/later/late)" = late ]
}

@test "a volume that is idmapped to the namespace's users" {
	fresh src
	chown -R 0:0 "$T/src"
	add_bind "$T/src" /data bind idmap
	config '.mounts[-1] += {uidMappings: [{containerID: 0, hostID: 100000, size: 1000}],
		gidMappings: [{containerID: 0, hostID: 100000, size: 1000}]}'
	survives
	grep -q '^/data: writable' "$W/after"
}

@test "masks and read-only paths" {
	echo key >"$B/rootfs/etc/key"
	config '.linux.maskedPaths += ["/etc/key"] | .linux.readonlyPaths += ["/data"]'
	survives
}

@test "mapped elsewhere" {
	volume src new
	echo src >"$T/new/name"
	mine src new
	add_bind "$T/src" /data
	other_source src new
	survives --external "mnt[/data]:$T/new"
}

@test "two rounds" {
	volume src
	add_bind "$T/src" /data bind ro
	survives
	same_before_and_after t-1 "$T/images2"
}

@test "an added tmpfs belongs to whom it would in a new container" {
	mkdir "$B/rootfs/own" "$B/rootfs/others"
	started t-1
	checkpointed t-1 "$T/images"
	add_mount /own tmpfs tmpfs
	add_mount /others tmpfs tmpfs uid=7 gid=8 mode=750
	kedge run -d --pid-file "$T/pid" -b "$B" fresh
	restore_detached t-1 "$T/images"
	for id in fresh t-1; do
		kedge exec $id stat -c "%n %a %u:%g" /own /others >"$T/$id"
	done
	grep -q '^/others 750 7:8' "$T/t-1"
	same "an added tmpfs" "$T/fresh" "$T/t-1"
}
