"""An HTTP/2 server over TLS that misbehaves frame by frame, as it is told to.

A server of python_servers.py. Its scenario is an object:
  cert, key    PEM files
  connections  a list, one entry for each connection in order of arrival; the last
               serves all further ones. An entry is a list of scripts, one for each
               request in order; the last serves all further ones. A script is a list
               of steps: ["headers", status, {name: value}, end], ["data", text, end],
               ["rst", error code], ["goaway", last stream, error code],
               ["wait", seconds], ["fin"] (FIN at once, streams open)

Prints {"port": n}, then for each request {"received": its headers as text}.
"""

import socket
import ssl
import time

import h2.config
import h2.connection
import h2.events
from hyperframe.frame import DataFrame, GoAwayFrame, RstStreamFrame


def step_frames(connection, stream, step):
    """The bytes of one step. Frames that a correct peer would not send are raw."""
    if step[0] == "headers":
        headers = [(":status", str(step[1]))] + sorted(step[2].items())
        connection.send_headers(stream, headers, end_stream=step[3])
        return connection.data_to_send()
    if step[0] == "data":
        frame = DataFrame(stream, step[1].encode("latin-1"))
        if step[2]:
            frame.flags.add("END_STREAM")
        return frame.serialize()
    if step[0] == "rst":
        return RstStreamFrame(stream, error_code=step[1]).serialize()
    if step[0] == "goaway":
        return GoAwayFrame(0, last_stream_id=step[1], error_code=step[2]).serialize()
    raise ValueError(step[0])


def play(stream_socket, connection, stream, script):
    """False: the connection is to end."""
    for step in script:
        if step[0] == "wait":
            time.sleep(step[1])
        elif step[0] == "fin":
            return False
        else:
            stream_socket.sendall(step_frames(connection, stream, step))
    return True


def serve(server, raw_socket, scripts, context):
    try:
        stream_socket = server.wrap(context, raw_socket)
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        connection = h2.connection.H2Connection(config)
        connection.initiate_connection()
        stream_socket.sendall(connection.data_to_send())
        converse(server, stream_socket, connection, scripts)
        stream_socket.shutdown(socket.SHUT_WR)
        while raw_socket_open(stream_socket):
            pass
    except (OSError, ssl.SSLError, ValueError):
        pass  # the peer went away


def raw_socket_open(stream_socket):
    return bool(stream_socket.recv(65536))


def converse(server, stream_socket, connection, scripts):
    requests = 0
    while True:
        data = stream_socket.recv(65536)
        if not data:
            return
        for event in connection.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                server.report({"received": "\r\n".join(": ".join(pair) for pair in event.headers)})
            elif isinstance(event, h2.events.StreamEnded):
                script = scripts[min(requests, len(scripts) - 1)]
                requests += 1
                stream_socket.sendall(connection.data_to_send())
                if not play(stream_socket, connection, event.stream_id, script):
                    return
        stream_socket.sendall(connection.data_to_send())


def main(server, scenario):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(scenario["cert"], scenario["key"])
    context.set_alpn_protocols(["h2"])
    server.report({"port": server.listen(0, serve, scenario["connections"], context)})
