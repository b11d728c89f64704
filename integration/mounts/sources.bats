#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Sources that are deleted, replaced or renamed: nothing else is mounted in their place in silence.

# single quotes hold jq's and the container's variables; EXPECT and CHECKPOINT_ARGS are lib/mounts's
# shellcheck disable=SC2016,SC2034

load ../lib/mounts

setup_file() { mounts_setup_file; }
setup() { mounts_setup; }
teardown() { mounts_teardown; }

@test "a deleted directory: a warning, and the restore is refused by name" {
	volume src
	add_bind "$T/src" /data
	started t-1
	rm -r "$T/src"
	checkpointed t-1 "$T/images"
	grep -q /data "$W/checkpoint.out"
	restore_refused /data
	[[ $output == *"$T/src"* ]]
}

@test "a deleted directory, and another one named with --external" {
	volume src new
	add_bind "$T/src" /data bind ro
	started t-1
	rm -r "$T/src"
	checkpointed t-1 "$T/images"
	restore_detached t-1 "$T/images" --external "mnt[/data]:$T/new"
	[ "$(kedge exec t-1 cat /data/name)" = new ]
	counts_on t-1 "$COUNT"
	run kedge exec t-1 touch /data/x
	[ "$status" -ne 0 ]
	[ ! -e "$T/src" ]
}

@test "a deleted directory, and another one in the live config" {
	volume src new
	add_bind "$T/src" /data
	started t-1
	rm -r "$T/src"
	checkpointed t-1 "$T/images"
	set_source /data "$T/new"
	restore_detached t-1 "$T/images"
	[ "$(kedge exec t-1 cat /data/name)" = new ]
	counts_on t-1 "$COUNT"
}

@test "a deleted file: a warning, and the restore is refused by name" {
	volume src
	add_bind "$T/src/name" /etc/conf bind ro
	started t-1
	rm "$T/src/name"
	checkpointed t-1 "$T/images"
	grep -q /etc/conf "$W/checkpoint.out"
	restore_refused /etc/conf
	[ ! -e "$T/src/name" ]
}

@test "a deleted file, and another one named with --external" {
	volume src new
	add_bind "$T/src/name" /etc/conf bind ro
	started t-1
	rm "$T/src/name"
	checkpointed t-1 "$T/images"
	restore_detached t-1 "$T/images" --external "mnt[/etc/conf]:$T/new/name"
	[ "$(kedge exec t-1 cat /etc/conf)" = new ]
	counts_on t-1 "$COUNT"
	[ ! -e "$T/src/name" ]
}

@test "a file that an editor replaced by a rename: refused by name, --external takes the new one" {
	volume src
	add_bind "$T/src/name" /etc/conf bind ro
	started t-1
	echo edited >"$T/src/new" && mv "$T/src/new" "$T/src/name"
	[ "$(kedge exec t-1 cat /etc/conf)" = src ]
	checkpointed t-1 "$T/images"
	grep -q /etc/conf "$W/checkpoint.out"
	restore_refused /etc/conf
	restore_detached t-1 "$T/images" --external "mnt[/etc/conf]:$T/src/name"
	[ "$(kedge exec t-1 cat /etc/conf)" = edited ]
	counts_on t-1 "$COUNT"
}

@test "a directory that was deleted and made again: refused by name" {
	volume src
	add_bind "$T/src" /data
	started t-1
	rm -r "$T/src"
	volume src
	checkpointed t-1 "$T/images"
	grep -q /data "$W/checkpoint.out"
	restore_refused /data
}

@test "a renamed directory: refused by name, and with --external all is as it was" {
	volume src
	add_bind "$T/src" /data bind ro
	started t-1
	mv "$T/src" "$T/renamed"
	checkpointed t-1 "$T/images"
	restore_refused /data
	comes_back t-1 "$T/images" --external "mnt[/data]:$T/renamed"
}

@test "a renamed directory with another in its place: refused by name, and --external takes either" {
	volume src
	add_bind "$T/src" /data
	started t-1
	mv "$T/src" "$T/renamed"
	volume src
	checkpointed t-1 "$T/images"
	grep -q /data "$W/checkpoint.out"
	restore_refused /data
	comes_back t-1 "$T/images" --external "mnt[/data]:$T/renamed"
}

@test "a renamed directory whose submount went with it" {
	volume src
	fresh src/sub
	add_bind "$T/src" /data rbind
	started t-1
	mv "$T/src" "$T/renamed"
	checkpointed t-1 "$T/images"
	restore_refused /data
	comes_back t-1 "$T/images" --external "mnt[/data]:$T/renamed"
}

@test "a source that vanished after the checkpoint: refused by name, and back again it works" {
	volume src
	add_bind "$T/src" /data
	started t-1
	checkpointed t-1 "$T/images"
	mv "$T/src" "$T/away"
	restore_refused /data
	[[ $output == *"$T/src"* ]]
	mv "$T/away" "$T/src"
	comes_back t-1 "$T/images"
}

@test "a source made anew after the checkpoint is taken: a path means what is there" {
	volume src
	add_bind "$T/src" /data bind ro
	started t-1
	checkpointed t-1 "$T/images"
	mv "$T/src" "$T/away"
	volume src
	comes_back t-1 "$T/images"
}

@test "a source that is a symlink to somewhere else now" {
	volume one two
	echo one >"$T/two/name"
	ln -s one "$T/link"
	add_bind "$T/link" /data bind ro
	started t-1
	checkpointed t-1 "$T/images"
	ln -sfn two "$T/link"
	other_source one two
	comes_back t-1 "$T/images"
}

@test "a symlink that led elsewhere already at the checkpoint: refused by name" {
	volume one two
	ln -s one "$T/link"
	add_bind "$T/link" /data
	started t-1
	ln -sfn two "$T/link"
	checkpointed t-1 "$T/images"
	grep -q /data "$W/checkpoint.out"
	restore_refused /data
}

@test "a deleted directory that shows up again by --map" {
	mkdir "$T/host1" "$T/host2"
	volume host1/src host2/src
	add_bind "$T/host1/src" /data
	started t-1
	rm -r "$T/host1"
	checkpointed t-1 "$T/images"
	restore_detached t-1 "$T/images" --map "$T/host1=$T/host2"
	[ "$(kedge exec t-1 cat /data/name)" = host2/src ]
	counts_on t-1 "$COUNT"
}

@test "everything that is wrong with sources is in one message" {
	volume a b c
	add_bind "$T/a" /a
	add_bind "$T/b" /b
	add_bind "$T/c/name" /c
	started t-1
	rm -r "$T/a"
	checkpointed t-1 "$T/images"
	rm -r "$T/b" && rm "$T/c/name" && mkdir "$T/c/name"
	restore_refused /a
	[[ $output == *"/b"* && $output == *"$T/b"* ]]
	[[ $output == *"/c"* && $output == *"$T/c/name"* ]]
}
