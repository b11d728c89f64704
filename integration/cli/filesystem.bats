#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The container's file systems: root, mounts with all their options, propagation, devices, masks.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common

setup() { common_setup; }
teardown() { common_teardown; }

runs() {
	script "$1"
	run kedge run -b "$B" t-1 </dev/null
}

# add_mount DESTINATION TYPE SOURCE [OPTION...]
add_mount() {
	local destination=$1 type=$2 source=$3
	shift 3
	config --arg d "$destination" --arg t "$type" --arg s "$source" \
		'.mounts += [{destination: $d, type: $t, source: $s, options: $ARGS.positional}]' --args "$@"
}

# flags_of PATH: the per-mount options of the container's mount there, as mountinfo prints them
flags_of() { awk -v p="$1" '$5 == p { f = $6 } END { print f }' "$T/mountinfo"; }

# optional_of PATH: its propagation
optional_of() {
	awk -v p="$1" '$5 == p { f = ""; for (i = 7; $i != "-"; i++) f = f $i " " } END { print f }' "$T/mountinfo"
}

# mounts_of_container: write the container's mountinfo to $T/mountinfo
mounts_of_container() {
	config '.process.args = ["/bin/cat", "/proc/self/mountinfo"]'
	kedge run -b "$B" t-1 </dev/null >"$T/mountinfo"
}

@test "root.readonly makes the root read-only, but not what is mounted below it" {
	runs 'touch /x; touch /dev/shm/x && echo shm'
	[[ $output == *"Read-only file system"* ]]
	[[ $output == *shm ]]
	config '.root.readonly = false'
	runs 'touch /x && echo made'
	[ "$output" = made ]
	[ -e "$B/rootfs/x" ]
}

@test "a root that is a symbolic link, and one on a mount of its own, work" {
	mv "$B/rootfs" "$B/real"
	ln -s real "$B/rootfs"
	runs 'echo up'
	[ "$output" = up ]
	rm "$B/rootfs" && mkdir "$B/rootfs"
	mount --bind "$B/real" "$B/rootfs"
	runs 'echo up'
	umount "$B/rootfs"
	[ "$output" = up ]
}

@test "the default mounts are there: proc, sysfs, tmpfs, devpts, mqueue, cgroup, with their options" {
	mounts_of_container
	awk '{ for (i = 7; $i != "-"; i++); print $5, $(i + 1) }' "$T/mountinfo" >"$T/types"
	for m in '/proc proc' '/sys sysfs' '/dev tmpfs' '/dev/shm tmpfs' '/dev/pts devpts' '/dev/mqueue mqueue'; do
		grep -qx "$m" "$T/types"
	done
	[ "$(flags_of /sys)" = ro,nosuid,nodev,noexec,relatime ]
	[ "$(flags_of /dev)" = rw,nosuid ]
	[ "$(flags_of /dev/shm)" = rw,nosuid,nodev,noexec,relatime ]
	grep -Eq ' /dev/pts .*gid=5,mode=620,ptmxmode=666' "$T/mountinfo"
	grep -Eq ' /dev .*size=65536k,mode=755' "$T/mountinfo"
	# each controller shows the container's own cgroup as its root
	grep -q ' /sys/fs/cgroup/memory ro,' "$T/mountinfo"
	runs 'cat /sys/fs/cgroup/memory/cgroup.procs /sys/fs/cgroup/pids/cgroup.procs | sort -u'
	[ "${lines[0]}" = 1 ]
}

@test "an unknown option is the file system's data, and one that it refuses is named" {
	add_mount /m tmpfs tmpfs nr_inodes=100
	mounts_of_container
	grep -Eq ' /m .*nr_inodes=100' "$T/mountinfo"
	add_mount /m2 tmpfs tmpfs no_such_option=1
	run kedge run -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == */m2* ]]
	[[ $output == *no_such_option* ]]
	nothing_left t-1
}

@test "rbind brings submounts, bind does not; ro keeps to the first, rro goes down" {
	mkdir -p "$T/src/sub"
	mount -t tmpfs tmpfs "$T/src/sub"
	add_bind "$T/src" /m/bind bind
	add_bind "$T/src" /m/rbind rbind ro
	add_bind "$T/src" /m/rro rbind rro
	add_bind "$T/src" /m/rall rbind rnosuid rnodev rnoexec rnoatime
	add_bind "$T/src" /m/rback rbind rro rrw
	mounts_of_container
	umount "$T/src/sub"
	[ -z "$(flags_of /m/bind/sub)" ]
	[ "$(flags_of /m/rbind)" = ro,relatime ]
	[ "$(flags_of /m/rbind/sub)" = rw,relatime ]
	[ "$(flags_of /m/rro)" = ro,relatime ]
	[ "$(flags_of /m/rro/sub)" = ro,relatime ]
	[ "$(flags_of /m/rall)" = rw,nosuid,nodev,noexec,noatime ]
	[ "$(flags_of /m/rall/sub)" = rw,nosuid,nodev,noexec,noatime ]
	[ "$(flags_of /m/rback/sub)" = rw,relatime ]
}

@test "propagation of a mount is the option's, also down with r" {
	mkdir -p "$T/src/sub"
	mount -t tmpfs tmpfs "$T/src"
	mkdir "$T/src/sub"
	mount --make-shared "$T/src"
	mount -t tmpfs tmpfs "$T/src/sub"
	for p in private slave shared unbindable rprivate rslave rshared; do
		add_bind "$T/src" "/m/$p" rbind "$p"
	done
	mounts_of_container
	umount -R "$T/src"
	[ "$(optional_of /m/private)" = "" ]
	[[ $(optional_of /m/slave) == master:* ]]
	[[ $(optional_of /m/shared) == *shared:* ]]
	[ "$(optional_of /m/unbindable)" = "unbindable " ]
	[ "$(optional_of /m/rprivate/sub)" = "" ]
	[[ $(optional_of /m/rslave/sub) == master:* ]]
	[[ $(optional_of /m/rshared/sub) == *shared:* ]]
}

@test "rslave: a mount that the host makes later appears in the container; private: it does not" {
	mkdir "$T/src"
	mount -t tmpfs tmpfs "$T/src"
	mount --make-shared "$T/src"
	mkdir "$T/src/later"
	add_bind "$T/src" /slave rbind rslave
	add_bind "$T/src" /private rbind rprivate
	start_detached t-1
	mount -t tmpfs tmpfs "$T/src/later"
	touch "$T/src/later/seen"
	kedge exec t-1 test -e /slave/later/seen
	run ! kedge exec t-1 test -e /private/later/seen
	kedge delete --force t-1
	umount -R "$T/src"
	nothing_left t-1
}

@test "rootfsPropagation is the root's propagation, and private is the default" {
	mounts_of_container
	[ "$(optional_of /)" = "" ]
	mount --bind "$B/rootfs" "$B/rootfs"
	mount --make-shared "$B/rootfs"
	mounts_of_container
	[ "$(optional_of /)" = "" ]
	umount "$B/rootfs"
	for p in slave shared; do
		config --arg p "$p" '.linux.rootfsPropagation = $p'
		mounts_of_container
		case $p in
		slave) [[ $(optional_of /) != *shared* ]] ;;
		shared) [[ $(optional_of /) == *shared:* ]] ;;
		esac
	done
	config '.linux.rootfsPropagation = "sideways"'
	run kedge run -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == *rootfsPropagation* ]]
	nothing_left t-1
}

@test "mountpoints are made as needed: directories for directories, files for files" {
	mkdir "$T/dir"
	echo content >"$T/file"
	add_bind "$T/dir" /new/deep/dir
	add_bind "$T/file" /new/deep/file
	add_mount /new/tmp tmpfs tmpfs
	runs 'cat /new/deep/file; touch /new/deep/dir/x /new/tmp/y && echo ok'
	[ "$output" = $'content\nok' ]
	[ -e "$T/dir/x" ]
	[ -d "$B/rootfs/new/deep/dir" ]
	[ -f "$B/rootfs/new/deep/file" ]
}

@test "mounts are made in their order: a later one lies over an earlier one, and below it" {
	mkdir -p "$T/a/sub" "$T/b"
	echo a >"$T/a/name"
	echo b >"$T/b/name"
	add_bind "$T/a" /m
	add_bind "$T/b" /m/sub
	add_bind "$T/b" /n
	add_bind "$T/a" /n
	runs 'cat /m/name /m/sub/name /n/name'
	[ "$output" = $'a\nb\na' ]
}

@test "a relative source is below the bundle; links in a source are followed, on the host" {
	mkdir "$B/vol" "$T/real"
	echo vol >"$B/vol/f"
	echo real >"$T/real/f"
	ln -s "$T/real" "$T/link"
	add_bind vol /a
	add_bind "$T/link" /b
	runs 'cat /a/f /b/f'
	[ "$output" = $'vol\nreal' ]
}

@test "links in a destination are followed inside the container, never out of it" {
	mkdir "$T/src"
	echo here >"$T/src/f"
	mkdir -p "$B/rootfs/real"
	ln -s /real "$B/rootfs/abs"
	ln -s ../../../../../../.. "$B/rootfs/up"
	add_bind "$T/src" /abs/dir
	add_bind "$T/src" /up/newdir
	runs 'cat /real/dir/f /newdir/f'
	[ "$output" = $'here\nhere' ]
	[ ! -e /newdir ]
	[ ! -e /real ]
}

@test "an idmapped bind shows the host's owners as the container's" {
	mkdir "$T/src"
	touch "$T/src/f"
	chown 1000:1000 "$T/src/f"
	add_bind "$T/src" /m bind idmap
	config '.mounts[-1] += {uidMappings: [{containerID: 1000, hostID: 5000, size: 1}],
		gidMappings: [{containerID: 1000, hostID: 6000, size: 1}]}'
	runs 'stat -c "%u %g" /m/f'
	[ "$output" = "5000 6000" ]
}

@test "default devices and links are there and work, whatever the image brings" {
	runs 'for d in null zero full random urandom tty; do stat -c "%n %F %t:%T %a" /dev/$d; done
		for l in fd stdin stdout stderr ptmx; do echo "$l $(readlink /dev/$l)"; done
		echo x >/dev/null; head -c 3 /dev/zero | wc -c; head -c 3 /dev/urandom | wc -c
		echo y >/dev/full; echo out >/dev/stdout'
	for line in '/dev/null character special file 1:3 666' '/dev/zero character special file 1:5 666' \
		'/dev/full character special file 1:7 666' '/dev/random character special file 1:8 666' \
		'/dev/urandom character special file 1:9 666' '/dev/tty character special file 5:0 666' \
		'fd /proc/self/fd' 'stdin /proc/self/fd/0' 'stdout /proc/self/fd/1' \
		'stderr /proc/self/fd/2' 'ptmx pts/ptmx' out; do
		grep -qx "$line" <<<"$output"
	done
	[[ $output == *"No space left"* ]]
}

@test "masked files are empty, masked directories too, read-only paths are; missing ones are passed over" {
	mkdir -p "$B/rootfs/secret/deep" "$B/rootfs/ro/sub"
	echo key >"$B/rootfs/secret-file"
	echo x >"$B/rootfs/secret/deep/f"
	config '.root.readonly = false | .linux.maskedPaths += ["/secret", "/secret-file", "/nowhere"] |
		.linux.readonlyPaths += ["/ro", "/nowhere/ro"]'
	runs 'cat /secret-file; ls -A /secret; touch /ro/f; touch /secret/f; touch /x && echo root; ls -A /proc/scsi 2>/dev/null'
	[ "$(grep -c 'Read-only file system' <<<"$output")" -eq 2 ]
	[[ $output != *key* ]]
	[[ $output != *deep* ]]
	[[ $output == *root* ]]
	runs 'echo 1 >/proc/sys/vm/swappiness'
	[ "$status" -ne 0 ]
}

@test "a mount over a masked or read-only path doesn't get through" {
	script 'mount -t tmpfs none /proc/scsi; umount /proc/kcore; mount -o remount,rw /proc/sys; echo 1 >/proc/sys/vm/swappiness'
	run kedge run -b "$B" t-1 </dev/null
	[ "$status" -ne 0 ]
}

@test "a file may be mounted over a file, and refused over a directory; a directory over a file is refused" {
	echo new >"$T/passwd"
	mkdir "$T/dir"
	add_bind "$T/passwd" /etc/passwd bind ro
	runs 'cat /etc/passwd'
	[ "$output" = new ]
	config '.mounts |= .[:-1]'
	add_bind "$T/passwd" /etc
	run kedge run -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"(/etc)"* ]]
	config '.mounts |= .[:-1]'
	add_bind "$T/dir" /etc/passwd
	run kedge run -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"(/etc/passwd)"* ]]
	nothing_left t-1
}

@test "sources that are special: a socket, a pipe, a device" {
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$T/sock"
	mkfifo "$T/pipe"
	add_bind "$T/sock" /run/sock
	add_bind "$T/pipe" /run/pipe
	add_bind /dev/zero /run/zero
	runs 'stat -c %F /run/sock /run/pipe /run/zero'
	[ "$output" = $'socket\nfifo\ncharacter special file' ]
}

@test "an unknown file system, and a mount that the kernel refuses, are named with their number" {
	add_mount /m nosuchfs none
	run kedge run -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"(/m)"* ]]
	[[ $output == *nosuchfs* ]]
	nothing_left t-1
}

@test "a hundred mounts are made" {
	mkdir "$T/src"
	touch "$T/src/f"
	config --arg s "$T/src" '.mounts += [range(100) | {destination: "/m/\(.)", type: "bind", source: $s, options: ["bind", "ro"]}]'
	runs 'ls /m/*/f | wc -l'
	[ "$output" = 100 ]
	nothing_left t-1
}
