"""Answers as SQS does, and keeps nothing but how many messages it was given: moto would take longer than whoever sends.

usage: queue_server.py PORT
"""

import asyncio
import hashlib
import json
import sys


class Connection(asyncio.Protocol):
    count = 0

    def connection_made(self, transport):
        self.transport, self.buffer = transport, b""

    def data_received(self, data):
        self.buffer += data
        while True:
            head, mark, rest = self.buffer.partition(b"\r\n\r\n")
            if not mark:
                return
            fields = {name.lower(): value.strip() for name, _, value in (
                line.partition(b":") for line in head.split(b"\r\n")[1:])}
            length = int(fields.get(b"content-length", 0))
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            self.answer(head, fields.get(b"x-amz-target", b"").rpartition(b".")[2], rest[:length])

    def answer(self, head, action, body):
        if head.startswith(b"GET /count"):
            answer = str(Connection.count).encode()
        elif head.startswith(b"GET /empty"):
            Connection.count, answer = 0, b""
        elif action == b"SendMessageBatch":
            entries = json.loads(body)["Entries"]
            Connection.count += len(entries)
            answer = json.dumps({"Successful": [
                {"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": hashlib.md5(entry["MessageBody"].encode()).hexdigest()}
                for entry in entries]}).encode()
        else:
            answer = b'{"Attributes":{"MaximumMessageSize":"1048576"}}'
        self.transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: %d\r\n\r\n%b" % (len(answer), answer))


async def main():
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
