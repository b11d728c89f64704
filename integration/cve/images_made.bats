#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Mounts without a key are CRIU's to make, with the host in sight and options from the image: an
# image can't have it make what shows the host, nor make anything looser than config.json.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common
load ../lib/hostile

setup() { hostile_setup; }
teardown() { common_teardown; }

# part_of MOUNTPOINT ROOT: code for a mount on /mnt that is a part of another one's file system
part_of() {
	echo "m = at('$1'); new(mountpoint='/mnt', root=$2, **{f: get(m, f) for f in
		('fstype', 'root_dev', 'source', 'options', 'flags')})"
}

@test "the images as they are come back and show only what config.json declares" {
	hostile_dump
	attack 'pass'
	before=$(look)
	restore_detached t-1 "$T/evil"
	only_declared t-1
	unharmed t-1
	kedge exec t-1 sh -c 'cat /data/file /ro/file'
	unchanged "$before"
}

@test "an overlay of host directories is refused" {
	hostile_dump
	attack "new(mountpoint='/mnt', fstype=17, source='o', root='/', root_dev=9999,
		options='lowerdir=$T/victim:$T/data')"
	refused /mnt
	attack "put(at('/dev/shm'), fstype=17, options='lowerdir=$T/victim:$T/data')"
	refused /dev/shm
}

@test "a disk of the host is refused" {
	hostile_dump
	attack "new(mountpoint='/mnt', fstype=16, fsname='ext4', source='/dev/loop0', root='/',
		root_dev=9999, options='')"
	refused /dev/loop0
	attack "new(mountpoint='/mnt', fstype=16, fsname='bpf', source='none', root='/', root_dev=9999,
		options='')"
	refused /mnt
}

@test "a file system of any other kind that config.json doesn't declare is refused" {
	hostile_dump
	# devtmpfs binfmt_misc simfs pstore securityfs fusectl debugfs cgroup aufs fuse autofs tracefs cgroup2, and none
	for fstype in 0 1 2 3 4 7 8 9 10 11 12 13 15 18 19 23 24 99 2147483647; do
		attack "new(mountpoint='/mnt', fstype=$fstype, source='x', root='/', root_dev=9999,
			options='')"
		refused /mnt
	done
}

@test "a part of a file system whose path climbs out of it is refused" {
	hostile_dump
	for where in / /data /dev/shm; do
		attack "$(part_of "$where" "get(m, 'root').rstrip('/') + '/../../../../../..$T/victim'")"
		refused /mnt
	done
}

@test "a part of a bind source that a link below it leads out of shows nothing else" {
	ln -s "$T" "$T/data/link"
	ln -s "$T" "$B/rootfs/link"
	hostile_dump
	attack "$(part_of /data "get(m, 'root') + '/link/victim'")"
	harmless
	attack "$(part_of / "get(m, 'root') + '/link/victim'")"
	harmless
}

@test "a part of a tmpfs that a link in it leads out of shows nothing else" {
	start_detached t-1
	kedge exec t-1 ln -s "$T" /dev/shm/link
	kedge checkpoint --image-path "$T/images" t-1
	attack "$(part_of /dev/shm "'/link/victim'")"
	harmless
}

@test "another view of /proc or /sys, unmasked, is refused" {
	hostile_dump
	for where in /proc /sys; do
		attack "$(part_of "$where" "'/'")"
		refused /mnt
	done
	attack "$(part_of /proc "'/sysrq-trigger'")"
	refused /mnt
}

@test "a mask that masks nothing and a writable /proc/sys are refused" {
	hostile_dump
	attack "put(at('/proc/keys'), fstype=1, root_dev=get(at('/proc'), 'root_dev'), root='/keys',
		source='proc', options='')"
	refused /proc/keys
	attack "put(at('/proc/sys'), flags=0)"
	refused /proc/sys
}

@test "an image without the masks of config.json has them after the restore, or isn't restored" {
	hostile_dump
	attack "entries[:] = [e for e in entries if not get(e, 'mountpoint').startswith('/proc/')
		and get(e, 'mountpoint') != '/sys/firmware']"
	harmless
}

@test "flags that are looser than config.json's are refused or tightened" {
	hostile_dump
	attack "put(at('/ro'), flags=0)"
	harmless
	attack "put(at('/sys'), flags=0, sb_flags=0)"
	harmless
	config '.root.readonly = true'
	attack "put(at('/'), flags=0)"
	before=$(look)
	if restore_detached t-1 "$T/evil"; then
		run kedge exec t-1 touch /mark
		[ "$status" -ne 0 ]
	fi
	unchanged "$before"
}

@test "a writable view of a read-only source is refused" {
	hostile_dump
	attack "$(part_of /ro "get(m, 'root')"); put(at('/mnt'), flags=0)"
	refused /mnt
}

@test "nothing is made in a read-only source or in one that config.json doesn't mount on" {
	hostile_dump
	attack "new(mountpoint='/ro/made', parent_mnt_id=get(at('/ro'), 'mnt_id'), fstype=5, source='t',
		root='/', options='', root_dev=9999)"
	# with what CRIU unpacks into it, so that the mount isn't what fails
	cp "$(find "$T/evil" -name 'tmpfs-*.tar.gz.img' | head -n 1)" "$T/evil/tmpfs-dev-9999.tar.gz.img"
	harmless
	attack "put(at('/data'), mountpoint='/ro/data', parent_mnt_id=get(at('/ro'), 'mnt_id'))"
	harmless
}

@test "what is deleted isn't made again at a path of the image" {
	ln -s "$T/victim" "$T/data/link"
	ln -s "$T/victim" "$B/rootfs/link"
	hostile_dump
	for where in / /data; do
		attack "$(part_of "$where" "get(m, 'root') + '/link/made'"); put(at('/mnt'), deleted=1)"
		harmless
	done
	attack "put(at('/data'), deleted=1)"
	harmless
}

@test "a mount namespace inside the container is looked at as well" {
	ln -s busybox "$B/rootfs/bin/unshare"
	config '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
	script 'unshare -m sleep 1000 & while :; do sleep 1; done'
	start_detached t-1
	wait_until 5 kedge exec t-1 sh -c '[ "$(cat /proc/[0-9]*/comm | grep -c sleep)" -ge 2 ]'
	sleep 0.3
	kedge checkpoint --image-path "$T/images" t-1
	files=("$T"/images/mountpoints-*.img)
	[ "${#files[@]}" = 2 ]
	restore_detached t-1 "$T/images"
	only_declared t-1
	kedge delete --force t-1
	rm "$T/images/restore.log"
	for file in "${files[@]}"; do
		rm -rf "$T/evil"
		cp -a "$T/images" "$T/evil"
		python3 "$TREE/integration/lib/images.py" "$T/evil/${file##*/}" \
			"new(mnt_id=900000, mountpoint='/mnt', fstype=17, source='o', root='/', root_dev=9999,
			options='lowerdir=$T/victim:$T/data')"
		refused /mnt
	done
}
