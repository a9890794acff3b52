"""Runs a command on a terminal of its own: terminal.py PROMPT ANSWER COMMAND...

Types ANSWER once PROMPT was shown; "^C" is Ctrl-C. What TERMINAL_AHEAD holds is typed before the
command begins. The terminal is TERMINAL_COLUMNS wide, or 80. Prints what the terminal showed, and
ends with the command's exit status.
"""
import fcntl
import os
import pty
import struct
import sys
import termios

prompt, answer, command = sys.argv[1].encode(), sys.argv[2].encode(), sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    os.read(0, 1)  # until the terminal is as it should be
    os.execvp(command[0], command)
columns = int(os.environ.get("TERMINAL_COLUMNS", 80))
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
os.write(terminal, b"\n" + os.environ.get("TERMINAL_AHEAD", "").encode())
shown, typed = b"", False
while True:
    try:
        chunk = os.read(terminal, 4096)
    except OSError:  # the command has ended
        break
    if not chunk:
        break
    shown += chunk
    if not typed and prompt in shown:
        os.write(terminal, b"\x03" if answer == b"^C" else answer + b"\n")
        typed = True
sys.stdout.buffer.write(shown)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) % 256)
