# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# common.bash - what every test file loads: a busybox bundle, edits of config.json, and the check
# that nothing is left behind
#
# Everything runs as root in the test host (hack/testhost), where /kedge is the tree. Each test has
# a directory of its own, $T, with a bundle in $B; container ids begin with "t-" and are deleted
# in teardown.

bats_require_minimum_version 1.5.0

TREE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
PATH=$TREE/build:$PATH

# The root file system, made once per file: hard links are cheap, and busybox is static.
make_rootfs() {
	local root=$1 applet
	mkdir -p "$root"/{bin,dev,etc,proc,sys,tmp,data}
	cp "$(command -v busybox)" "$root/bin/busybox"
	for applet in sh cat ls echo sleep true false touch mkdir mount umount id grep head wc stat \
		readlink env test rm kill ps tr cut hostname mountpoint dd seq stty nc ip mv ln chmod; do
		ln -sf busybox "$root/bin/$applet"
	done
	echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
	echo 'user:x:1000:1000::/home/user:/bin/sh' >>"$root/etc/passwd"
}

common_setup() {
	T=$BATS_TEST_TMPDIR
	B=$T/bundle
	mkdir -p "$B"
	make_rootfs "$B/rootfs"
	kedge spec -b "$B"
	config '.process.terminal = false | .process.args = ["/bin/sh", "-c", "while :; do sleep 1; done"]'
	CGROUPS_BEFORE=$(count_cgroups)
	MOUNTS_BEFORE=$(wc -l </proc/self/mountinfo)
	cd "$T" || return 1
}

# host_tracefs: one on the host's /sys/kernel/tracing, as systemd mounts it; host_tracefs_done undoes that.
# Nothing of /sys is bound to a directory of a test's: what is left there is removed, files and all.
host_tracefs() {
	grep -q ' /sys/kernel/tracing .* - tracefs ' /proc/self/mountinfo && return
	mount -t tracefs -o nosuid,nodev,noexec tracefs /sys/kernel/tracing && HOST_TRACEFS=1
}
host_tracefs_done() {
	[ -z "${HOST_TRACEFS:-}" ] || umount /sys/kernel/tracing
}

common_teardown() {
	local id
	for id in $(kedge list -q 2>/dev/null); do
		kedge delete --force "$id" >/dev/null 2>&1 || echo "# could not delete $id" >&3
	done
}

# config FILTER [JQ-ARGS...]: edit config.json with jq
config() {
	jq "$@" <"$B/config.json" >"$B/config.new"
	mv "$B/config.new" "$B/config.json"
}

# user_namespace [UID]: the container's root is that one (100000) on the host
user_namespace() {
	local dir uid=${1:-100000}
	for dir in "$B" "$T" "${T%/*}" "${T%/*/*}"; do
		chmod 755 "$dir"
	done
	chown -R "$uid:$uid" "$B/rootfs"
	# shellcheck disable=SC2016
	config --argjson uid "$uid" '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: $uid, size: 1000}]
		| .linux.gidMappings = .linux.uidMappings'
}

# add_bind SOURCE DESTINATION [OPTION...]: add a bind mount
add_bind() {
	local source=$1 destination=$2
	shift 2
	[ $# -gt 0 ] || set -- rbind rw
	# $s, $d and $o are jq's
	# shellcheck disable=SC2016
	config --arg s "$source" --arg d "$destination" \
		'.mounts += [{destination: $d, type: "bind", source: $s, options: $ARGS.positional}]' \
		--args "$@"
}

# script TEXT: the container runs TEXT with sh
script() {
	# shellcheck disable=SC2016
	config --arg s "$1" '.process.args = ["/bin/sh", "-c", $s]'
}

# start_detached ID [RUN-ARGS...]: run the bundle in the background, stdio on /dev/null (a file of
# the host on stdio could not be checkpointed)
start_detached() {
	local id=$1
	shift
	kedge --log "$T/run.err" run -d -b "$B" "$@" "$id" </dev/null >/dev/null 2>&1 || {
		cat "$T/run.err"
		return 1
	}
}

# restore_detached ID IMAGES [RESTORE-ARGS...]
restore_detached() {
	local id=$1 images=$2
	shift 2
	kedge --log "$T/restore.err" restore -d -b "$B" --image-path "$images" "$@" "$id" \
		</dev/null >/dev/null 2>&1 || {
		cat "$T/restore.err"
		return 1
	}
}

status_of() { kedge state "$1" | jq -r .status; }
pid_of() { kedge state "$1" | jq -r .pid; }

# wait_until SECONDS COMMAND...: true as soon as COMMAND is
wait_until() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || {
			echo "never became true: $*"
			return 1
		}
		sleep 0.05
	done
}

is_stopped() { [ "$(status_of "$1")" = stopped ]; }
is_running() { [ "$(status_of "$1")" = running ]; }
file_has() { grep -q -- "$2" "$1"; }

count_cgroups() { find /sys/fs/cgroup -type d | wc -l; }

# nothing_left ID: no state, cgroup, mount or process of the container is there any more
nothing_left() {
	local id=$1 found
	[ ! -e "/run/kedge/$id" ] || {
		echo "left: /run/kedge/$id"
		return 1
	}
	found=$(find /sys/fs/cgroup -type d -name "$id")
	[ -z "$found" ] || {
		echo "left: $found"
		return 1
	}
	[ "$(count_cgroups)" -eq "$CGROUPS_BEFORE" ] || {
		echo "cgroups: $CGROUPS_BEFORE before, $(count_cgroups) now"
		return 1
	}
	[ "$(wc -l </proc/self/mountinfo)" -eq "$MOUNTS_BEFORE" ] || {
		echo "left mounts:"
		cat /proc/self/mountinfo
		return 1
	}
	for p in /proc/[0-9]*; do
		case $(readlink "$p/root" 2>/dev/null) in
		"$B"*)
			echo "left process: $p $(tr '\0' ' ' <"$p/cmdline")"
			return 1
			;;
		esac
	done
}

# use_python: the host's python3 is there in the container
use_python() {
	add_bind /usr /usr rbind ro
	ln -s usr/lib "$B/rootfs/lib"
	ln -s usr/lib64 "$B/rootfs/lib64"
}

# python PROGRAM: the container runs PROGRAM with python3
python() {
	# shellcheck disable=SC2016
	config --arg p "$1" '.process.args = ["/usr/bin/python3", "-c", $p]'
}

# cycle ID IMAGES [RESTORE-ARGS...]: checkpoint and restore it
cycle() {
	local id=$1 images=$2
	shift 2
	kedge checkpoint --image-path "$images" "$id" && restore_detached "$id" "$images" "$@"
}

# refuses TEXT COMMAND...: it ends within a minute with status 1 and one error, which has TEXT
refuses() {
	local text=$1
	shift
	run timeout 60 "$@"
	# shellcheck disable=SC2154 # bats sets them
	[ "$status" -eq 1 ] || {
		echo "status $status: $output"
		return 1
	}
	[[ $output == *"$text"* ]] || {
		echo "no \"$text\" in: $output"
		return 1
	}
	[ "$(grep -c '^kedge ' <<<"$output")" -eq 1 ] || {
		echo "not one error: $output"
		return 1
	}
}

# fake_criu NAME PYTHON: make $T/NAME, which serves `criu swrk FD`: s is the socket, on which the question
# for the version has been read
fake_criu() {
	cat >"$T/$1" <<-'END'
		#!/usr/bin/python3
		import os, socket, sys, time
		s = socket.socket(fileno=int(sys.argv[2]))
		s.recv(1 << 20)
		VERSION = bytes([8, 10, 16, 1, 82, 4, 8, 4, 16, 1])
	END
	printf '%s\n' "$2" >>"$T/$1"
	chmod +x "$T/$1"
}
