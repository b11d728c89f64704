#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What kedge leaves out to keep a checkpoint short (core/plan/shortcuts.h) changes nothing: the network
# comes back as it was, and where it could matter CRIU does it all.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common

setup() {
	common_setup
	mkdir -p "$T/data" "$T/images"
	add_bind "$T/data" /data
}
teardown() { common_teardown; }

# in_net COMMAND...: in the network namespace of t-1
in_net() { nsenter --net="/proc/$(pid_of t-1)/ns/net" "$@"; }

# what a network namespace is: everything that is set in it
network() {
	in_net sh -c 'ip link; ip addr; ip route show table all; ip -6 route show table all; ip rule; ip -6 rule
		iptables-save -c; cd /proc/sys/net; grep -r . ipv4/conf ipv6/conf unix ipv4/ping_group_range 2>/dev/null |
		grep -v "^ipv6/conf/.*/stable_secret" | sort' | sed 's/valid_lft.*//'
}

# dump [OPTION...]: checkpoint t-1; what was left out is in $T/said
dump() {
	kedge --debug checkpoint --image-path "$T/images" "$@" t-1 >"$T/said" 2>&1 || {
		cat "$T/said"
		return 1
	}
}
left_out() { file_has "$T/said" "$1: left out"; }
done_by_criu() { file_has "$T/said" "$1: as CRIU does it: $2"; }

# CRIU before 4.2 on Linux 6.16 and later: SO_PASSCRED is for unix sockets alone
sockets_are_beyond_criu() { file_has "$T/said" "Can't get 1:16 opt"; }

# the tables that CRIU's lock is made in stay when it is taken away
never_locked() { [ -z "$(in_net iptables-save)" ]; }
was_locked() { in_net iptables-save | grep -q '^:INPUT'; }

@test "with nothing but lo all three are left out, and the network comes back the same" {
	start_detached t-1
	network >"$T/before"
	dump
	left_out "network lock" && left_out "network namespace" && left_out freezer
	# and what CRIU was asked for is said as well
	file_has "$T/said" 'asked of criu: request: dump'
	file_has "$T/said" 'asked of criu: network_lock: skip'
	[ -z "$(find "$T/images" -name 'iptables-*' -o -name 'ifaddr-*')" ]
	restore_detached t-1 "$T/images"
	network >"$T/after"
	diff "$T/before" "$T/after"
	file_has "$T/after" 'inet 127.0.0.1/8'
}

@test "settings of the network come back also when its namespace is left out" {
	start_detached t-1
	in_net sh -c 'cd /proc/sys/net; echo 1 >ipv4/conf/all/log_martians; echo 2 >ipv4/conf/lo/rp_filter
		echo 1 >ipv4/conf/default/accept_local; echo 7 >ipv6/conf/default/dad_transmits
		echo "0 1000" >ipv4/ping_group_range; echo 33 >unix/max_dgram_qlen; echo 1 >ipv4/conf/all/forwarding'
	network >"$T/before"
	dump
	left_out "network namespace"
	restore_detached t-1 "$T/images"
	network >"$T/after"
	diff "$T/before" "$T/after"
	file_has "$T/after" '^unix/max_dgram_qlen:33$'
}

@test "without IPv6 on lo it comes back without" {
	start_detached t-1
	in_net sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
	network >"$T/before"
	dump
	left_out "network namespace"
	restore_detached t-1 "$T/images"
	network >"$T/after"
	diff "$T/before" "$T/after"
}

@test "firewall rules come back" {
	start_detached t-1
	in_net iptables -A INPUT -p tcp --dport 9 -j DROP
	in_net iptables-save | grep -v "^#" >"$T/before"
	dump
	done_by_criu "network namespace" "there are nft tables"
	left_out "network lock"
	restore_detached t-1 "$T/images"
	in_net iptables-save | grep -v "^#" >"$T/after"
	diff "$T/before" "$T/after"
	file_has "$T/after" 'dport 9'
}

@test "an address, a route and a routing rule of the container's come back" {
	for change in "addr add 10.9.8.7/32 dev lo" "route add 10.1.0.0/16 dev lo" \
		"rule add from 10.2.0.0/16 table 100" "link set lo mtu 1400"; do
		start_detached t-1
		# shellcheck disable=SC2086
		in_net ip $change
		network >"$T/before"
		dump
		restore_detached t-1 "$T/images"
		network >"$T/after"
		diff "$T/before" "$T/after"
		kedge delete --force t-1
		rm -rf "$T/images"
		case $change in
		addr*) done_by_criu "network namespace" "there is an address" ;;
		route*) done_by_criu "network namespace" "there is a route" ;;
		rule*) done_by_criu "network namespace" "there is a routing rule" ;;
		link*) left_out "network namespace" ;;
		esac
	done
}

@test "an address of lo that was taken away stays away" {
	start_detached t-1
	in_net ip -6 addr del ::1/128 dev lo
	dump
	done_by_criu "network namespace" "lo's addresses"
	restore_detached t-1 "$T/images"
	[ "$(status_of t-1)" = running ]
}

@test "a server on lo answers after the restore, and a datagram that waited is read" {
	use_python
	python '
import os, socket, time
tcp = socket.create_server(("127.0.0.1", 8080))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 5353))
tcp.settimeout(0.1)
open("/data/ready", "w")
while True:
    try:
        c = tcp.accept()[0]
        c.sendall(b"served")
        c.close()
    except TimeoutError:
        pass
    if os.path.exists("/data/read"):
        open("/data/got", "w").write(repr(udp.getsockname()))
        break
    time.sleep(0.05)
while True:
    time.sleep(1)
'
	start_detached t-1
	wait_until 5 test -e "$T/data/ready"
	dump || sockets_are_beyond_criu
	left_out "network lock" && left_out "network namespace"
	[ "$(status_of t-1)" != running ] || skip "this CRIU can dump no socket on this kernel"
	restore_detached t-1 "$T/images"
	[ "$(in_net python3 -c 'import socket; print(socket.create_connection(("127.0.0.1", 8080), 5).recv(9).decode())')" = served ]
	touch "$T/data/read"
	wait_until 5 file_has "$T/data/got" 5353
}

@test "with a socket and a second link that is up the network is locked" {
	use_python
	python '
import socket, time
s = socket.create_server(("0.0.0.0", 8080))
open("/data/ready", "w")
while True:
    time.sleep(1)
'
	start_detached t-1
	wait_until 5 test -e "$T/data/ready"
	in_net ip link add v0 type veth peer name v1
	in_net ip link set v0 up
	in_net ip link set v1 up
	never_locked
	dump --leave-running || sockets_are_beyond_criu
	done_by_criu "network lock" "there are sockets and a link that is up"
	done_by_criu "network namespace" "there is a link beside lo"
	was_locked
	# and when no link is up it isn't
	in_net ip link del v0
	dump --leave-running || sockets_are_beyond_criu
	left_out "network lock"
}

@test "a TCP connection on lo is refused as ever, and the container runs on" {
	use_python
	python '
import socket, time
s = socket.create_server(("127.0.0.1", 8080))
a = socket.create_connection(("127.0.0.1", 8080))
b = s.accept()[0]
open("/data/ready", "w")
while True:
    b.sendall(b"x")
    open("/data/beat", "a").write(a.recv(1).decode())
    time.sleep(0.05)
'
	start_detached t-1
	wait_until 5 test -e "$T/data/ready"
	run kedge --debug checkpoint --image-path "$T/images" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"network lock: as CRIU does it: there are TCP connections"* ]]
	before=$(stat -c %s "$T/data/beat")
	beats() { [ "$(stat -c %s "$T/data/beat")" -gt $((before + 3)) ]; }
	wait_until 5 beats
}

@test "the network namespace of others is left to CRIU" {
	ip netns add t-net
	config '(.linux.namespaces[] | select(.type == "network")).path = "/run/netns/t-net"'
	start_detached t-1
	dump
	done_by_criu "network lock" "the network namespace isn't the container's own"
	done_by_criu "network namespace" "the network namespace isn't the container's own"
	restore_detached t-1 "$T/images"
	[ "$(status_of t-1)" = running ]
	kedge delete --force t-1
	ip netns del t-net
}

@test "--network-lock and --tcp-established say how, and the rest is left out still" {
	start_detached t-1
	never_locked
	dump --leave-running --network-lock iptables
	done_by_criu "network lock" "--network-lock says how"
	was_locked
	left_out "network namespace"
	# those rules of CRIU's have made tables
	dump --leave-running --tcp-established
	done_by_criu "network lock" "--tcp-established"
}

@test "a process of kedge exec is stopped with the freezer" {
	start_detached t-1
	kedge exec -d t-1 sleep 1000
	dump --leave-running
	done_by_criu freezer "processes of"
	left_out "network lock"
	file_has "$T/images/dump.log" "freezing cgroup"
}

@test "a paused container is dumped paused and comes back running" {
	start_detached t-1
	kedge pause t-1
	dump --leave-running
	done_by_criu freezer "the container is paused"
	[ "$(status_of t-1)" = paused ]
	rm -rf "$T/images"
	dump
	restore_detached t-1 "$T/images"
	wait_until 5 is_running t-1
}

@test "processes that come and go all the time are caught ten times out of ten" {
	script 'for i in 1 2 3 4 5 6 7 8; do (while :; do (true); /bin/true; done) & done; while :; do (true) & wait $!; done'
	start_detached t-1
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		dump --leave-running
		rm -rf "$T/images"
	done
	dump
	restore_detached t-1 "$T/images"
	[ "$(status_of t-1)" = running ]
}

@test "what changes between the look and the stop is seen, and it comes back" {
	# a CRIU that has to find out first what the kernel can do takes its time
	rm -f /run/criu.kdat
	cat >"$T/criu" <<-END
		#!/bin/sh
		if [ ! -e $T/changed ]; then
			(until [ -e $T/images/dump.log ]; do :; done
			kill -STOP \$\$
			touch $T/changed
			nsenter --net=/proc/\$(cat $T/pid)/ns/net ip addr add 10.9.8.7/32 dev lo
			kill -CONT \$\$) >/dev/null 2>&1 &
		fi
		exec criu "\$@"
	END
	chmod +x "$T/criu"
	start_detached t-1
	pid_of t-1 >"$T/pid"
	KEDGE_CRIU=$T/criu dump
	file_has "$T/said" "once more, without shortcuts: its network was changed"
	restore_detached t-1 "$T/images"
	in_net ip addr | grep -q 10.9.8.7
}

@test "plain criu restores images without the network namespace, and lo is up" {
	config 'del(.linux.maskedPaths, .linux.readonlyPaths) | .mounts |= map(select(.type != "cgroup"))'
	start_detached t-1
	dump
	left_out "network namespace"
	mount --bind "$B/rootfs" "$B/rootfs"
	criu restore -D "$T/images" -d -o log --root "$B/rootfs" --manage-cgroups=ignore \
		--pidfile "$T/pid" --external "mnt[/data]:$T/data" </dev/null >/dev/null 2>&1 ||
		grep Error "$T/images/log"
	umount "$B/rootfs"
	nsenter --net="/proc/$(cat "$T/pid")/ns/net" ip addr >"$T/addresses"
	kill -KILL "$(cat "$T/pid")"
	file_has "$T/addresses" 'lo: <LOOPBACK,UP,LOWER_UP>'
	file_has "$T/addresses" 'inet 127.0.0.1/8'
	file_has "$T/addresses" 'inet6 ::1/128'
}

# what is in a tmpfs: kinds, modes, owners, devices, link targets, times; without what is mounted in it
tree() { kedge exec t-1 sh -c "cd $1 && find . -xdev ! -name pts ! -name shm ! -name mqueue -exec stat -c '%n %F %a %u %g %t %T %Y %N' {} + | sort"; }

@test "/dev and a tmpfs of links, fifos and devices come back the same, and any tar reads their images" {
	config '.mounts += [{destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ["mode=1750"]}] |
		.process.capabilities |= map_values(. + ["CAP_MKNOD", "CAP_CHOWN"]) |
		.linux.resources.devices = [{allow: true, access: "rwm"}]'
	for applet in find sort mkfifo mknod chown; do
		ln -sf busybox "$B/rootfs/bin/$applet"
	done
	start_detached t-1
	kedge exec t-1 sh -c 'cd /mnt; mkdir -p a/b; chmod 1511 a/b; mkfifo a/f; ln -s ../nowhere a/l
		mknod d c 1 7; chmod 4710 d; chown 1000:1001 d; touch -d @1000 a/f a'
	tree /dev >"$T/before"
	tree /mnt >>"$T/before"
	dump
	for image in "$T"/images/tmpfs-dev-*; do
		tar -tzf "$image" >>"$T/listed"
	done
	restore_detached t-1 "$T/images"
	[ ! -e /run/kedge/t-1/tools ]
	tree /dev >"$T/after"
	tree /mnt >>"$T/after"
	diff "$T/before" "$T/after"
	[ "$(wc -l <"$T/before")" -gt 15 ]
	file_has "$T/listed" '^./a/f$'
}

@test "files in a tmpfs come back by the host's tar" {
	start_detached t-1
	kedge exec t-1 sh -c 'cd /dev/shm; echo text >f; ln f g; dd if=/dev/zero of=big bs=1k count=300 2>/dev/null'
	dump
	restore_detached t-1 "$T/images"
	[ "$(kedge exec t-1 cat /dev/shm/g)" = text ]
	[ "$(kedge exec t-1 stat -c '%h %s' /dev/shm/g)" = "2 5" ]
	[ "$(kedge exec t-1 stat -c %s /dev/shm/big)" = 307200 ]
}

@test "where CRIU can't have our tar it takes the host's" {
	# in a user namespace nothing of kedge's process may be opened
	config '.mounts |= map(select(.type != "cgroup")) | .linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = .linux.uidMappings'
	chown -R 100000:100000 "$B/rootfs" "$T/data"
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/test "$T" "$B"
	start_detached t-1
	dump
	restore_detached t-1 "$T/images"
	[ "$(status_of t-1)" = running ]
	kedge exec t-1 test -c /dev/null
}
