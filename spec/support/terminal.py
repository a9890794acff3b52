"""Runs a command on a terminal of its own: terminal.py PROMPT ANSWER COMMAND...

Types ANSWER once PROMPT was shown; "^C" is Ctrl-C. Prints what the terminal showed, and
ends with the command's exit status.
"""
import os
import pty
import sys

prompt, answer, command = sys.argv[1].encode(), sys.argv[2].encode(), sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
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
