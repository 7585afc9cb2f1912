"""An HTTP receiver of events that misbehaves for a while when told to."""

import asyncio
import email.utils
import json
import random
import threading
import time

from deliveries import Delivery

# What can become of a request. Those of the second line are delivered although the sender cannot know it.
REFUSALS = ["500", "503 seconds", "503 date", "429", "408", "502", "hang", "reset", "half-closed", "garbage"]
# These speak of the receiver, not of the event: no dead letter may come of them.
MISDIRECTED = ["302", "401", "403", "404", "405"]
# Delivered, and the answer says so, in its own way.
ODD_ANSWERS = ["drips words", "drips head", "bare line feeds", "length twice", "no length"]
LOST_ANSWERS = ["answer lost", "answer late", "answer cut", "answer too late"]


class Receiver:
    """Takes events in all three modes and keeps them in the order of their arrival."""

    def __init__(self, record, seed, refuses):
        self.record = record
        self.refuses = refuses
        self.random = random.Random(seed)
        self.troubles = []
        self.trouble_share = 0.0
        self.trouble_until = 0.0
        self.stalled_until = 0.0
        self.token = None
        self.wrong = []
        self.port = 0
        self.server = None
        self.connections = set()
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(ready,), name="receiver", daemon=True)
        self.thread.start()
        if not ready.wait(10):
            raise RuntimeError("the receiver does not start")

    def _run(self, ready):
        asyncio.set_event_loop(self.loop)
        self.loop.set_exception_handler(lambda loop, context: None)
        self.loop.run_until_complete(self._listen())
        ready.set()
        self.loop.run_forever()

    async def _listen(self):
        # Not a port of the kind that outgoing connections get, for it must still be free after a while.
        deadline = time.monotonic() + 5
        while True:
            port = self.port or random.randint(10000, 19999)
            try:
                self.server = await asyncio.start_server(self._serve, "127.0.0.1", port, backlog=256, limit=1 << 24)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.05)
        self.port = port

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    def trouble(self, kinds, share, seconds):
        """Misbehaves towards a share of the requests for some time."""
        self.troubles, self.trouble_share, self.trouble_until = kinds, share, time.monotonic() + seconds

    def stall(self, seconds):
        """Does nothing at all for some time."""
        self.stalled_until = time.monotonic() + seconds

    def vanish(self):
        """Closes every connection and takes no new one."""
        self._call(self._vanish())

    async def _vanish(self):
        self.server.close()
        for writer in list(self.connections):
            writer.transport.abort()

    def come_back(self):
        self._call(self._listen())

    def heal(self):
        self.trouble_until = self.stalled_until = 0.0

    def close(self):
        self._call(self._vanish())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        if not self.thread.is_alive():
            self.loop.close()

    async def _serve(self, reader, writer):
        self.connections.add(writer)
        try:
            while await self._request(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            self.connections.discard(writer)
            writer.transport.abort()

    async def _request(self, reader, writer):
        """Reads and answers one request; says whether the connection goes on."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {}
        for line in head[1:]:
            name, _, value = line.partition(":")
            if name:
                headers[name.lower()] = value.strip()
        while time.monotonic() < self.stalled_until:
            await asyncio.sleep(0.05)
        kind = None
        if time.monotonic() < self.trouble_until and self.random.random() < self.trouble_share:
            kind = self.random.choice(self.troubles)
        length = int(headers.get("content-length", 0))
        if kind == "reset" and self.random.random() < 0.5:
            return False
        body = await reader.readexactly(length)
        if self.token and headers.get("authorization") != f"Bearer {self.token}":
            kind = "401"
        if kind is None or kind in LOST_ANSWERS or kind in ODD_ANSWERS:
            deliveries = self._read(headers, body)
            if any(self.refuses(delivery.id) for delivery in deliveries):
                kind = "422"
            else:
                for delivery in deliveries:
                    self.record.add(delivery)
        return await self._answer(writer, kind)

    async def _answer(self, writer, kind):
        def send(status, *headers):
            lines = [f"HTTP/1.1 {status}", "content-length: 0", *headers]
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())

        if kind in ("reset", "answer lost"):
            return False
        if kind == "hang":
            await asyncio.sleep(20)
            return False
        if kind == "half-closed":
            writer.write_eof()
            await asyncio.sleep(3)
            return False
        if kind == "garbage":
            writer.write(b"HTTP/9 banana\r\n\r\n")
            await writer.drain()
            return False
        if kind == "answer cut":
            writer.write(b"HTTP/1.1 20")
            await writer.drain()
            return False
        if kind in ODD_ANSWERS:
            return await self._answer_oddly(writer, kind)
        if kind == "answer too late":
            await asyncio.sleep(1.5)
        if kind == "answer late":
            await asyncio.sleep(self.random.uniform(0, 0.4))
        if kind == "503 seconds":
            send("503 Service Unavailable", "retry-after: 1")
        elif kind == "503 date":
            send("503 Service Unavailable", f"retry-after: {email.utils.formatdate(time.time() + 1, usegmt=True)}")
        elif kind in ("500", "502", "429", "408", "422", *MISDIRECTED):
            send(f"{kind} Trouble")
        else:
            send("204 No Content")
        await writer.drain()
        return True

    async def _answer_oddly(self, writer, kind):
        """Says that the events are there, but not as others do."""
        head = "HTTP/1.1 200 OK\r\ncontent-length: 3000\r\n"
        if kind == "bare line feeds":
            writer.write(b"HTTP/1.1 200 OK\ncontent-length: 2\n\nok")
        elif kind == "length twice":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok")
        elif kind == "no length":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\nok")
        else:
            text = head + "\r\n" if kind == "drips words" else head
            writer.write(text.encode())
            for _ in range(100):
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)
            return False
        await writer.drain()
        return kind != "no length"

    def _read(self, headers, body):
        """The events in a request; none when it makes no sense."""
        kind = headers.get("content-type", "")
        try:
            if kind.startswith("application/cloudevents-batch+json"):
                return [Delivery.of_line(piece.encode()) for piece in elements(body.decode())]
            is_structured = kind.startswith("application/cloudevents+json")
            delivery = Delivery.of_line(body) if is_structured else binary(headers, body)
        except (ValueError, KeyError, IndexError):
            self.record.tear(body)
            return []
        key = headers.get("idempotency-key")
        if key and key != delivery.id:
            self.wrong.append(f"idempotency-key {key} for {delivery.id}")
        return [delivery]


def elements(text):
    """The texts of an array's elements."""
    json.loads(text)
    decoder, at = json.JSONDecoder(), 1
    while text[at] != "]":
        _, end = decoder.raw_decode(text, at)
        yield text[at:end]
        at = end + 1 if text[end] == "," else end


def binary(headers, body):
    """An event whose attributes are header fields. Signatures and the like belong to the request, not to the event."""
    fields = {name: value for name, value in headers.items() if name.startswith("ce-") or name == "content-type"}
    event = {name[3:]: value for name, value in fields.items() if name.startswith("ce-")}
    raw = repr(sorted(fields.items())).encode() + b"\n" + body
    return Delivery(raw, event, json.loads(body) if body else None)
