"""A TLS server that sends exactly the bytes it is told to.

A server of python_servers.py. Its scenario is an object:
  cert, key    PEM files; without them it speaks plain TCP
  tls_1_1      true: speak TLS 1.1 alone
  port         to listen on; default: any
  connections  a list of scripts, one for each connection in order of arrival; the
               last one serves all further connections. A script is a list of
               steps: ["read"] one whole request, ["send", text as Latin-1],
               ["repeat", text, count], ["wait", seconds], ["tell"] (report what
               came so far, at once), then one of
               ["fin"] (orderly, with close_notify), ["cut"] (FIN without it),
               ["rst"], ["hold"] (until the peer goes away)

Prints {"port": n, "other": n} and then, for each connection that ended, a line
{"on": "port" | "other", "received": text}. `other` is a second plain listener that
nobody should ever speak to.
"""

import socket
import ssl
import struct
import threading


def read_request(stream, received):
    """One request: its head, and the body that its content-length announces."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = stream.recv(65536)
        if not chunk:
            return
        data += chunk
        received.append(chunk)
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        chunk = stream.recv(65536)
        if not chunk:
            return
        body += chunk
        received.append(chunk)


def hold(stream, received):
    while True:
        chunk = stream.recv(65536)
        if not chunk:
            return
        received.append(chunk)


def say_goodbye(stream):
    """Send close_notify, and do not wait for the peer's."""
    stream.setblocking(False)
    try:
        stream.unwrap()
    except (AttributeError, ssl.SSLWantReadError):
        pass  # plain TCP; the peer's has not come
    stream.setblocking(True)


def play(server, stream, script, received):
    for step in script:
        if step[0] == "read":
            read_request(stream, received)
        elif step[0] == "send":
            stream.sendall(step[1].encode("latin-1"))
        elif step[0] == "repeat":
            for _ in range(step[2]):
                stream.sendall(step[1].encode("latin-1"))
        elif step[0] == "wait":
            threading.Event().wait(step[1])
        elif step[0] == "tell":
            server.report({"on": "port", "received": b"".join(received).decode("latin-1")})
        elif step[0] == "hold":
            hold(stream, received)
        elif step[0] == "fin":
            say_goodbye(stream)
            stream.shutdown(socket.SHUT_WR)
        elif step[0] == "cut":
            stream.shutdown(socket.SHUT_WR)
        elif step[0] == "rst":
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            socket.socket(fileno=stream.detach()).close()


def serve(server, connection, script, where, context):
    received, stream = [], connection
    try:
        if context:
            stream = server.wrap(context, connection)
        play(server, stream, script, received)
    except (OSError, ssl.SSLError, ValueError):
        pass  # the peer went away: what it sent is the point
    server.report({"on": where, "received": b"".join(received).decode("latin-1")})
    try:
        hold(stream, [])  # closing with unread bytes would turn a FIN into an RST
    except (OSError, ssl.SSLError, ValueError):
        pass
    stream.close()


def main(server, scenario):
    context = None
    if scenario.get("cert"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(scenario["cert"], scenario["key"])
        if scenario.get("tls_1_1"):
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1_1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
    port = server.listen(scenario.get("port", 0), serve, scenario["connections"], "port", context)
    other = server.listen(0, serve, [[["hold"]]], "other", None)
    server.report({"port": port, "other": other})
