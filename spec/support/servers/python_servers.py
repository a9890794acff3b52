"""The Python servers of one process of specs, in one process: it starts once.

Prints {"port": n}. Each connection to that port is a server: it carries one line, a JSON
object {"server": "raw" | "h2", "scenario": see that server's file}, and then the lines that
the server prints. The server ends if the specs end their half of the connection. The other
half ends when nothing of the server listens any more.
"""

import ctypes
import json
import signal
import socket
import threading
import weakref

import h2_server
import raw_server

SERVERS = {"h2": h2_server.main, "raw": raw_server.main}
PR_SET_PDEATHSIG = 1


def in_thread(function, *arguments):
    threading.Thread(target=function, args=arguments, daemon=True).start()


def shut(opened):
    try:
        # Not SSLSocket's own shutdown, which changes what another thread uses.
        socket.socket.shutdown(opened, socket.SHUT_RDWR)
    except OSError:
        pass  # closed, or never connected


class Server:
    def __init__(self, control):
        self.control, self.lock, self.ended = control, threading.Lock(), False
        self.opened = weakref.WeakSet()  # a socket is closed when nothing else holds it

    def report(self, value):
        """Prints a line. Nothing is printed after the end."""
        with self.lock:
            if not self.ended:
                self.control.sendall((json.dumps(value) + "\n").encode())

    def keep(self, opened):
        """A socket that is to be shut at the end."""
        with self.lock:
            self.opened.add(opened)
            if self.ended:
                shut(opened)

    def wrap(self, context, connection):
        """The connection with TLS."""
        stream = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self.keep(stream)
        stream.do_handshake()
        return stream

    def listen(self, port, serve, scripts, *arguments):
        """Calls serve(self, connection, script, *arguments) in a thread for each connection.
        The last script is for all further connections. Returns the port."""
        listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.keep(listener)
        in_thread(self.accept_for_ever, listener, serve, scripts, arguments)
        return listener.getsockname()[1]

    def accept_for_ever(self, listener, serve, scripts, arguments):
        count = 0
        while not self.ended:
            try:
                connection, _ = listener.accept()
            except OSError:
                break  # shut
            # Else the second of two answers may wait here for the next request's ACK.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.keep(connection)
            in_thread(serve, self, connection, scripts[min(count, len(scripts) - 1)], *arguments)
            count += 1
        listener.close()

    def run(self):
        order = json.loads(self.control.makefile("rb").readline())
        SERVERS[order["server"]](self, order["scenario"])
        self.control.recv(1)
        with self.lock:
            self.ended = True
            for opened in self.opened:
                shut(opened)
        self.control.close()


def main():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)  # end with the specs
    listener = socket.create_server(("127.0.0.1", 0))
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    while True:
        control, _ = listener.accept()
        # Else a line may wait for the acknowledgement of the line before.
        control.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        in_thread(Server(control).run)


main()
