#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Images whose mounts can't be those of any container: refused by name, in no time, before anything is
# made.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common
load ../lib/hostile

setup() {
	hostile_setup
	hostile_dump
}
teardown() { common_teardown; }

# make_odd KIND PATH
make_odd() {
	case $1 in
	fifo) mkfifo "$2" ;;
	directory) mkdir "$2" ;;
	device) mknod -m 644 "$2" c 1 5 ;;
	link) ln -s /dev/zero "$2" ;;
	esac
}

mounts_file() { basename "$T"/images/mountpoints-*.img; }

@test "a mountpoint that isn't an absolute path in normal form is refused" {
	for path in data ../data /.. /data/.. /data/../etc /./data //data /data/ ''; do
		attack "put(at('/data'), mountpoint='$path')"
		refused "$(mounts_file)"
	done
}

@test "mounts that form no tree are refused" {
	attack "put(at('/data'), mnt_id=get(at('/ro'), 'mnt_id'))"
	refused 'the same id'
	attack "put(at('/data'), parent_mnt_id=987654)"
	refused /data
	attack "put(at('/data'), parent_mnt_id=get(at('/data'), 'mnt_id'))"
	refused /data
	attack "put(at('/data'), parent_mnt_id=get(at('/ro'), 'mnt_id'), mountpoint='/ro/data')
put(at('/ro'), parent_mnt_id=get(at('/ro/data'), 'mnt_id'))"
	refused /ro
	attack "put(at('/data'), parent_mnt_id=get(at('/proc'), 'mnt_id'))"
	refused /data
	attack "new(mountpoint='/', parent_mnt_id=987654)"
	refused 'second root'
	attack "entries.remove(at('/'))"
	refused "$(mounts_file)"
	# the root comes from the bundle, whatever key it has
	for key in / /data "$T/victim"; do
		attack "put(at('/'), ext_key='$key')"
		harmless
	done
}

@test "a hundred thousand mounts and one are refused; three thousand parts of one source take no time" {
	attack "entries[:0] = [list(at('/data')) for _ in range(100001)]"
	refused "$(mounts_file)"
	attack "d = at('/data')
for i in range(3000):
    e = [list(f) for f in d]
    put(e, mnt_id=100000 + i, ext_key=None, mountpoint='/data/%d' % i, parent_mnt_id=get(d, 'mnt_id'))
    entries.insert(0, e)"
	SECONDS=0
	harmless
	[ "$SECONDS" -le 30 ]
}

@test "a length of 2 GiB, an entry that is cut, and rubbish are refused with the file's name" {
	for raw in '\xff\xff\xff\x7f' '\x00\x00\x00\x80' '\xff\xff\xff\xff' '\x04\x00\x00\x00ab' \
		'\x01\x00\x00\x00\xff' '\x00\x00\x00\x00' '\x0b\x00\x00\x00:\xff\xff\xff\xff\xff\xff\xff\xff\x7f'; do
		attack "raw(b'$raw')"
		refused "$(mounts_file)"
	done
	for file in inventory.img pstree.img "$(mounts_file)"; do
		attack pass
		head -c 5000 /dev/urandom >"$T/evil/$file"
		refused "$file"
		attack pass
		: >"$T/evil/$file"
		refused "$file"
	done
}

@test "huge strings are refused, or do no harm, and an error stays readable" {
	attack "put(at('/data'), mountpoint='/data' + '/x' * 30000)"
	refused /data
	[ "${#output}" -lt 4000 ]
	for field in root source options; do
		attack "put(at('/data'), $field='/x' * 3000000)"
		harmless
	done
	attack "put(at('/data'), ext_key='/x' * 3000000)"
	refused /data
	[ "${#output}" -lt 4000 ]
	attack "new(mountpoint='/mnt', fstype=5, source='/x' * 300000, options='y' * 300000, root='/',
		root_dev=9999)"
	harmless
}

@test "control characters of an image don't reach the terminal" {
	attack "put(at('/data'), mountpoint='/data/\\x1b]0;owned\\x07\\x1b[2J', ext_key='\\x1b[31mred')"
	refuses 'kedge ' kedge restore -d -b "$B" --image-path "$T/evil" t-1
	[[ $output != *$'\x1b'* ]]
	[[ $output != *$'\x07'* ]]
	nothing_left t-1
}

@test "what isn't a regular file is refused with its name and doesn't hang" {
	for file in inventory.img pstree.img descriptors.json "$(mounts_file)"; do
		for kind in fifo directory device link; do
			attack pass
			rm "$T/evil/$file"
			make_odd "$kind" "$T/evil/$file"
			refused "$file"
		done
	done
}

@test "a file without end is refused with its name" {
	for file in inventory.img pstree.img descriptors.json "$(mounts_file)"; do
		attack pass
		truncate -s 100G "$T/evil/$file"
		refused "$file"
	done
}
