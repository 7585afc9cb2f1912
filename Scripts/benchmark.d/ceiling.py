"""The most that any client can get: a bare socket that decodes nothing and reads at the cadence the server likes best.

A walsender sends each message by itself, and each wakes a client that waits for it, which costs both of them. After a
short read, one that did not fill the buffer, a pause lets the socket fill; after a full one the next follows at once.
Prints the seconds from connecting to the last row, and the processor time they took.
"""

import json
import resource
import socket
import sys
import time

import wire

BUFFER = 16384


def drain(port, database, slot, publication, last, pause, streaming):
    """Reads until the last row's id has arrived."""
    buffer = bytearray(BUFFER)
    view = memoryview(buffer)
    before = b""
    connection = wire.start(port, database, slot, publication, streaming)
    status_at = time.monotonic() + 5
    while True:
        count = connection.recv_into(buffer)
        if not count:
            raise RuntimeError("the server closed the connection")
        # The id may lie across two reads.
        if buffer.find(last, 0, count) >= 0 or last in before + bytes(view[:len(last)]):
            break
        before = (before + bytes(view[max(0, count - len(last)):count]))[-len(last):]
        now = time.monotonic()
        if now >= status_at:
            wire.send_status(connection)
            status_at = now + 5
        if count < BUFFER:
            time.sleep(pause)
    wire.end(connection)


def main():
    port, database, slot, publication, last, microseconds, streaming = sys.argv[1:]
    socket.setdefaulttimeout(120)
    began, used = time.monotonic(), _processor_time()
    drain(int(port), database, slot, publication, last.encode(), int(microseconds) / 1e6, streaming == "on")
    print(json.dumps({"seconds": time.monotonic() - began, "cpu": _processor_time() - used}))


def _processor_time():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
