#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Sources are mapped to other paths, one by one or by the beginning of the path.

# single quotes hold jq's and the container's variables; EXPECT and CHECKPOINT_ARGS are lib/mounts's
# shellcheck disable=SC2016,SC2034

load ../lib/mounts

setup_file() { mounts_setup_file; }
setup() { mounts_setup; }
teardown() { mounts_teardown; }

# volumes on one "host" in $T/old, and their copies on another in $T/new
two_hosts() {
	volume old/a old/b/deep
	add_bind "$T/old/a" /a bind ro
	add_bind "$T/old/b/deep" /b rbind
	started t-1
	checkpointed t-1 "$T/images"
	cp -a "$T/old" "$T/new"
	EXPECT='s#(host [^ ]+ .*)/old/#\1/new/#'
}

@test "--map OLD=NEW maps all sources below OLD" {
	two_hosts
	mv "$T/old" "$T/gone"
	comes_back t-1 "$T/images" --map "$T/old=$T/new"
}

@test "--map takes a trailing slash as it takes none" {
	two_hosts
	comes_back t-1 "$T/images" --map "$T/old/=$T/new/"
}

@test "--map takes whole components: /x/a isn't the beginning of /x/ab" {
	volume old/a old/ab new
	add_bind "$T/old/a" /a
	add_bind "$T/old/ab" /ab
	started t-1
	checkpointed t-1 "$T/images"
	echo old/a >"$T/new/name"
	EXPECT='s#(host [^ ]+ .*)/old/a$#\1/new#'
	comes_back t-1 "$T/images" --map "$T/old/a=$T/new"
}

@test "of two --map the longer one is used, in either order" {
	two_hosts
	volume special
	echo old/b/deep >"$T/special/name"
	EXPECT='s#(host [^ ]+ .*)/old/a#\1/new/a#; s#(host [^ ]+ .*)/old/b/deep#\1/special#'
	comes_back t-1 "$T/images" --map "$T/old=$T/new" --map "$T/old/b/deep=$T/special"
	kedge delete --force t-1
	comes_back t-1 "$T/images" --map "$T/old/b/deep=$T/special" --map "$T/old=$T/new"
}

@test "--map doesn't touch what --external names" {
	two_hosts
	EXPECT='s#(host [^ ]+ .*)/old/b#\1/new/b#'
	comes_back t-1 "$T/images" --map "$T/old=$T/new" --external "mnt[/a]:$T/old/a"
}

@test "what --map maps isn't mapped again" {
	two_hosts
	comes_back t-1 "$T/images" --map "$T/old=$T/new" --map "$T/new=$T/nowhere"
}

@test "--map finds the submounts of the new place" {
	volume old/src new/src
	fresh old/src/sub
	fresh new/src/sub
	echo old/src >"$T/new/src/name"
	add_bind "$T/old/src" /data rbind
	started t-1
	checkpointed t-1 "$T/images"
	restore_detached t-1 "$T/images" --map "$T/old=$T/new"
	kedge exec t-1 touch /data/sub/written
	[ -e "$T/new/src/sub/written" ] && [ ! -e "$T/old/src/sub/written" ]
}

@test "--map maps what the live config says, not what was at the checkpoint" {
	two_hosts
	volume third/a
	echo old/a >"$T/third/a/name"
	set_source /a "$T/third/a"
	EXPECT='s#(host [^ ]+ .*)/old/a#\1/new/a#'
	comes_back t-1 "$T/images" --map "$T/third=$T/new"
}

@test "--map to what isn't there is refused, naming the mount and the path" {
	two_hosts
	restore_refused /a --map "$T/old=$T/nowhere"
	[[ $output == *"$T/nowhere/a"* && $output == *"/b"* ]]
}

@test "--map without =, or with a relative path, is refused" {
	two_hosts
	restore_refused --map --map "$T/old"
	restore_refused --map --map "old=$T/new"
	restore_refused --map --map "$T/old=new"
}

@test "--external for every mount, with other flags of the host's mounts" {
	volume a b
	fresh other -o noexec
	add_bind "$T/a" /a bind ro
	add_bind "$T/b" /b bind nosuid
	started t-1
	checkpointed t-1 "$T/images"
	restore_detached t-1 "$T/images" --external "mnt[/a]:$T/other" --external "mnt[/b]:$T/other"
	snapshot t-1 >"$W/after"
	grep -Eq '^  /a: .*,ro, ' "$W/after"
	grep -Eq '^  /b: .*nosuid.*,rw, ' "$W/after"
	grep -q '^/a: Read-only' "$W/after"
}

@test "the destination as config.json writes it is a name for --external, too" {
	volume src new
	echo src >"$T/new/name"
	mkdir "$B/rootfs/real" && ln -s real "$B/rootfs/link"
	add_bind "$T/src" /link/data
	other_source src new
	survives --external "mnt[/link/data]:$T/new"
}
