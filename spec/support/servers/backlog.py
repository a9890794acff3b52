"""A listener whose backlog is full: connections to it are neither taken nor refused.
Prints {"port": n}; runs until SIGTERM."""

import json
import signal
import socket

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(0)
address = listener.getsockname()
waiting = []
for _ in range(4):  # more than the kernel keeps
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(address)
    waiting.append(client)
print(json.dumps({"port": address[1]}), flush=True)
signal.sigwait({signal.SIGTERM})
