#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Masked and read-only paths hide and protect after a restore what they did before.

# single quotes hold jq's and the container's variables; EXPECT and CHECKPOINT_ARGS are lib/mounts's
# shellcheck disable=SC2016,SC2034

load ../lib/mounts

setup_file() { mounts_setup_file; }
setup() { mounts_setup; }
teardown() { mounts_teardown; }

@test "masked files and directories of the root" {
	mkdir "$B/rootfs/secret" && echo key >"$B/rootfs/secret/key"
	echo key >"$B/rootfs/etc/key"
	config '.linux.maskedPaths += ["/secret", "/etc/key"]'
	survives
	[ -z "$(kedge exec t-1 cat /etc/key)" ]
	[ -z "$(kedge exec t-1 ls /secret)" ]
}

@test "read-only paths of the root, one in the other" {
	mkdir -p "$B/rootfs/keep/in"
	echo x >"$B/rootfs/keep/file"
	config '.linux.readonlyPaths += ["/keep", "/keep/in", "/keep/file"]'
	survives
	[ "$(grep -c '^/keep.*: Read-only file system' "$W/after")" -eq 3 ]
}

@test "masked and read-only paths in a volume" {
	volume src src/secret src/keep
	add_bind "$T/src" /data
	config '.linux.maskedPaths += ["/data/secret", "/data/name"]
		| .linux.readonlyPaths += ["/data/keep"]'
	survives
	run kedge exec t-1 touch /data/keep/x
	[ "$status" -ne 0 ]
}

@test "forty masked files and forty masked directories" {
	for i in $(seq 40); do
		echo x >"$B/rootfs/etc/f$i"
		mkdir "$B/rootfs/etc/d$i"
	done
	config '.linux.maskedPaths += [range(1; 41) | "/etc/f\(.)", "/etc/d\(.)"]'
	survives
}

@test "masks of a container with a read-only root" {
	echo key >"$B/rootfs/etc/key"
	ro_root
	config '.linux.maskedPaths += ["/etc/key"] | .linux.readonlyPaths += ["/etc"]'
	survives
}

@test "a masked file whose volume is mapped elsewhere is masked still" {
	volume src new
	echo key | tee "$T/src/key" >"$T/new/key"
	echo src >"$T/new/name"
	add_bind "$T/src" /data bind ro
	config '.linux.maskedPaths += ["/data/key"]'
	other_source src new
	survives --external "mnt[/data]:$T/new"
	[ -z "$(kedge exec t-1 cat /data/key)" ]
}

@test "no masks and no read-only paths at all" {
	config '.linux.maskedPaths = [] | .linux.readonlyPaths = []'
	survives
}

# Images are no policy: one without the mask may be anybody's.
@test "a mask that was taken away is there again" {
	echo key >"$B/rootfs/etc/key"
	config '.linux.maskedPaths += ["/etc/key"]'
	started t-1
	inside t-1 umount /etc/key
	[ "$(inside t-1 cat /etc/key)" = key ]
	cycle t-1 "$T/images"
	[ -z "$(inside t-1 cat /etc/key)" ]
}
