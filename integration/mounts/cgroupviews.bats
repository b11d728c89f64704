#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What a container sees of cgroups is its own part, before and after.

# single quotes hold jq's and the container's variables; EXPECT and CHECKPOINT_ARGS are lib/mounts's
# shellcheck disable=SC2016,SC2034

load ../lib/mounts

setup_file() { mounts_setup_file; }
setup() { mounts_setup; }
teardown() { mounts_teardown; }

cgroup_namespace() { config '.linux.namespaces += [{type: "cgroup"}]'; }

# other_id: the paths of cgroups have the new id
other_id() { EXPECT='s#^( */sys/fs/cgroup.*)/t-1#\1/t-2#'; }

@test "without a cgroup namespace" {
	survives
	grep -q '^ */sys/fs/cgroup/memory: .*/t-1$' "$W/after"
}

@test "with a cgroup namespace" {
	cgroup_namespace
	survives
}

@test "writable, without and with a cgroup namespace" {
	set_options /sys/fs/cgroup nosuid noexec nodev rw
	survives
	kedge delete --force t-1
	rm -r "$T/images"
	cgroup_namespace
	survives
}

@test "restored under another id, without a cgroup namespace" {
	started t-1
	checkpointed t-1 "$T/images"
	other_id
	comes_back t-2 "$T/images"
}

@test "restored under another id, with a cgroup namespace" {
	cgroup_namespace
	started t-1
	checkpointed t-1 "$T/images"
	other_id
	comes_back t-2 "$T/images"
}

@test "restored into another cgroupsPath" {
	config '.linux.cgroupsPath = "/t-one/a"'
	started t-1
	checkpointed t-1 "$T/images"
	config '.linux.cgroupsPath = "/t-two/b"'
	EXPECT='s#/t-one/a#/t-two/b#'
	comes_back t-1 "$T/images"
	kedge delete --force t-1
	find /sys/fs/cgroup -depth -type d '(' -name t-one -o -name t-two ')' -exec rmdir {} +
}

@test "the host's whole cgroup tree, bound read-only" {
	drop_mount /sys/fs/cgroup
	add_bind /sys/fs/cgroup /host/cgroup rbind ro
	survives
}

@test "no cgroup mount at all" {
	drop_mount /sys/fs/cgroup
	survives
}

@test "no sysfs at all" {
	drop_mount /sys/fs/cgroup && drop_mount /sys
	survives
}
