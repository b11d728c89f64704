#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What a client or the host's administrator may set for a shim: options of a task on stdin of `start`,
# the environment, /etc/kedge.

load ../lib/common
load ../lib/containerd

setup() { containerd_setup; }

teardown() {
	rm -rf /etc/kedge
	[ ! -e "$T/b-1/shim.pid" ] || kill -KILL "$(cat "$T/b-1/shim.pid")" 2>/dev/null || true
	containerd_teardown
	find /sys/fs/cgroup -depth -type d -path '*/t-shims' -exec rmdir {} +
}

# field NUMBER TEXT: of a protobuf message
field() {
	printf '%b%s' "\\x$(printf '%02x' $(($1 << 3 | 2)))\\x$(printf '%02x' "${#2}")" "$2"
}
# runc_options FIELD: an Any of them
runc_options() { field 1 containerd.runc.v1.Options && field 2 "$1"; }

# start_by_hand: `start` in the bundle $T/b-1, with its stdin
start_by_hand() {
	mkdir -p "$T/b-1"
	cp "$B/config.json" "$T/b-1"
	(cd "$T/b-1" && TTRPC_ADDRESS=/run/containerd/containerd.sock.ttrpc \
		containerd-shim-kedge-v1 -namespace default \
		-address /run/containerd/containerd.sock -id t-1 start)
}

@test "shim_cgroup is where the server goes, and must be there" {
	run start_by_hand < <(runc_options "$(field 3 /t-shims)")
	[ "$status" -eq 1 ]
	[[ $output == *"shim_cgroup /t-shims: there is no such cgroup"* ]]
	run pgrep -f 'containerd-shim-kedge-v1 -namespace'
	[ "$status" -eq 1 ]
	[ -z "$(ls -A /run/containerd/s)" ]
	mkdir /sys/fs/cgroup/memory/t-shims /sys/fs/cgroup/pids/t-shims
	start_by_hand < <(runc_options "$(field 3 /t-shims)")
	grep -q ':memory:/t-shims$' "/proc/$(cat "$T/b-1/shim.pid")/cgroup"
	grep -q ':pids:/t-shims$' "/proc/$(cat "$T/b-1/shim.pid")/cgroup"
	! grep -q ':freezer:/t-shims$' "/proc/$(cat "$T/b-1/shim.pid")/cgroup" || false
}

@test "without systemd its cgroups are refused in one sentence, by the option and by the path" {
	local address without="cgroups by systemd: this host wasn't booted by systemd"
	address=$(start_by_hand </dev/null)
	# shellcheck disable=SC2016 # jq's
	config --arg root "$B/rootfs" '.root.path = $root'
	cp "$B/config.json" "$T/b-1"
	run "$TREE/integration/lib/ttrpc.py" "$address" Create 1=t-1 2="$T/b-1" \
		10@containerd.runc.v1.Options=9:=1
	[ "$status" -eq 1 ]
	[[ $output == "2 OCI runtime create failed: $without"* ]]
	config '.linux.cgroupsPath = "system.slice:kedge:t-1"'
	cp "$B/config.json" "$T/b-1"
	run "$TREE/integration/lib/ttrpc.py" "$address" Create 1=t-1 2="$T/b-1"
	[ "$status" -eq 1 ]
	[[ $output == "2 OCI runtime create failed: $without"* ]]
}

@test "a pod's shim ends after it, however long its removal takes" {
	local address
	address=$(start_by_hand </dev/null)
	# shellcheck disable=SC2016 # jq's
	config --arg root "$B/rootfs" '.root.path = $root | .process.args = ["/bin/sleep", "1000"] |
		.hooks.poststop = [{ path: "/bin/sleep", args: ["sleep", "6"] }]'
	cp "$B/config.json" "$T/b-1"
	"$TREE/integration/lib/ttrpc.py" "$address" Create 1=t-1 "2=$T/b-1"
	"$TREE/integration/lib/ttrpc.py" "$address" Start 1=t-1
	"$TREE/integration/lib/ttrpc.py" "$address" \
		containerd.runtime.sandbox.v1.Sandbox/ShutdownSandbox 1=t-1
	wait_until 5 test ! -S "${address#unix://}"
	wait_until 5 no_shim
}
no_shim() { ! pgrep -f 'containerd-shim-kedge-v1 -namespace'; }

# keyring_with [OPTION]: the session keyring that a task's program has, by its number
keyring_with() {
	local address field
	address=$(start_by_hand </dev/null)
	for field in "Create 2=$T/b-1 6=file://$T/key 10@containerd.runc.v1.Options=${1:-}" Start Wait Delete; do
		# shellcheck disable=SC2086 # words
		"$TREE/integration/lib/ttrpc.py" "$address" ${field%% *} 1=t-1 ${field#"${field%% *}"} >/dev/null
	done
	"$TREE/integration/lib/ttrpc.py" "$address" Shutdown 1=t-1
	cat "$T/key"
	rm "$T/key"
	wait_until 5 test ! -S "${address#unix://}"
}

@test "no_new_keyring leaves the program the keyring of who has started the shim" {
	local ours own
	use_python
	# KEYCTL_GET_KEYRING_ID of the session keyring; the small python has no syscall()
	# shellcheck disable=SC2016 # jq's
	config --arg root "$B/rootfs" '.root.path = $root |
		.process.args = ["/usr/bin/perl", "-e", "print syscall(250, 0, -3, 0)"]'
	ours=$(perl -e 'print syscall(250, 0, -3, 0)')
	own=$(keyring_with)
	[ "$own" -gt 0 ]
	[ "$own" != "$ours" ]
	[ "$(keyring_with 2:=1)" = "$ours" ]
}

@test "containerd 2.3's parameters are answered with its result" {
	start_by_hand < <(field 1 t-1 && field 2 default && field 5 /run/containerd/containerd.sock.ttrpc) \
		>"$T/answer"
	{
		printf '\010\002'
		field 2 "$(cat "$T/b-1/address")"
		field 3 ttrpc
	} | cmp - "$T/answer"
}

@test "SCHED_CORE gives the shim a core of its own, or says that there is none to give" {
	SCHED_CORE=1 run start_by_hand </dev/null
	if [ "$status" -eq 0 ]; then
		python3 - "$(cat "$T/b-1/shim.pid")" <<-'END'
			import ctypes, sys
			cookie = ctypes.c_ulong()
			libc = ctypes.CDLL(None, use_errno=True)
			sys.exit(libc.prctl(62, 0, int(sys.argv[1]), 0, ctypes.byref(cookie)) or not cookie.value)
		END
	else
		[[ $output == *"SCHED_CORE: this "*" has no core scheduling"* ]]
	fi
}

@test "-info gives the options back, and containerd 2 shows what it says" {
	containerd-shim-kedge-v1 -info < <(runc_options "$(field 7 /run/r)") >"$T/info"
	grep -aq 'containerd.runc.v1.Options' "$T/info"
	grep -aq '/run/r' "$T/info"
	ctr version | grep -q '^  Version: *1\.' ||
		[ "$(ctr plugins inspect-runtime --runtime "$RUNTIME" |
			jq -r '.Name, .Features.ociVersionMin' | xargs)" = "$RUNTIME 1.0.0" ]
}

@test "/etc/kedge says for a namespace whether a checkpoint ends the container" {
	mkdir /etc/kedge
	printf '[checkpoint]\nexit = true\n' >/etc/kedge/default.toml
	ctr_run -d t-1 /bin/sh -c 'while :; do sleep 1; done'
	ctr_run -d --annotation=dev.kedge.checkpoint.exit=false t-2 /bin/sh -c 'while :; do sleep 1; done'
	checkpoint_without_options t-1
	wait_until 5 has_task_status t-1 STOPPED
	ctr version | grep -q '^  Version: *1\.' || rm -r "$T/images"
	checkpoint_without_options t-2
	[ "$(task_status t-2)" = RUNNING ]
	echo 'exit = perhaps' >>/etc/kedge/default.toml
	run checkpoint_without_options t-2
	[ "$status" -ne 0 ]
	[[ $output == *"/etc/kedge/default.toml"* ]]
}
