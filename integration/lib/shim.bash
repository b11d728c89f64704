# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# shim.bash - shims without containerd, asked by lib/ttrpc.py: nothing of a client's own is in the way
#
# To be loaded after common. Each task has a bundle in $T/ID with the config.json of $B, and three fifos
# there that nobody has opened.

STATE=/run/containerd/kedge/default
declare -gA STATES=([CREATED]=1 [RUNNING]=2 [STOPPED]=3)

shim_setup() {
	common_setup
	SHIMS=()
	HELPERS=()
}

shim_teardown() {
	local id
	for id in "${SHIMS[@]}"; do
		[ ! -e "$T/$id/shim.pid" ] || kill -KILL "$(cat "$T/$id/shim.pid")" || true
		[ ! -d "$T/$id" ] || (cd "$T/$id" && shim "$id" -bundle "$T/$id" delete >/dev/null)
	done
	[ ${#HELPERS[@]} -eq 0 ] || kill "${HELPERS[@]}" 2>/dev/null || true
}

shim() { containerd-shim-kedge-v1 -namespace default -address "$T/no.sock" -id "$@"; }

# helper COMMAND...: run it in the background until teardown; its pid is $HELPER
helper() {
	"$@" 3>&- &
	HELPER=$!
	HELPERS+=("$HELPER")
}

# call ID METHOD [FIELD...]: the task's id is the first field
call() {
	local address
	address=$(cat "$T/$1/address")
	timeout 60 "$TREE/integration/lib/ttrpc.py" "${address#unix://}" "$2" "1=$1" "${@:3}"
}

# start_shim ID: its process is $SHIM
start_shim() {
	SHIMS+=("$1")
	mkdir "$T/$1" "$T/$1/work"
	mkfifo "$T/$1/log" "$T/$1/stdin" "$T/$1/stdout" "$T/$1/stderr"
	helper cat_log "$1"
	jq --arg root "$B/rootfs" --arg cgroup "/default/$1" \
		'.root.path = $root | .linux.cgroupsPath = $cgroup' "$B/config.json" >"$T/$1/config.json"
	(cd "$T/$1" && shim "$1" start </dev/null >/dev/null)
	# shellcheck disable=SC2034 # for the tests
	SHIM=$(cat "$T/$1/shim.pid")
}

cat_log() { exec cat <>"$T/$1/log" >"$T/$1.log"; }

# start_task ID [FIELD-OF-CREATE...]: a shim and a task with these fields for stdio and all else
start_task() {
	start_shim "$1"
	call "$1" Create "2=$T/$1" "${@:2}" >/dev/null
	call "$1" Start >/dev/null
}

# process COMMAND: the field of Exec with what is to be run, a shell command
process() {
	jq -jc --arg s "$1" '"7@types.containerd.io/opencontainers/runtime-spec/1/Process==",
		(.process | .terminal = false | .args = ["/bin/sh", "-c", $s])' "$B/config.json"
}

# state ID FIELD, has_state ID NAME
state() { call "$1" State | sed -n "s/^$2=//p"; }
has_state() { [ "$(state "$1" 4)" = "${STATES[$2]}" ]; }

# The ticks of CPU that a process has used, its memory in KiB, its fds
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }
fds() { find "/proc/$1/fd" -mindepth 1 | wc -l; }

# nothing_of ID: neither state nor cgroup
nothing_of() {
	[ ! -e "$STATE/$1" ]
	[ -z "$(find /sys/fs/cgroup -type d -path "*/default/$1*")" ]
}
