# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# gate.bash - stop something in the middle, so that what is to be tested then can be done then
#
# A gate is a directory with a program, $T/gate/stop. Whoever runs it first stops there until the test
# opens the gate; who comes later passes. It can be a hook of config.json, a logger of `ctr --log-uri`, or an
# action script of CRIU's. To be loaded after common.

GATE_SECONDS=30

# gate_make: before whoever is to run it
gate_make() {
	GATE=$T/gate
	mkdir "$GATE"
	mkfifo "$GATE/reached" "$GATE/go"
	cat >"$GATE/stop" <<-END
		#!/bin/sh
		rm "$GATE/closed" 2>/dev/null || exit 0
		echo here >"$GATE/reached"
		exec cat "$GATE/go"
	END
	# a logger is ready when its fd 5 is closed; then it keeps what it is told
	cat >"$GATE/logger" <<-END
		#!/bin/sh
		"$GATE/stop"
		exec 5>&-
		cat >>"$GATE/log" <&3
	END
	chmod +x "$GATE/stop" "$GATE/logger"
}

# gate_close: the next one stops
gate_close() { : >"$GATE/closed"; }

# gate_reached: wait until somebody has stopped there
gate_reached() {
	timeout "$GATE_SECONDS" cat "$GATE/reached" >/dev/null || {
		echo "nobody came to the gate"
		cat "$T/said"
		return 1
	}
}

# gate_open: let it go on. Harmless if it has been killed at the gate, or never came.
gate_open() {
	rm -f "$GATE/closed"
	timeout 1 sh -c ": >'$GATE/go'" || true
}

# gate_hook KIND [REST]: config.json gets a hook of that kind which stops at the gate
gate_hook() {
	# shellcheck disable=SC2016
	config --arg kind "$1" --arg stop "$GATE/stop" '.hooks[$kind] += [{path: $stop}]'
}

# gate_criu ACTION: CRIU stops when it runs its action scripts for that (post-dump, post-restore, ...), which
# is after kedge was notified. By the configuration of the whole host, until gate_end.
gate_criu() {
	mkdir -p /etc/criu
	cat >"$GATE/criu" <<-END
		#!/bin/sh
		[ "\$CRTOOLS_SCRIPT_ACTION" != "$1" ] || exec "$GATE/stop"
	END
	chmod +x "$GATE/criu"
	echo "action-script $GATE/criu" >/etc/criu/default.conf
}

# gate_end: in teardown
gate_end() {
	gate_open
	rm -f /etc/criu/default.conf
}
