"""What a relay written by hand does: psycopg2's replication cursor, each row into a message, the broker's word awaited.

To Kafka confluent-kafka's producer, idempotent; to RabbitMQ pika with confirms; to Redis redis-py, in pipelines of 500; to NATS
nats-py's asynchronous publishing to JetStream. All have many messages on their way. Confirms a position when all before it is
stored. Ends at the commit behind the last row; with 0 rows, when it is told to.
"""

import asyncio
import collections
import struct
import sys
import time

import psycopg2
import psycopg2.extras


def columns(payload):
    """The columns of an insertion."""
    count, at, found = struct.unpack_from("!H", payload, 6)[0], 8, []
    for _ in range(count):
        kind = payload[at:at + 1]
        at += 1
        if kind == b"t":
            size = struct.unpack_from("!I", payload, at)[0]
            found.append(payload[at + 4:at + 4 + size])
            at += 4 + size
        else:
            found.append(None)
    return found


class Kafka:
    """confluent-kafka."""

    def __init__(self, port, cursor, consume):
        from confluent_kafka import Producer

        self.cursor, self.consume = cursor, consume
        self.producer = Producer({
            "bootstrap.servers": f"127.0.0.1:{port}", "enable.idempotence": True, "acks": "all", "partitioner": "murmur2_random",
            "allow.auto.create.topics": False})
        self.stored = 0

    def report(self, error, message):
        if error:
            raise SystemExit(f"not stored: {error}")
        self.stored += 1

    def send(self, id_, kind, key, name, payload):
        headers = [("ce_specversion", b"1.0"), ("ce_id", id_), ("ce_source", b"/shop"), ("ce_type", name), ("ce_subject", key),
                   ("content-type", b"application/json")]
        while True:
            try:
                self.producer.produce(f"outbox.event.{kind.decode()}", payload, key, on_delivery=self.report, headers=headers)
                return
            except BufferError:
                self.producer.poll(0.1)

    def poll(self):
        self.producer.poll(0)

    def run(self):
        try:
            self.cursor.consume_stream(self.consume)
        except psycopg2.extras.StopReplication:
            self.producer.flush()


class RabbitMQ:
    """pika. Publishes without waiting; confirms come in between."""

    MOST = 2000  # that are on their way

    def __init__(self, port, cursor, consume):
        import pika

        self.pika, self.cursor, self.consume = pika, cursor, consume
        self.stored, self.sent, self.is_full = 0, 0, False
        self.connection = pika.SelectConnection(
            pika.ConnectionParameters("127.0.0.1", port), on_open_callback=lambda it: it.channel(on_open_callback=self.open))

    def open(self, channel):
        self.channel = channel
        channel.confirm_delivery(self.report, callback=lambda _: self.connection.ioloop.add_handler(
            self.cursor.fileno(), lambda *_: self.read(), self.connection.ioloop.READ))
        channel.add_on_return_callback(lambda *_: sys.exit("returned"))

    def report(self, frame):
        if not isinstance(frame.method, self.pika.spec.Basic.Ack):
            sys.exit("not stored")
        tag = frame.method.delivery_tag
        # Those of a quorum queue come in order, mostly several at once.
        self.stored += tag - self.stored if frame.method.multiple else 1
        if self.is_full:
            self.read()

    def read(self):
        while True:
            self.is_full = self.sent - self.stored >= self.MOST
            message = None if self.is_full else self.cursor.read_message()
            if message is None:
                return
            try:
                self.consume(message)
            except psycopg2.extras.StopReplication:
                # When the last is stored, all is done.
                self.connection.ioloop.remove_handler(self.cursor.fileno())
                self.await_last()
                return

    def await_last(self):
        if self.stored < self.sent:
            self.connection.ioloop.call_later(0.005, self.await_last)
        else:
            self.connection.ioloop.stop()

    def send(self, id_, kind, key, name, payload):
        key, name, id_ = key.decode(), name.decode(), id_.decode()
        properties = self.pika.BasicProperties(
            content_type="application/json", delivery_mode=2, message_id=id_,
            headers={"ce-specversion": "1.0", "ce-id": id_, "ce-source": "/shop", "ce-type": name, "ce-subject": key})
        self.channel.basic_publish("events", f"{kind.decode()}.{name}", payload, properties, mandatory=True)
        self.sent += 1

    def poll(self):
        pass

    def run(self):
        self.connection.ioloop.start()


class Redis:
    """redis-py. A pipeline's answers are awaited before the next one: its entries have the server's ids."""

    MOST = 500

    def __init__(self, port, cursor, consume):
        import redis

        self.cursor, self.consume = cursor, consume
        self.pipeline = redis.Redis(port=port).pipeline(transaction=False)
        self.stored, self.sent, self.last = 0, 0, time.monotonic()

    def send(self, id_, kind, key, name, payload):
        self.pipeline.xadd(b"outbox.event." + kind, {
            b"ce-specversion": b"1.0", b"ce-id": id_, b"ce-source": b"/shop", b"ce-type": name, b"ce-subject": key,
            b"ce-partitionkey": key, b"content-type": b"application/json", b"data": payload})
        self.sent += 1
        if self.sent - self.stored >= self.MOST:
            self.flush()

    def flush(self):
        self.pipeline.execute()
        self.stored, self.last = self.sent, time.monotonic()

    def poll(self):
        if self.sent > self.stored and time.monotonic() - self.last > 0.005:
            self.flush()

    def run(self):
        try:
            self.cursor.consume_stream(self.consume)
        except psycopg2.extras.StopReplication:
            self.flush()


class NATS:
    """nats-py. As many messages are on their way as its JetStream has by itself; acknowledgements come in between."""

    MOST = 500  # that are read before they are sent

    def __init__(self, port, cursor, consume):
        self.port, self.cursor, self.consume = port, cursor, consume
        self.stored, self.sent, self.rows = 0, 0, []

    def send(self, id_, kind, key, name, payload):
        key, id_ = key.decode(), id_.decode()
        self.rows.append((f"outbox.event.{kind.decode()}.{key}", payload, {
            "Nats-Msg-Id": id_, "ce-specversion": "1.0", "ce-id": id_, "ce-source": "/shop", "ce-type": name.decode(),
            "ce-subject": key, "ce-partitionkey": key, "ce-datacontenttype": "application/json"}))
        self.sent += 1

    def poll(self):
        pass

    def report(self, future):
        if future.exception():
            sys.exit(f"not stored: {future.exception()}")
        self.stored += 1

    async def flush(self, stream):
        rows, self.rows = self.rows, []
        for subject, payload, headers in rows:
            (await stream.publish_async(subject, payload, headers=headers)).add_done_callback(self.report)

    async def publish(self):
        import nats

        client, readable = await nats.connect(f"nats://127.0.0.1:{self.port}"), asyncio.Event()
        stream = client.jetstream()
        asyncio.get_running_loop().add_reader(self.cursor.fileno(), readable.set)
        try:
            while True:
                message = self.cursor.read_message()
                if message:
                    self.consume(message)
                if self.rows and (message is None or len(self.rows) >= self.MOST):
                    await self.flush(stream)
                elif message is None:
                    readable.clear()
                    await readable.wait()
        except psycopg2.extras.StopReplication:
            await self.flush(stream)
            await stream.publish_async_completed()
            # The last callbacks.
            await asyncio.sleep(0)
        await client.close()

    def run(self):
        asyncio.run(self.publish())


def main():
    dsn, slot, publication, rows, kind, port = sys.argv[1:]
    connection = psycopg2.connect(dsn, connection_factory=psycopg2.extras.LogicalReplicationConnection)
    cursor = connection.cursor()
    cursor.start_replication(slot_name=slot, options={"proto_version": "1", "publication_names": publication})
    rows, sent, ends = int(rows), 0, collections.deque()

    def consume(message):
        nonlocal sent
        tag = message.payload[:1]
        if tag == b"I":
            id_, kind, key, name, payload = columns(message.payload)[:5]
            broker.send(id_, kind, key, name, payload)
            sent += 1
        elif tag == b"C":
            ends.append((sent, message.data_start))
            broker.poll()
            end = None
            while ends and ends[0][0] <= broker.stored:
                end = ends.popleft()[1]
            if end:
                message.cursor.send_feedback(write_lsn=end, flush_lsn=end)
            if sent == rows:
                raise psycopg2.extras.StopReplication

    broker = {"kafka": Kafka, "rabbitmq": RabbitMQ, "redis": Redis, "nats": NATS}[kind](int(port), cursor, consume)
    try:
        broker.run()
    except KeyboardInterrupt:
        pass
    sys.exit(rows and broker.stored != rows)


if __name__ == "__main__":
    main()
