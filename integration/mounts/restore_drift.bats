#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# config.json or the host has changed since the checkpoint: what can be honoured is, the rest is
# refused by name, and nothing has changed then.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common

setup() {
	common_setup
	mkdir -p "$T/images" "$T/a" "$T/b"
	touch "$T/a/of-a" "$T/b/of-b"
}
teardown() { common_teardown; }

checkpoint() { start_detached t-1 && kedge checkpoint --image-path "$T/images" t-1; }
# config_mount DESTINATION FILTER: change an entry
config_mount() { config --arg d "$1" "(.mounts[] | select(.destination == \$d)) |= ($2)"; }
drop_mount() { config --arg d "$1" '.mounts |= map(select(.destination != $d))'; }
# field ID MOUNTPOINT N: that field of mountinfo
field() { kedge exec "$1" cat /proc/self/mountinfo | awk -v m="$2" -v n="$3" '$5 == m { print $n }'; }
refuses_restore() {
	refuses "$1" kedge restore -d -b "$B" --image-path "$T/images" "${@:2}" t-1
	nothing_left t-1
}

@test "a bind that is new in config.json is there after the restore, as in a new container" {
	checkpoint
	add_bind "$T/a" /new/deep bind ro noexec
	echo conf >"$T/conf"
	add_bind "$T/conf" /etc/conf bind
	restore_detached t-1 "$T/images"
	kedge exec t-1 ls /new/deep/of-a
	[[ $(field t-1 /new/deep 6) == ro,noexec,* ]]
	[ "$(kedge exec t-1 cat /etc/conf)" = conf ]
	[ "$(kedge exec t-1 grep -c ' /new/deep ' /proc/self/mountinfo)" -eq 1 ]
	mkdir "$T/again"
	kedge checkpoint --image-path "$T/again" t-1
	restore_detached t-1 "$T/again"
	kedge exec t-1 ls /new/deep/of-a
}

@test "a tmpfs that is new in config.json is there, with its options" {
	checkpoint
	config '.mounts += [{destination: "/scratch", type: "tmpfs", source: "tmpfs",
		options: ["nosuid", "size=64k"]}]'
	restore_detached t-1 "$T/images"
	[[ $(field t-1 /scratch 6) == rw,nosuid,* ]]
	run kedge exec t-1 dd if=/dev/zero of=/scratch/x bs=1k count=100
	[ "$status" -ne 0 ]
}

@test "a restore that fails after a mount was added takes its mountpoint back" {
	checkpoint
	add_bind "$T/a" /new/deep bind
	# a directory can't be replaced by a pid file: that comes last
	mkdir "$T/pid"
	run kedge restore -d -b "$B" --image-path "$T/images" --pid-file "$T/pid" t-1
	echo "$output"
	[ "$status" -eq 1 ]
	[ ! -e "$B/rootfs/new" ]
	nothing_left t-1
}

@test "a bind that config.json no longer has is refused, and taken with --external" {
	add_bind "$T/a" /data bind
	checkpoint
	drop_mount /data
	refuses_restore "/data: config.json no longer has this mount (a bind of $T/a)"
	restore_detached t-1 "$T/images" --external "mnt[/data]:$T/b"
	kedge exec t-1 ls /data/of-b
}

@test "a tmpfs that config.json no longer has is refused" {
	checkpoint
	drop_mount /dev/shm
	refuses_restore "/dev/shm: config.json no longer has this mount (of type tmpfs)"
}

@test "another destination is refused, and both are named" {
	add_bind "$T/a" /old bind
	checkpoint
	config_mount /old '.destination = "/new"'
	refuses_restore "/old: config.json has it at /new now (source $T/a)"
}

@test "a bind that became a tmpfs is refused" {
	add_bind "$T/a" /data bind
	checkpoint
	config_mount /data '.type = "tmpfs" | .source = "tmpfs" | .options = []'
	refuses_restore "/data: it is a mount of type tmpfs in config.json now, and was a bind of $T/a"
}

@test "a file in the place of a directory is refused, and so is a socket in that of a file" {
	echo conf >"$T/conf"
	add_bind "$T/a" /data bind
	add_bind "$T/conf" /etc/conf bind
	checkpoint
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$T/sock"
	refuses_restore "/data: source $T/conf: it is now a file, and was a directory at the checkpoint" \
		--external "mnt[/data]:$T/conf"
	refuses_restore "/etc/conf: source $T/sock: it is now a socket, and was a file at the checkpoint" \
		--external "mnt[/etc/conf]:$T/sock"
}

@test "what was unmounted inside stays away" {
	for set in bounding effective permitted; do
		config --arg s "$set" '.process.capabilities[$s] += ["CAP_SYS_ADMIN"]'
	done
	add_bind "$T/a" /data bind
	start_detached t-1
	kedge exec t-1 umount /data
	cycle t-1 "$T/images"
	[ -z "$(field t-1 /data 1)" ]
}

@test "a deleted source is refused until another one is named" {
	add_bind "$T/a" /data bind
	start_detached t-1
	rm -r "$T/a"
	kedge checkpoint --image-path "$T/images" t-1
	mkdir "$T/a"
	refuses_restore "/data: what was mounted there had been deleted at the checkpoint"
	restore_detached t-1 "$T/images" --external "mnt[/data]:$T/b"
	kedge exec t-1 ls /data/of-b
	kedge delete --force t-1
	config_mount /data ".source = \"$T/b\""
	restore_detached t-1 "$T/images"
	kedge exec t-1 ls /data/of-b
}

@test "a source that was replaced is refused until another one is named" {
	echo one >"$T/conf"
	add_bind "$T/conf" /etc/conf bind
	start_detached t-1
	echo two >"$T/conf.new"
	mv "$T/conf.new" "$T/conf"
	kedge checkpoint --image-path "$T/images" t-1
	refuses_restore "/etc/conf: what was mounted there had been replaced by another file"
	restore_detached t-1 "$T/images" --external "mnt[/etc/conf]:$T/conf"
	[ "$(kedge exec t-1 cat /etc/conf)" = two ]
}

@test "two binds stacked on one path come back in their order, each from its own source" {
	add_bind "$T/a" /data bind
	add_bind "$T/b" /data bind ro
	for set in bounding effective permitted; do
		config --arg s "$set" '.process.capabilities[$s] += ["CAP_SYS_ADMIN"]'
	done
	start_detached t-1
	cycle t-1 "$T/images"
	kedge exec t-1 ls /data/of-b
	kedge exec t-1 umount /data
	kedge exec t-1 ls /data/of-a
}

@test "a tmpfs that was mounted over a bind comes back over it, with its content" {
	for set in bounding effective permitted; do
		config --arg s "$set" '.process.capabilities[$s] += ["CAP_SYS_ADMIN"]'
	done
	add_bind "$T/a" /data bind
	start_detached t-1
	kedge exec t-1 mount -t tmpfs none /data
	kedge exec t-1 touch /data/hidden
	cycle t-1 "$T/images"
	kedge exec t-1 ls /data/hidden
	kedge exec t-1 umount /data
	kedge exec t-1 ls /data/of-a
}

@test "binds within the container come back in a root that never had their mountpoints" {
	for set in bounding effective permitted; do
		config --arg s "$set" '.process.capabilities[$s] += ["CAP_SYS_ADMIN"]'
	done
	add_bind "$T/a" /data bind
	mkdir -p "$T/a/sub" "$B/rootfs/kept"
	touch "$B/rootfs/kept/of-root"
	cp -a "$B/rootfs" "$T/fresh"
	config ".root.readonly = false"
	start_detached t-1
	kedge exec t-1 mkdir -p /made/dir /made/of-data
	kedge exec t-1 touch /made/file
	kedge exec t-1 mount --bind /kept /made/dir
	kedge exec t-1 mount --bind /data /made/of-data
	kedge exec t-1 mount --bind /kept/of-root /made/file
	kedge checkpoint --image-path "$T/images" t-1
	rm -r "$B/rootfs" && mv "$T/fresh" "$B/rootfs"
	restore_detached t-1 "$T/images"
	kedge exec t-1 ls /made/dir/of-root /made/of-data/of-a
	[ -n "$(field t-1 /made/file 1)" ]
	kedge delete --force t-1
	# and those that were made go again when it fails
	rm -r "$B/rootfs/made"
	mkdir "$T/pid"
	refuses_restore pid --pid-file "$T/pid"
	[ ! -e "$B/rootfs/made" ]
}

@test "a mountpoint with a newline comes back, and is refused by name without kedge.json" {
	add_bind "$T/a" $'/new\nline' bind
	checkpoint
	cp -a "$T/images" "$T/bare"
	rm "$T/bare/kedge.json"
	refuses 'CRIU writes a newline like that' kedge restore -d -b "$B" --image-path "$T/bare" t-1
	restore_detached t-1 "$T/images"
	kedge exec t-1 ls $'/new\nline/of-a'
}

@test "a broken kedge.json is refused, and the images restore without it" {
	add_bind "$T/a" /data bind
	checkpoint
	echo '{' >"$T/images/kedge.json"
	refuses_restore kedge.json
	rm "$T/images/kedge.json"
	restore_detached t-1 "$T/images"
	kedge exec t-1 ls /data/of-a
}
