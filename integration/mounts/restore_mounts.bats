#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What a mount is after a restore when the host or config.json isn't what it was: propagation, flags,
# kinds, sources. Nothing is half right: it works as it would in a new container, or it is refused.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common

setup() {
	common_setup
	mkdir -p "$T/images" "$T/a" "$T/b" "$T/hub"
	mount -t tmpfs none "$T/hub"
}
teardown() {
	common_teardown
	for m in "$T/hub/a/in" "$T/hub/in" "$T/hub" "$T/hub" "$T/b"; do
		umount -l "$m" 2>/dev/null || true
	done
}

# info ID MOUNTPOINT: field 6 and the optional fields of mountinfo, without the groups' numbers
info() {
	kedge exec "$1" cat /proc/self/mountinfo | awk -v m="$2" '$5 == m {
		s = $6
		for (i = 7; $i != "-"; i++) { sub(/:.*/, "", $i); s = s " " $i }
		print s
	}'
}

# sees ID PATH: the container sees it
sees() { kedge exec "$1" test -e "$2"; }

@test "a slave of the host's mount is one again: what is mounted there later appears" {
	mount --make-shared "$T/hub"
	mkdir "$T/hub/in"
	add_bind "$T/hub" /hub rbind
	start_detached t-1
	[[ $(info t-1 /hub) == *"master" ]]
	cycle t-1 "$T/images"
	[[ $(info t-1 /hub) == *"master" ]]
	mount -t tmpfs none "$T/hub/in"
	touch "$T/hub/in/new"
	wait_until 5 sees t-1 /hub/in/new
	umount "$T/hub/in"
	kedge delete --force t-1
	umount "$T/hub"
	nothing_left t-1
}

@test "slaves of one master whose sources part are slaves of two" {
	mount --make-shared "$T/hub"
	mkdir "$T/hub/a" "$T/hub/b"
	mount -t tmpfs none "$T/b"
	mount --make-shared "$T/b"
	add_bind "$T/hub/a" /a rbind
	add_bind "$T/hub/b" /b rbind
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	restore_detached t-1 "$T/images" --external "mnt[/b]:$T/b"
	[[ $(info t-1 /a) == *"master" ]]
	[[ $(info t-1 /b) == *"master" ]]
}

@test "a slave of a source that is private now is private" {
	mount --make-shared "$T/hub"
	add_bind "$T/hub" /hub rbind
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	mount --make-private "$T/hub"
	restore_detached t-1 "$T/images"
	[[ $(info t-1 /hub) != *"master"* ]]
	mkdir "$T/hub/in"
	mount -t tmpfs none "$T/hub/in"
	touch "$T/hub/in/new"
	run sees t-1 /hub/in/new
	[ "$status" -ne 0 ]
	umount "$T/hub/in"
}

@test "a mount that config.json makes private is private, on a shared source too" {
	mount --make-shared "$T/hub"
	add_bind "$T/hub" /hub rbind rprivate
	start_detached t-1
	[ "$(info t-1 /hub)" = "rw,relatime" ]
	cycle t-1 "$T/images"
	[ "$(info t-1 /hub)" = "rw,relatime" ]
}

@test "what the live config restricts is restricted, and what it no longer does isn't" {
	add_bind "$T/a" /a bind rw
	add_bind "$T/b" /b bind ro nosuid nodev noexec
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	config '(.mounts[] | select(.destination == "/a")).options = ["bind", "ro", "noexec", "nosymfollow"]'
	config '(.mounts[] | select(.destination == "/b")).options = ["bind"]'
	restore_detached t-1 "$T/images"
	[[ $(info t-1 /a) == ro,noexec,* ]]
	[[ $(info t-1 /a) == *nosymfollow* ]]
	[[ $(info t-1 /b) == rw,* ]]
	run kedge exec t-1 touch /a/x
	[ "$status" -ne 0 ]
	kedge exec t-1 touch /b/x
}

@test "a recursively read-only bind is so with its submounts" {
	mkdir "$T/hub/in"
	mount -t tmpfs none "$T/hub/in"
	add_bind "$T/hub" /hub rbind rro
	start_detached t-1
	cycle t-1 "$T/images"
	[[ $(info t-1 /hub) == ro,* ]]
	[[ $(info t-1 /hub/in) == ro,* ]]
}

@test "a submount that is there no more is refused, and so is one that is a plain directory" {
	mkdir "$T/hub/in"
	mount -t tmpfs none "$T/hub/in"
	add_bind "$T/hub" /hub rbind
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	umount "$T/hub/in"
	refuses "/hub/in: source $T/hub/in: nothing is mounted there" kedge restore -d -b "$B" \
		--image-path "$T/images" t-1
	[ ! -e /run/kedge/t-1 ]
	rmdir "$T/hub/in"
	refuses "$T/hub/in: No such file" kedge restore -d -b "$B" --image-path "$T/images" t-1
	restore_detached t-1 "$T/images" --external "mnt[/hub/in]:$T/b"
}

@test "an unbindable source is refused by name" {
	add_bind "$T/a" /a bind
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	mount --make-unbindable "$T/hub"
	refuses "/a: source $T/hub lies on $T/hub, which is unbindable" kedge restore -d -b "$B" \
		--image-path "$T/images" --external "mnt[/a]:$T/hub" t-1
	[ ! -e /run/kedge/t-1 ]
}

@test "an idmapped bind is mapped again by the live config" {
	mkdir "$T/hub/owned"
	chown 5000:5000 "$T/hub/owned"
	config --arg s "$T/hub" '.mounts += [{destination: "/m", type: "bind", source: $s,
		options: ["bind", "idmap"],
		uidMappings: [{containerID: 5000, hostID: 7000, size: 10}],
		gidMappings: [{containerID: 5000, hostID: 7000, size: 10}]}]'
	start_detached t-1
	[ "$(kedge exec t-1 stat -c %u /m/owned)" = 7000 ]
	cycle t-1 "$T/images"
	[ "$(kedge exec t-1 stat -c %u /m/owned)" = 7000 ]
	[[ $(info t-1 /m) == *idmapped* ]]
}

@test "sockets, fifos and device nodes are bound again" {
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$T/a/sock"
	mkfifo "$T/a/fifo"
	for n in sock fifo; do add_bind "$T/a/$n" "/$n" bind; done
	add_bind /dev/full /full bind
	start_detached t-1
	cycle t-1 "$T/images"
	kedge exec t-1 test -S /sock
	kedge exec t-1 test -p /fifo
	kedge exec t-1 test -c /full
}

@test "a bind inside another bind of a fresh source gets its mountpoint there" {
	mkdir "$T/fresh"
	add_bind "$T/a" /a bind
	add_bind "$T/b" /a/deep/er bind
	echo conf >"$T/conf"
	add_bind "$T/conf" /a/conf bind
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	restore_detached t-1 "$T/images" --external "mnt[/a]:$T/fresh"
	[ -d "$T/fresh/deep/er" ]
	[ -f "$T/fresh/conf" ]
	[ "$(kedge exec t-1 cat /a/conf)" = conf ]
}

# group ID MOUNTPOINT: its peer group
group() { kedge exec "$1" cat /proc/self/mountinfo | awk -v m="$2" '$5 == m' | grep -o 'shared:[0-9]*'; }

@test "a mount that is shared with the host joins the host's peer group again" {
	mount --make-shared "$T/hub"
	mkdir "$T/hub/in"
	config '.linux.rootfsPropagation = "shared"'
	add_bind "$T/hub" /hub rbind rshared
	start_detached t-1
	of_host=$(awk -v m="$T/hub" '$5 == m' /proc/self/mountinfo | grep -o 'shared:[0-9]*')
	[ "$(group t-1 /hub)" = "$of_host" ]
	kedge checkpoint --image-path "$T/images" --external 'mnt[]:s' t-1
	restore_detached t-1 "$T/images" --external 'mnt[]:s'
	[ "$(group t-1 /hub)" = "$of_host" ]
	mount -t tmpfs none "$T/hub/in"
	touch "$T/hub/in/new"
	wait_until 5 sees t-1 /hub/in/new
	umount "$T/hub/in"
}

@test "a root on a shared mount is its slave again, and private when the host's is private now" {
	mount --bind "$B/rootfs" "$B/rootfs"
	mount --make-shared "$B/rootfs"
	config '.linux.rootfsPropagation = "rslave"'
	start_detached t-1
	[[ $(info t-1 /) == *master ]]
	kedge checkpoint --image-path "$T/images" t-1
	restore_detached t-1 "$T/images"
	[[ $(info t-1 /) == *master ]]
	kedge delete --force t-1
	mount --make-private "$B/rootfs"
	restore_detached t-1 "$T/images"
	[[ $(info t-1 /) != *master* ]]
	kedge delete --force t-1
	umount "$B/rootfs"
}

@test "a process in a mount namespace of its own finds the new source there, too" {
	mkdir "$T/new"
	touch "$T/new/there"
	ln -s busybox "$B/rootfs/bin/unshare"
	for set in bounding effective permitted; do
		config --arg s "$set" '.process.capabilities[$s] += ["CAP_SYS_ADMIN"]'
	done
	add_bind "$T/a" /a
	script 'unshare -m sh -c "mount -t tmpfs none /tmp; touch /tmp/mine
		while :; do sleep 1; done" & while :; do sleep 1; done'
	start_detached t-1
	wait_until 5 kedge exec t-1 test -e /proc/2/root/tmp/mine
	kedge checkpoint --image-path "$T/images" t-1
	[ "$(find "$T/images" -name 'mountpoints-*.img' | wc -l)" -eq 2 ]
	restore_detached t-1 "$T/images" --external "mnt[/a]:$T/new"
	kedge exec t-1 ls /a/there
	for p in $(kedge ps -f json t-1 | jq '.[]'); do
		grep -q ' - tmpfs none ' "/proc/$p/mountinfo" || continue
		ls "/proc/$p/root/a/there" "/proc/$p/root/tmp/mine"
		found=1
	done
	[ -n "$found" ]
}

@test "--map moves all sources below a path at once" {
	mkdir -p "$T/srv/one" "$T/srv/two" "$T/new"
	add_bind "$T/srv/one" /one bind
	add_bind "$T/srv/two" /two bind
	add_bind "$T/a" /a bind
	start_detached t-1
	kedge checkpoint --image-path "$T/images" t-1
	mv "$T/srv/one" "$T/srv/two" "$T/new"
	touch "$T/new/one/x" "$T/new/two/y" "$T/a/z"
	restore_detached t-1 "$T/images" --map "$T/srv=$T/new"
	kedge exec t-1 ls /one/x /two/y /a/z
}
