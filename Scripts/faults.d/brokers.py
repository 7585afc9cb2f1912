"""Outlets that are message brokers. What they have stored is read back by clients that are not ours."""

import asyncio
import json
import os
import threading
import time
import urllib.parse

import broker
from deliveries import Delivery, Record


def delivery(headers, body, key):
    """A record or message as an event: its attributes by their names, and what it holds. Raises ValueError when it is none."""
    if "id" not in headers:
        raise ValueError("no event")
    raw = json.dumps([sorted(headers.items()), body.decode(errors="replace") if body is not None else None]).encode()
    event = {**headers, "partitionkey": key}
    return Delivery(raw, event, json.loads(body) if body else None)


class Outlet:
    """What both have in common."""

    def __init__(self, plan, directory, *options):
        broker.clients(self.kind)
        self.mode = plan.broker_mode
        self.record = Record()
        self.broker = broker.Broker(self.kind, os.path.join(directory, "broker"), *options)
        self.environment = self.broker.environment

    def attach(self, process):
        return None

    def heal(self):
        pass

    def take(self, headers, body, key, content_type, read):
        """Keeps one, in whichever mode it came, if the SDK of CloudEvents reads it as an event too."""
        try:
            if body and read().get_extension("partitionkey") != key:
                raise ValueError("another event")
            if self.mode == "structured":
                event = json.loads(body)
                if event["partitionkey"] != key or not content_type.startswith("application/cloudevents+json"):
                    raise ValueError("no event")
                self.record.add(Delivery(body, event, event.get("data")))
            else:
                self.record.add(delivery(headers, body, key))
        except Exception as error:  # the SDK has some of its own
            self.record.tear(repr((error, headers, body, key)).encode())


class Kafka(Outlet):
    """Partitions, which a thread reads from their beginning on."""

    kind = "kafka"
    TOPIC = "outbox.event.order"

    def __init__(self, plan, directory):
        super().__init__(plan, directory, "--topic", f"{self.TOPIC}:4")
        self.arguments = ["--sink", self.broker.address, "--kafka-mode", self.mode]
        self.stopping = threading.Event()
        self.reader = threading.Thread(target=self._read, name="kafka", daemon=True)
        self.reader.start()

    def _read(self):
        from confluent_kafka import Consumer, TopicPartition

        consumer = Consumer({
            "bootstrap.servers": f"127.0.0.1:{self.broker.port}", "group.id": "faults", "enable.auto.commit": False,
            "isolation.level": "read_uncommitted", "fetch.wait.max.ms": 50})
        consumer.assign([TopicPartition(self.TOPIC, partition, 0) for partition in range(4)])
        while not self.stopping.is_set():
            for message in consumer.consume(1000, 0.1):
                if message.error():
                    continue
                self._take(message)
        consumer.close()

    def _take(self, message):
        from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka_event

        raw = dict(message.headers() or [])
        headers = {name: value.decode() for name, value in raw.items()}
        attributes = {name[3:]: value for name, value in headers.items() if name.startswith("ce_")}
        self.take(attributes, message.value(), (message.key() or b"").decode(), headers.get("content-type", ""),
                  lambda: from_kafka_event(KafkaMessage(raw, message.key(), message.value())))

    def arrived(self):
        return len(self.record.ids)

    def finish(self):
        # What is stored by now is there within a moment.
        count = -1
        while count != len(self.record.deliveries):
            count = len(self.record.deliveries)
            time.sleep(0.5)
        return self.record

    def close(self):
        self.stopping.set()
        self.reader.join(10)
        self.broker.destroy()


class Falling(Outlet):
    """One that keeps what it has over its end."""

    def __init__(self, plan, directory):
        super().__init__(plan, directory)
        self.falling = None
        self.is_healed = False

    def fall(self):
        """The broker is killed, and started again beside whatever comes next."""
        self.heal()
        self.is_healed = False
        self.falling = threading.Thread(target=self._fall, name="broker", daemon=True)
        self.falling.start()

    def _fall(self):
        self.broker.kill()
        self.broker.start()

    def heal(self):
        if self.falling:
            self.falling.join(120)
        self.is_healed = True


class RabbitMQ(Falling):
    """A quorum queue, which is read when the broker does not fall any more: what is read is acknowledged, and gone."""

    kind = "rabbitmq"

    def __init__(self, plan, directory):
        super().__init__(plan, directory)
        self.arguments = ["--sink", self.broker.address, "--amqp-exchange", "events", "--amqp-mode", self.mode]
        self.reading = None

    def _connect(self):
        import pika

        parameters = pika.ConnectionParameters(
            "127.0.0.1", self.broker.port, credentials=pika.PlainCredentials("guest", "guest"))
        connection = pika.BlockingConnection(parameters)
        return connection, connection.channel()

    def _take(self, properties, body):
        from cloudevents.core.bindings.rabbitmq import RabbitMQMessage, from_rabbitmq_event

        headers = properties.headers or {}
        attributes = {name[3:]: value for name, value in headers.items() if name.startswith("ce-")}
        if attributes.get("id", properties.message_id) != properties.message_id or properties.delivery_mode != 2:
            self.record.tear(f"message-id {properties.message_id}, mode {properties.delivery_mode}".encode())
        key = attributes.get("partitionkey") if self.mode == "binary" else json.loads(body).get("partitionkey")
        self.take(attributes, body, key, properties.content_type or "",
                  lambda: from_rabbitmq_event(RabbitMQMessage(headers, properties.content_type, body)))

    def _drain(self):
        import pika

        # A queue that has no leader yet, soon after a broker's start, closes the connection of whoever wants to read.
        for attempt in range(30):
            try:
                return self._read()
            except pika.exceptions.ConnectionClosedByBroker as error:
                self.reading = None
                if error.reply_code != 541 or attempt == 29:
                    raise
                time.sleep(1)

    def _read(self):
        # One reader from first to last: what is with one that leaves goes back to the queue, behind what came after it.
        if not self.reading:
            self.reading = self._connect()
            self.reading[1].basic_qos(prefetch_count=500)
        channel, tag = self.reading[1], 0
        for method, properties, body in channel.consume("events", inactivity_timeout=0.5):
            if method is None:
                break
            self._take(properties, body)
            tag = method.delivery_tag
            if tag % 250 == 0:
                channel.basic_ack(tag, multiple=True)
        if tag % 250:
            channel.basic_ack(tag, multiple=True)

    def arrived(self):
        if self.is_healed:
            self._drain()
            return len(self.record.ids)
        try:
            connection, channel = self._connect()
            count = channel.queue_declare("events", passive=True).method.message_count
            connection.close()
            return count
        except Exception:
            return 0  # fallen

    def finish(self):
        self._drain()
        return self.record

    def close(self):
        if self.reading and self.reading[0].is_open:
            self.reading[0].close()
        self.broker.destroy()


class Redis(Falling):
    """A stream, which is read when the server does not fall any more. Its ids are positions, so nothing may be there twice."""

    kind = "redis"
    STREAM = "outbox.event.order"

    def __init__(self, plan, directory):
        super().__init__(plan, directory)
        self.arguments = ["--sink", self.broker.address, "--redis-mode", self.mode]
        self.last = "-"

    def _client(self):
        import redis

        return redis.Redis(port=self.broker.port, decode_responses=True)

    def _read(self):
        client = self._client()
        while True:
            entries = client.xrange(self.STREAM, self.last, "+", 1000)
            for id_, fields in entries:
                self._take(id_, fields)
            if not entries:
                return
            self.last = f"({entries[-1][0]}"

    def _take(self, id_, fields):
        attributes = {name[3:]: value for name, value in fields.items() if name.startswith("ce-")}
        body = fields["data"].encode()
        commit, ordinal = attributes["sequence"].split("-")
        if id_ != f"{int(commit, 16)}-{int(ordinal)}":
            self.record.tear(f"id {id_} of the event at {attributes['sequence']}".encode())
        if attributes["id"] in self.record.ids:
            self.record.tear(f"{attributes['id']} is there twice".encode())
        key = attributes.get("partitionkey") if self.mode == "binary" else json.loads(body).get("partitionkey")
        self.take(attributes, body, key, fields.get("content-type", ""), lambda: self._event(attributes, fields, body))

    def _event(self, attributes, fields, body):
        from cloudevents.core.bindings.rabbitmq import RabbitMQMessage, from_rabbitmq_event

        # There is no binding for Redis; the headers of RabbitMQ's have the same names.
        headers = {f"ce-{name}": value for name, value in attributes.items()} if self.mode == "binary" else {}
        return from_rabbitmq_event(RabbitMQMessage(headers, fields.get("content-type"), body))

    def arrived(self):
        import redis

        try:
            if self.is_healed:
                self._read()
                return len(self.record.ids)
            return self._client().xlen(self.STREAM)
        except redis.RedisError:
            return 0  # fallen

    def finish(self):
        self._read()
        length = self._client().xlen(self.STREAM)
        if length != len(self.record.deliveries):
            self.record.tear(f"XLEN {length} of {len(self.record.deliveries)} that were read".encode())
        return self.record

    def close(self):
        self.broker.destroy()


class NATS(Falling):
    """A stream, which is read when the server does not fall any more."""

    kind = "nats"
    STREAM = "events"

    def __init__(self, plan, directory):
        super().__init__(plan, directory)
        self.arguments = ["--sink", self.broker.address, "--nats-mode", self.mode]
        self.seen = 0

    async def _with_stream(self, body):
        import nats

        client = await nats.connect(f"nats://127.0.0.1:{self.broker.port}", allow_reconnect=False, connect_timeout=10)
        try:
            return await body(client.jetstream())
        finally:
            await client.close()

    async def _length(self, stream):
        return (await stream.stream_info(self.STREAM)).state.messages

    async def _read(self, stream):
        from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

        length = await self._length(stream)
        if self.seen >= length:
            return
        config = ConsumerConfig(
            ack_policy=AckPolicy.NONE, deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=self.seen + 1)
        reader = await stream.pull_subscribe("outbox.event.>", stream=self.STREAM, config=config)
        while self.seen < length:
            for message in await reader.fetch(min(500, length - self.seen), timeout=20):
                self.seen = message.metadata.sequence.stream
                self._take(message)

    def _take(self, message):
        headers = {name.lower(): urllib.parse.unquote(value) for name, value in message.headers.items()}
        attributes = {name[3:]: value for name, value in headers.items() if name.startswith("ce-")}
        if self.mode == "binary" and headers.get("nats-msg-id") != attributes.get("id"):
            self.record.tear(f"Nats-Msg-Id {headers.get('nats-msg-id')} of {attributes.get('id')}".encode())
        key = attributes.get("partitionkey") if self.mode == "binary" else json.loads(message.data).get("partitionkey")
        if urllib.parse.unquote(message.subject.split(".")[-1]) != key:
            self.record.tear(f"{message.subject} of the key {key}".encode())
        content_type = headers.get("content-type", "")
        self.take(attributes, message.data, key, content_type, lambda: self._event(attributes, content_type, message.data))

    def _event(self, attributes, content_type, body):
        from cloudevents.core.bindings.rabbitmq import RabbitMQMessage, from_rabbitmq_event

        # The SDK has no binding for NATS; the headers of RabbitMQ's have the same names.
        headers = {f"ce-{name}": value for name, value in attributes.items() if name != "datacontenttype"}
        binary = self.mode == "binary"
        return from_rabbitmq_event(
            RabbitMQMessage(headers if binary else {}, attributes.get("datacontenttype") if binary else content_type, body))

    def arrived(self):
        try:
            if self.is_healed:
                asyncio.run(self._with_stream(self._read))
                return len(self.record.ids)
            return asyncio.run(self._with_stream(self._length))
        except Exception:  # the client has some of its own
            return 0  # fallen

    def finish(self):
        asyncio.run(self._with_stream(self._read))
        return self.record

    def close(self):
        self.broker.destroy()
