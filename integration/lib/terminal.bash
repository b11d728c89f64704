# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# terminal.bash - commands on a terminal of their own, as if somebody sat there

# on_terminal ROWS COLUMNS TYPED COMMAND...: run it on a new terminal of that size; TYPED is typed once
# "ready" has been shown. Shows what comes, without carriage returns; its exit status is the command's.
on_terminal() {
	timeout -k 5 60 python3 - "$@" <<-'END'
		import fcntl, os, struct, sys
		TIOCSWINSZ = 0x5414 # python3-minimal has no termios
		rows, columns, typed = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
		master, slave = os.openpty()
		fcntl.ioctl(master, TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
		pid = os.fork()
		if pid == 0:
		    os.login_tty(slave)
		    os.execvp(sys.argv[4], sys.argv[4:])
		os.close(slave)
		shown = b""
		while True:
		    try:
		        piece = os.read(master, 4096)
		    except OSError:
		        break
		    if not piece:
		        break
		    shown += piece
		    os.write(1, piece.replace(b"\r", b""))
		    if b"ready" in shown and typed:
		        os.write(master, typed.encode())
		        typed = ""
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
}
