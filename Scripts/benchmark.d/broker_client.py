"""What a relay written by hand does: psycopg2's replication cursor, each row into a message, the broker's word awaited.

To Kafka confluent-kafka's producer, idempotent, which pipelines; to RabbitMQ pika's blocking channel with confirms, which awaits
each. Confirms a position when all before it is stored. Ends at the commit behind the last row; with 0 rows, when it is told to.
"""

import collections
import struct
import sys

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

    def __init__(self, port):
        from confluent_kafka import Producer

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

    def finish(self):
        self.producer.flush()


class RabbitMQ:
    """pika."""

    def __init__(self, port):
        import pika

        self.pika = pika
        self.connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", port))
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()
        self.stored = 0

    def send(self, id_, kind, key, name, payload):
        key, name, id_ = key.decode(), name.decode(), id_.decode()
        properties = self.pika.BasicProperties(
            content_type="application/json", delivery_mode=2, message_id=id_,
            headers={"ce-specversion": "1.0", "ce-id": id_, "ce-source": "/shop", "ce-type": name, "ce-subject": key})
        self.channel.basic_publish("events", f"{kind.decode()}.{name}", payload, properties, mandatory=True)
        self.stored += 1

    def poll(self):
        pass

    def finish(self):
        self.connection.close()


def main():
    dsn, slot, publication, rows, kind, port = sys.argv[1:]
    broker = {"kafka": Kafka, "rabbitmq": RabbitMQ}[kind](int(port))
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

    try:
        cursor.consume_stream(consume)
    except (psycopg2.extras.StopReplication, KeyboardInterrupt):
        pass
    broker.finish()
    sys.exit(rows and broker.stored != rows)


if __name__ == "__main__":
    main()
