#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# config.json has changed since the checkpoint: it is honoured where that is possible, else refused by name.

# single quotes hold jq's and the container's variables; EXPECT and CHECKPOINT_ARGS are lib/mounts's
# shellcheck disable=SC2016,SC2034

load ../lib/mounts

setup_file() { mounts_setup_file; }
setup() { mounts_setup; }
teardown() { mounts_teardown; }

# with_data [OPTION...]: t-1 had a bind at /data and has been checkpointed
with_data() {
	volume src
	add_bind "$T/src" /data "$@"
	started t-1
	checkpointed t-1 "$T/images"
}

# restored_with PATTERN...: after a restore each has a line in what t-1 sees, and it counts on
restored_with() {
	local pattern
	restore_detached t-1 "$T/images"
	snapshot t-1 >"$W/after"
	for pattern; do
		grep -Eq "$pattern" "$W/after" || {
			echo "no \"$pattern\" in:"
			grep -E '^ */.*, ' "$W/after" | grep -Ev '^ +/(dev|proc|sys)'
			return 1
		}
	done
	counts_on t-1 "$COUNT"
}

@test "an added bind is there" {
	with_data
	volume added
	add_bind "$T/added" /added
	restored_with '^  /added: .*,rw, private.*/added$' '^/added: writable' '^/data: writable'
	[ "$(kedge exec t-1 cat /added/name)" = added ]
}

@test "an added bind with flags, whose mountpoint is missing" {
	with_data
	volume added
	add_bind "$T/added" /some/where bind ro nosuid noexec
	restored_with '^  /some/where: tmpfs, noexec,nosuid,relatime,ro, private' '^/some/where: Read-only'
}

@test "an added file" {
	with_data
	echo new >"$T/conf"
	add_bind "$T/conf" /etc/conf bind ro
	restored_with '^/etc/conf: Read-only file system'
	[ "$(kedge exec t-1 cat /etc/conf)" = new ]
}

@test "an added bind below another bind, and one with submounts" {
	with_data
	volume added
	fresh added/sub
	add_bind "$T/added" /data/below rbind ro
	restored_with '^    /data/below: .*,ro,' '^      /data/below/sub: ' '^/data/below: Read-only'
}

@test "an added slave" {
	with_data
	shared added
	add_bind "$T/added" /added rbind rslave
	restored_with "^  /added: .*, master of the host's "
}

@test "an added tmpfs" {
	with_data
	add_mount /scratch tmpfs tmpfs size=64k mode=700 noexec
	restored_with '^  /scratch: tmpfs, noexec,relatime,rw, private, own /scratch / \(.*size=64k' '^/scratch: writable'
}

@test "an added bind goes through a second round" {
	with_data
	volume added
	add_bind "$T/added" /added bind ro
	restored_with '^/added: Read-only'
	same_before_and_after t-1 "$T/images2"
}

@test "an added bind above a mount of the checkpoint is refused, and both are named" {
	volume src added
	add_bind "$T/src" /data/sub
	started t-1
	checkpointed t-1 "$T/images"
	add_bind "$T/added" /data
	config '.mounts |= .[:-2] + [.[-1], .[-2]]'
	restore_refused "/data: config.json has it and the checkpoint hasn't: it would cover /data/sub"
}

@test "a second bind on the same destination is refused, wherever it comes in the order" {
	with_data
	volume added
	add_bind "$T/added" /data
	restore_refused "/data: config.json has a bind of $T/added there"
	config '.mounts |= .[:-2] + [.[-1], .[-2]]'
	restore_refused "/data: config.json has a bind of $T/added there"
}

@test "an added bind where the container had mounted something itself is refused" {
	mkdir "$B/rootfs/cache"
	started t-1
	inside t-1 mount -t tmpfs none /cache
	checkpointed t-1 "$T/images"
	volume added
	add_bind "$T/added" /cache
	restore_refused "/cache: config.json has a bind of $T/added there"
}

@test "an added bind whose source is missing is refused by name" {
	with_data
	add_bind "$T/nowhere" /added
	restore_refused /added
	[[ $output == *"$T/nowhere"* ]]
}

@test "an added bind of a directory over a file is refused by name" {
	with_data
	add_bind "$T/src" /etc/passwd
	restore_refused /etc/passwd
}

@test "an added proc is refused by name" {
	with_data
	add_mount /proc2 proc proc
	restore_refused /proc2
}

@test "a dropped bind is refused by name" {
	with_data
	drop_mount /data
	restore_refused /data
}

@test "a dropped bind that --external gives a source is there" {
	with_data
	drop_mount /data
	comes_back t-1 "$T/images" --external "mnt[/data]:$T/src"
}

@test "a dropped tmpfs is refused by name" {
	add_mount /scratch tmpfs tmpfs
	with_data
	drop_mount /scratch
	restore_refused /scratch
}

@test "another destination is refused, and both are named" {
	with_data
	config '(.mounts[] | select(.destination == "/data")).destination = "/elsewhere"'
	restore_refused /data
	[[ $output == *"/elsewhere"* ]]
	[ ! -e "$B/rootfs/elsewhere" ]
}

@test "rw has become ro" {
	with_data bind rw
	set_options /data bind ro
	restored_with '^  /data: .*,ro,' '^/data: Read-only'
}

@test "ro has become rw" {
	with_data bind ro
	set_options /data bind rw
	restored_with '^  /data: .*,rw,' '^/data: writable'
}

@test "nosuid, nodev, noexec have come" {
	with_data bind
	set_options /data bind nosuid nodev noexec
	restored_with '^  /data: tmpfs, nodev,noexec,nosuid,relatime,rw,'
}

@test "nosuid, nodev, noexec have gone" {
	with_data bind nosuid nodev noexec
	set_options /data bind
	restored_with '^  /data: tmpfs, relatime,rw,'
}

@test "one of two binds of a source has become read-only" {
	volume src
	add_bind "$T/src" /a bind
	add_bind "$T/src" /b bind
	started t-1
	checkpointed t-1 "$T/images"
	set_options /b bind ro
	restored_with '^/a: writable' '^/b: Read-only'
}

@test "rro has come, and holds for submounts" {
	volume src
	fresh src/sub
	add_bind "$T/src" /data rbind
	started t-1
	checkpointed t-1 "$T/images"
	set_options /data rbind rro
	restored_with '^/data: Read-only' '^/data/sub: Read-only'
}

@test "private has become slave" {
	shared src
	add_bind "$T/src" /data rbind rprivate
	started t-1
	checkpointed t-1 "$T/images"
	set_options /data rbind rslave
	restored_with "^  /data: .*, master of the host's "
}

@test "slave has become private" {
	shared src
	add_bind "$T/src" /data rbind rslave
	started t-1
	checkpointed t-1 "$T/images"
	set_options /data rbind rprivate
	restored_with '^  /data: .*,rw, private,'
}

@test "slave has become shared" {
	two_way
	shared src
	add_bind "$T/src" /data rbind rslave
	started t-1
	checkpointed t-1 "$T/images"
	set_options /data rbind rshared
	restored_with "^  /data: .*, shared of the host's "
}

@test "a bind has become a tmpfs: refused by name" {
	with_data
	drop_mount /data
	add_mount /data tmpfs tmpfs
	restore_refused /data
}

@test "a tmpfs has become a bind: refused by name, for its files would be lost" {
	add_mount /scratch tmpfs tmpfs
	volume src
	started t-1
	kedge exec t-1 touch /scratch/mine
	checkpointed t-1 "$T/images"
	drop_mount /scratch
	add_bind "$T/src" /scratch
	restore_refused /scratch
}

@test "a directory has become a file: refused by name" {
	with_data
	set_source /data "$T/src/name"
	restore_refused /data
	[[ $output == *"$T/src/name"* ]]
}

@test "two sources have changed places" {
	volume a b
	add_bind "$T/a" /a bind ro
	add_bind "$T/b" /b
	started t-1
	checkpointed t-1 "$T/images"
	set_source /a "$T/b" && set_source /b "$T/a"
	restored_with '^  /a: .*,ro, .*/b$' '^  /b: .*,rw, .*/a$'
}

@test "another order of the same mounts changes nothing" {
	volume a b
	add_bind "$T/a" /a bind ro
	add_bind "$T/b" /b
	started t-1
	checkpointed t-1 "$T/images"
	config '.mounts |= .[:-2] + [.[-1], .[-2]]'
	comes_back t-1 "$T/images"
}

@test "the same destination in other words changes nothing" {
	with_data bind ro
	config '(.mounts[] | select(.destination == "/data")).destination = "//data/./"'
	comes_back t-1 "$T/images"
}

@test "a writable root has become read-only" {
	with_data
	ro_root
	restored_with '^/: tmpfs, relatime,ro,' '^/: Read-only' '^/data: writable'
}

@test "a read-only root has become writable" {
	ro_root
	with_data
	config '.root.readonly = false'
	restored_with '^/: tmpfs, relatime,rw,' '^/: writable'
}

@test "an id map has come" {
	fresh src
	add_bind "$T/src" /data bind
	started t-1
	checkpointed t-1 "$T/images"
	set_options /data bind idmap
	config '.mounts[-1] += {uidMappings: [{containerID: 0, hostID: 7000, size: 10}],
		gidMappings: [{containerID: 0, hostID: 7000, size: 10}]}'
	restored_with '^  /data: tmpfs, idmapped,'
	[ "$(kedge exec t-1 stat -c %u /data/name)" = 7000 ]
}

@test "what was unmounted at the checkpoint stays so, also with changed options" {
	volume src
	add_bind "$T/src" /data
	started t-1
	inside t-1 umount /data
	checkpointed t-1 "$T/images"
	set_options /data bind ro
	comes_back t-1 "$T/images"
}

@test "of two binds on one path the one that is left comes back, and once more" {
	volume a b
	mkdir "$B/rootfs/other"
	add_bind "$T/a" /data
	add_bind "$T/b" /data
	started t-1
	inside t-1 mount -o move /data /other
	inside t-1 umount /data
	[ "$(kedge exec t-1 cat /other/name)" = b ]
	same_before_and_after t-1 "$T/images"
	[ "$(kedge exec t-1 cat /other/name)" = b ]
	same_before_and_after t-1 "$T/images2"
	[ "$(kedge exec t-1 cat /other/name)" = b ]
	checkpointed t-1 "$T/images3"
	config --arg s "$T/a" '.mounts |= map(select(.source != $s))'
	comes_back t-1 "$T/images3"
}

@test "a moved mount gets the changed options" {
	volume src
	mkdir "$B/rootfs/moved"
	add_bind "$T/src" /data bind
	started t-1
	inside t-1 mount -o move /data /moved
	checkpointed t-1 "$T/images"
	set_options /data bind ro
	restored_with '^/moved: Read-only'
}

@test "without kedge.json the live config's flags hold" {
	with_data bind rw
	mv "$T/images/kedge.json" "$T/" || true
	set_options /data bind ro noexec
	restored_with '^  /data: tmpfs, noexec,relatime,ro,' '^/data: Read-only'
}

@test "without kedge.json all comes back that the images and the live config know" {
	volume src
	fresh src/sub
	add_bind "$T/src" /one rbind ro
	add_bind "$T/src" /two bind
	add_mount /scratch tmpfs tmpfs size=64k
	started t-1
	checkpointed t-1 "$T/images"
	rm -f "$T/images/kedge.json"
	sums "$T/images" >"$W/images.before"
	comes_back t-1 "$T/images"
}

@test "without kedge.json binds on one path come back in their order, or are refused" {
	volume a b
	add_bind "$T/a" /data bind ro
	add_bind "$T/b" /data
	started t-1
	checkpointed t-1 "$T/images"
	rm -f "$T/images/kedge.json"
	sums "$T/images" >"$W/images.before"
	comes_back t-1 "$T/images"
	inside t-1 umount /data
	[ "$(kedge exec t-1 cat /data/name)" = a ]
	kedge delete --force t-1
	config '.mounts |= .[:-1]'
	restore_refused "/data: 2 mounts of the image have this path, and config.json has 1 for it"
}

@test "without kedge.json a dropped bind is refused by name" {
	with_data
	rm -f "$T/images/kedge.json"
	drop_mount /data
	restore_refused /data
}

@test "everything that has drifted is named in one message" {
	volume a b c
	add_bind "$T/a" /a
	add_bind "$T/b" /b
	add_mount /scratch tmpfs tmpfs
	started t-1
	checkpointed t-1 "$T/images"
	drop_mount /a && drop_mount /scratch
	set_source /b "$T/c/name"
	add_bind "$T/nowhere" /added
	restore_refused /a
	[[ $output == *"/b"* && $output == *"/scratch"* && $output == *"/added"* ]]
}

# remounted OPTION...: a later entry of config.json changes the mount at /data
remounted() { add_mount /data none none bind remount "$@"; }

@test "a remount entry holds without kedge.json" {
	volume src
	add_bind "$T/src" /data bind
	remounted ro nosuid
	started t-1
	checkpointed t-1 "$T/images"
	rm "$T/images/kedge.json"
	restored_with '^  /data: tmpfs, nosuid,relatime,ro,' '^/data: Read-only'
}

@test "a remount entry holds when the options of the bind have changed" {
	volume src
	add_bind "$T/src" /data bind noexec
	remounted ro
	started t-1
	checkpointed t-1 "$T/images"
	config '(.mounts[] | select(.source == $ARGS.positional[0])).options = ["bind", "nodev"]' --args "$T/src"
	restored_with '^  /data: tmpfs, relatime,ro,' '^/data: Read-only'
}

@test "a remount entry has come" {
	with_data bind noexec
	remounted ro
	restored_with '^  /data: tmpfs, relatime,ro,' '^/data: Read-only'
}

@test "a remount entry has gone" {
	volume src
	add_bind "$T/src" /data bind
	remounted ro
	started t-1
	checkpointed t-1 "$T/images"
	config 'del(.mounts[-1])'
	restored_with '^  /data: tmpfs, relatime,rw,' '^/data: writable'
}

@test "an added bind is remounted, without its submounts" {
	volume src
	started t-1
	checkpointed t-1 "$T/images"
	fresh src/sub
	add_bind "$T/src" /data rbind nosuid
	remounted ro rnodev
	restored_with '^  /data: tmpfs, nodev,relatime,ro,' '^/data: Read-only' '^    /data/sub: tmpfs, nodev,relatime,rw,'
}

@test "a tmpfs that a remount entry makes read-only" {
	volume src
	add_bind "$T/src" /src
	add_mount /data tmpfs tmpfs
	started t-1
	checkpointed t-1 "$T/images"
	remounted ro noexec
	restored_with '^  /data: tmpfs, noexec,relatime,ro,' '^/data: Read-only'
	same_before_and_after t-1 "$T/images2"
}

@test "a sysfs and a tmpfs that remount entries have changed all along" {
	add_mount /sys none none bind remount ro nosuid
	add_mount /data tmpfs tmpfs
	remounted nodev
	survives
	snapshot t-1 | grep -q '^  /data: tmpfs, nodev,relatime,rw,'
}

@test "an added tmpfs takes the mode of the directory that it hides, and with tmpcopyup its files" {
	volume src
	mkdir -m 700 "$B/rootfs/secrets" "$B/rootfs/copied" "$T/src/sub"
	mkdir -m 751 "$B/rootfs/copied/dir"
	echo key >"$B/rootfs/copied/key"
	add_bind "$T/src" /data
	started t-1
	checkpointed t-1 "$T/images"
	add_mount /secrets tmpfs tmpfs
	add_mount /copied tmpfs tmpfs tmpcopyup ro mode=711
	add_mount /data/sub tmpfs tmpfs size=64k
	kedge run -d --pid-file "$T/pid" -b "$B" fresh
	restored_with '^  /secrets: tmpfs, relatime,rw, private, own' '^  /copied: tmpfs, relatime,ro, private, own' \
		'^/copied: Read-only'
	for id in fresh t-1; do
		kedge exec $id sh -c 'stat -c "%n %a %u" /secrets /copied /copied/* /data/sub; cat /copied/key' >"$T/$id"
	done
	[ "$(head -n 2 "$T/t-1" | xargs)" = "/secrets 700 0 /copied 711 0" ]
	same "an added tmpfs" "$T/fresh" "$T/t-1"
	same_before_and_after t-1 "$T/images2"
	kedge exec t-1 sh -c 'stat -c "%n %a %u" /secrets /copied /copied/* /data/sub; cat /copied/key' >"$T/t-1"
	same "its second restore" "$T/fresh" "$T/t-1"
}
