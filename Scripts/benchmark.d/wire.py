"""As much of the replication protocol as a client needs that looks at nothing it is sent."""

import socket
import struct


def start(port, database, slot, publication, streaming=False):
    """Connects, starts replication from the slot's position and gives the socket: from now on there is only data.

    With streaming, large transactions come while they are decoded, not when they end.
    """
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    words = ["user", "postgres", "database", database, "replication", "database"]
    body = struct.pack("!I", 196608) + b"".join(word.encode() + b"\0" for word in words) + b"\0"
    connection.sendall(struct.pack("!I", len(body) + 4) + body)
    _read_until(connection, b"Z")
    protocol = "proto_version '2', streaming 'on'" if streaming else "proto_version '1'"
    command = (f"START_REPLICATION SLOT \"{slot}\" LOGICAL 0/0 "
               f"({protocol}, publication_names '\"{publication}\"')").encode() + b"\0"
    connection.sendall(b"Q" + struct.pack("!I", len(command) + 4) + command)
    _read_until(connection, b"W")
    return connection


def _read_until(connection, wanted):
    while True:
        kind, length = struct.unpack("!cI", _exactly(connection, 5))
        body = _exactly(connection, length - 4)
        if kind == b"E":
            raise RuntimeError(body.decode(errors="replace").replace("\0", " "))
        if kind == wanted:
            return


def _exactly(connection, count):
    piece = b""
    while len(piece) < count:
        more = connection.recv(count - len(piece))
        if not more:
            raise RuntimeError("the server closed the connection")
        piece += more
    return piece


def send_status(connection):
    """Keeps the server from giving up on us, and confirms nothing: a zero position is none."""
    connection.sendall(struct.pack("!cIcQQQqB", b"d", 38, b"r", 0, 0, 0, 0, 0))


def end(connection):
    """Ends the copy in an orderly way."""
    try:
        connection.sendall(struct.pack("!cIcI", b"c", 4, b"X", 4))
    except OSError:
        pass
    connection.close()
