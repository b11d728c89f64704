# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# terminal.bash - commands on a terminal of their own, as if somebody sat there

# on_terminal ROWS COLUMNS TYPED COMMAND...: run it on a new terminal of that size; TYPED is typed once
# "ready" has been shown. Shows what comes, without carriage returns; its exit status is the command's.
# THEN=WORD=TYPED in the environment: that is typed later, once WORD has been shown.
on_terminal() {
	timeout -k 5 60 python3 - "$@" <<-'END'
		import fcntl, os, struct, sys
		TIOCSWINSZ = 0x5414 # python3-minimal has no termios
		rows, columns = int(sys.argv[1]), int(sys.argv[2])
		to_type = [("ready", sys.argv[3])]
		if "THEN" in os.environ:
		    to_type.append(os.environ["THEN"].split("=", 1))
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
		    if to_type and to_type[0][0].encode() in shown:
		        os.write(master, to_type.pop(0)[1].encode())
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
}
