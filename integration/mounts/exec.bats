#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What was mounted in the running container comes back with the rest.

# single quotes hold jq's and the container's variables; EXPECT and CHECKPOINT_ARGS are lib/mounts's
# shellcheck disable=SC2016,SC2034

load ../lib/mounts

setup_file() { mounts_setup_file; }
setup() { mounts_setup; }
teardown() { mounts_teardown; }

@test "a tmpfs, with its files and options" {
	started t-1
	inside t-1 mount -t tmpfs -o size=128k,mode=750,noexec none /data
	inside t-1 sh -c 'echo kept >/data/kept; mkdir /data/dir; ln -s kept /data/dir/link'
	same_before_and_after t-1 "$T/images"
}

@test "a bind of a bind, with other flags" {
	volume src
	mkdir "$B/rootfs/again"
	add_bind "$T/src" /src
	started t-1
	inside t-1 mount --bind /src /again
	inside t-1 mount -o remount,bind,ro,noexec /again
	same_before_and_after t-1 "$T/images"
	grep -q '^/again: Read-only file system' "$W/after"
}

@test "a bind of a directory in a bind" {
	volume src src/sub
	mkdir "$B/rootfs/again"
	add_bind "$T/src" /src bind ro
	started t-1
	inside t-1 mount --bind /src/sub /again
	same_before_and_after t-1 "$T/images"
}

@test "a bind of a bind follows where the first one is mapped" {
	volume src new
	echo src >"$T/new/name"
	mkdir "$B/rootfs/again"
	add_bind "$T/src" /src
	started t-1
	inside t-1 mount --bind /src /again
	other_source src new
	same_before_and_after t-1 "$T/images" --external "mnt[/src]:$T/new"
}

@test "a bind of a directory of the root" {
	mkdir "$B/rootfs/here" "$B/rootfs/there"
	echo here >"$B/rootfs/here/name"
	started t-1
	inside t-1 mount --bind /here /there
	inside t-1 mount -o remount,bind,ro /there
	same_before_and_after t-1 "$T/images"
	grep -q '^/there: Read-only file system' "$W/after"
}

@test "a bind of a file over a file" {
	echo mine >"$B/rootfs/etc/mine"
	started t-1
	inside t-1 mount --bind /etc/mine /etc/passwd
	same_before_and_after t-1 "$T/images"
}

@test "a writable bind that was made read-only" {
	volume src
	add_bind "$T/src" /data
	started t-1
	inside t-1 mount -o remount,bind,ro,nosuid /data
	same_before_and_after t-1 "$T/images"
	grep -q '^/data: Read-only file system' "$W/after"
}

@test "a read-only bind that was made writable is read-only again: config.json says so" {
	volume src
	add_bind "$T/src" /data bind ro
	started t-1
	inside t-1 mount -o remount,bind,rw /data
	EXPECT='/^  \/data: /s/,rw,/,ro,/; s/^\/data: writable/\/data: Read-only file system/'
	same_before_and_after t-1 "$T/images"
}

@test "the root made read-only" {
	started t-1
	inside t-1 mount -o remount,bind,ro /
	same_before_and_after t-1 "$T/images"
	grep -q '^/: Read-only file system' "$W/after"
}

@test "a tmpfs of config.json with another size" {
	add_mount /scratch tmpfs tmpfs size=64k
	started t-1
	inside t-1 mount -o remount,size=256k /scratch
	inside t-1 sh -c 'head -c 100000 /dev/zero >/scratch/big'
	same_before_and_after t-1 "$T/images"
}

# An image that asks for a proc without masks would lead out, so a restore takes it from no image.
@test "a second proc of an exec with more rights than config.json gives is refused by name" {
	started t-1
	inside t-1 mount -t proc none /data
	checkpoint_refused /data
}

@test "a second proc of a container that may mount" {
	config '.process.capabilities[] += ["CAP_SYS_ADMIN"]'
	started t-1
	inside t-1 mount -t proc none /data
	same_before_and_after t-1 "$T/images"
}

@test "mounts within a mount that an exec made" {
	volume src
	add_bind "$T/src" /src bind ro
	started t-1
	inside t-1 sh -c 'mount -t tmpfs none /data; mkdir /data/a /data/b
		mount --bind /src /data/a; mount -t tmpfs none /data/b; echo x >/data/b/x'
	same_before_and_after t-1 "$T/images"
}

# CRIU would look for lowerdir on the host.
@test "an overlay of the root's directories is refused by name" {
	mkdir "$B/rootfs/"{lower,upper,work}
	started t-1
	inside t-1 mount -t overlay -o lowerdir=/lower,upperdir=/upper,workdir=/work overlay /data
	checkpoint_refused /data
}

@test "an overlay of config.json is refused by name without a key, and comes back with one" {
	mkdir "$T/lower" "$T/upper" "$T/work" "$T/again"
	echo low >"$T/lower/f"
	config --arg t "$T" '.mounts += [{ destination: "/data", type: "overlay", source: "overlay",
		options: ["lowerdir=\($t)/lower", "upperdir=\($t)/upper", "workdir=\($t)/work"] }]'
	started t-1
	checkpoint_refused /data
	[[ $output == *"checkpoint --external 'mnt[/data]:KEY'"* ]]
	kedge checkpoint --external 'mnt[/data]:over' --image-path "$T/images" t-1
	mount -t overlay -o "lowerdir=$T/lower,upperdir=$T/upper,workdir=$T/work" over "$T/again"
	kedge restore --external "mnt[over]:$T/again" -d -b "$B" --image-path "$T/images" t-1 </dev/null
	umount "$T/again"
	inside t-1 cat /data/f
	inside t-1 grep ' /data .* - overlay ' /proc/self/mountinfo
}

@test "a disk that an exec mounted is refused by name" {
	truncate -s 4M "$T/disk.img"
	mkfs.ext4 -q "$T/disk.img"
	loop=$(losetup -f --show "$T/disk.img")
	started t-1
	nsenter -t "$(pid_of t-1)" -m /bin/busybox sh -c "
		mknod /dev/disk b $((0x$(stat -c %t "$loop"))) $((0x$(stat -c %T "$loop")))
		mount -t ext4 /dev/disk /data"
	checkpoint_refused /data
	kedge delete --force t-1
	losetup -d "$loop"
}

# A process of the container with a mount namespace of its own; the program waits for it, so it is in
# the container's tree.
nested() {
	script "token=\$(cat /proc/sys/kernel/random/uuid); n=0
busybox unshare -m sh -c '$1; echo ready >/dev/shm/ready; while :; do sleep 1; done' &
while :; do
	n=\$((n + 1))
	echo \"\$token \$n\" >/dev/counter.new
	mv /dev/counter.new /dev/counter
	sleep 0.03
done"
	config '.process.capabilities[] += ["CAP_SYS_ADMIN"]'
	started t-1
	wait_until 5 kedge exec t-1 test -e /dev/shm/ready
}

# the process of t-1 whose mount namespace isn't that of its first
nested_pid() {
	local pid first
	first=$(pid_of t-1)
	for pid in $(kedge ps --format json t-1 | jq '.[]'); do
		[ "$(readlink "/proc/$pid/ns/mnt")" = "$(readlink "/proc/$first/ns/mnt")" ] || echo "$pid"
	done | head -n 1
}

nested_same() {
	python3 "$VIEW" view "$(nested_pid)" >"$W/nested.before"
	same_before_and_after t-1 "$T/images"
	python3 "$VIEW" view "$(nested_pid)" >"$W/nested.after"
	same "the nested namespace" "$W/nested.before" "$W/nested.after"
}

@test "a nested mount namespace sees the same binds" {
	volume src
	add_bind "$T/src" /data bind ro
	nested true
	nested_same
}

@test "a nested mount namespace with a tmpfs and a bind of its own" {
	volume src
	mkdir "$B/rootfs/own" "$B/rootfs/bound"
	add_bind "$T/src" /data bind ro
	nested 'mount -t tmpfs none /own; echo mine >/own/mine; mount --bind /data /bound'
	nested_same
	run ! grep -q '^  /own: ' "$W/after"
}

@test "a nested mount namespace with a read-only root and two read-only binds of one source" {
	volume src
	add_bind "$T/src" /one bind ro
	add_bind "$T/src" /two bind ro
	nested 'mount -o remount,bind,ro /'
	nested_same
}
