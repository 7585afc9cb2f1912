"""The bulk backlog into a message broker, and how long it takes from a COMMIT until a consumer has the event."""

import array
import asyncio
import contextlib
import os
import re
import statistics
import subprocess
import tempfile
import threading
import time

import broker
import latency
import listener
import measurement
import processes
from backlogs import PUBLICATION, Backlog, standard
from bench import PACKAGES
from draining import Draining
from peers import HERE, PYTHON, Peer, Tailrace

TOPIC = "outbox.event.order"
PEERS = {"kafka": "confluent-kafka", "rabbitmq": "pika", "redis": "redis-py", "nats": "nats-py"}
RATES = [200, 2000]

HEADINGS = [
    ("events/s", "events_per_second", "{:,.0f}"),
    ("seconds", "seconds", "{:.2f}"),
    ("client CPU s/1M", "client_cpu_per_million", "{:.2f}"),
    ("broker CPU s/1M", "broker_cpu_per_million", "{:.2f}"),
    ("peak RSS MB", "peak_rss_mb", "{:.1f}"),
]


class Into:
    """What both peers do: each run finds an empty broker, and leaves as many messages as there are rows."""

    def begin(self):
        self.broker.empty()
        self.used = self.broker.processor_time()

    def conclude(self, backlog, measure):
        self.cost = self.broker.processor_time() - self.used
        count = self.broker.count()
        if count != backlog.rows:
            raise measurement.Failure(f"{self.name}: {count} messages are stored instead of {backlog.rows}")


class TailraceInto(Into, Tailrace):
    """tailrace, as it is without settings."""

    def __init__(self, bench, broker):
        super().__init__("tailrace", bench)
        self.broker = broker

    def command(self, backlog, slot):
        self.begin()
        command = super().command(backlog, slot)
        place = command.index("--sink")
        return command[:place] + self.broker.sink + command[place + 2:]


class ByHand(Into, Peer):
    """A relay written by hand."""

    def __init__(self, bench, broker):
        super().__init__(PEERS[broker.kind], bench)
        self.broker = broker

    def command(self, backlog, slot):
        self.begin()
        return by_hand(self.dsn(backlog), slot, backlog.rows, self.broker)


def wanted(bench, name):
    return not bench.options.peers or name in bench.options.peers


def by_hand(dsn, slot, rows, broker):
    return [*PYTHON, os.path.join(HERE, "broker_client.py"), dsn, slot, PUBLICATION, str(rows), broker.kind, str(broker.port)]


class Measured(broker.Broker):
    """A broker that can be emptied, and asked how much it has stored and what that has cost it."""

    def __init__(self, kind, directory):
        super().__init__(kind, os.path.join(directory, kind))
        self.sink = ["--sink", self.address] + (["--amqp-exchange", "events"] if kind == "rabbitmq" else [])

    def empty(self):
        if self.kind == "kafka":
            broker.scratch_broker("restart", self.directory)
        elif self.kind == "redis":
            self.control("flushall")
        elif self.kind == "nats":
            asyncio.run(self.made_anew())
        else:
            self.control("purge_queue", "events")

    def processor_time(self):
        with open(os.path.join(self.directory, "broker.pid"), encoding="utf-8") as file:
            return processes.processor_time(int(file.read()))

    def count(self):
        if self.kind == "rabbitmq":
            return self.drained()
        if self.kind == "redis":
            return int(self.control("xlen", TOPIC))
        if self.kind == "nats":
            return asyncio.run(self.length())
        # Its high watermarks lie a little behind what it has stored, so everything is read.
        count, idle = 0, 0
        with self.consumer() as consumer:
            while idle < 5:
                messages = consumer.consume(10_000, 0.2)
                count += sum(not message.error() for message in messages)
                idle = 0 if messages else idle + 1
        return count

    @contextlib.asynccontextmanager
    async def streams(self):
        import nats

        client = await nats.connect(f"nats://127.0.0.1:{self.port}")
        try:
            yield client.jetstream(timeout=60)
        finally:
            await client.close()

    async def made_anew(self):
        async with self.streams() as streams:
            await streams.delete_stream("events")
            await streams.add_stream(name="events", subjects=["outbox.event.>"])

    async def length(self):
        async with self.streams() as streams:
            return (await streams.stream_info("events")).state.messages

    def drained(self):
        """How many the queue gives out, which are gone then; its own counts come late."""
        import pika

        connection, count = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.port)), 0
        for method, _, _ in connection.channel().consume("events", auto_ack=True, inactivity_timeout=1):
            if method is None:
                break
            count += 1
        connection.close()
        return count

    @contextlib.contextmanager
    def consumer(self):
        from confluent_kafka import Consumer, TopicPartition

        consumer = Consumer({
            "bootstrap.servers": f"127.0.0.1:{self.port}", "group.id": "benchmark", "enable.auto.commit": False,
            "fetch.wait.max.ms": 5})
        consumer.assign([TopicPartition(TOPIC, partition, 0) for partition in range(4)])
        try:
            yield consumer
        finally:
            consumer.close()


@contextlib.contextmanager
def running(bench, kind):
    """A broker, and what programs need that talk to it."""
    broker.clients()
    with lending(bench, Measured(kind, bench.directory), broker.scratch_broker("python")) as found:
        yield found


@contextlib.contextmanager
def lending(bench, found, clients):
    """Its environment, with the clients, is that of programs, until it is destroyed."""
    environment = bench.environment
    try:
        bench.environment = {**environment, **found.environment, "PYTHONPATH": os.pathsep.join([PACKAGES, clients])}
        yield found
    finally:
        bench.environment = environment
        found.destroy()


def drain(kind, bench):
    """tailrace and a relay written by hand, in turns."""
    with standard("bulk", bench.options.rows, 0).loaded(bench.server) as backlog, running(bench, kind) as found:
        take_turns(kind, bench, backlog, TailraceInto(bench, found), ByHand(bench, found))


def take_turns(kind, bench, backlog, ours, theirs):
    """Both drain the backlog in each round; who begins changes."""
    bench.say(f"  {backlog.rows} events, {backlog.about}")
    pair = [ours, *([theirs] if bench.has_python("psycopg2") else [])]
    pair = [peer for peer in pair if wanted(bench, peer.name)]
    draining, rounds = Draining(bench, backlog, []), []
    try:
        for number in range(bench.options.runs):
            rounds.append({})
            for peer in pair[::-1] if number % 2 else pair:
                figures = draining.drain(peer)[peer.name]
                rounds[-1][peer.name] = {**figures, "broker_cpu_per_million": peer.cost / backlog.rows * 1e6}
            bench.say("  round {}: {}".format(number + 1, ", ".join(
                f"{name} {figures['events_per_second'] / 1000:.2f}k/s" for name, figures in rounds[-1].items())))
    except measurement.Failure as error:
        bench.fail(f"{kind}: {error}")
    finally:
        bench.conclude(rounds, headings=HEADINGS, compare=[theirs.name], rows=backlog.rows)


class Consumer(threading.Thread):
    """Takes events as they come, and notes how long each was on its way from just before its COMMIT."""

    def __init__(self, found):
        super().__init__(name="consumer", daemon=True)
        self.broker, self.count, self.latencies, self.after = found, 0, array.array("d"), 0
        self.stopping = threading.Event()

    def take(self, body):
        now, at = time.time_ns() // 1000, int(re.search(rb'"at": (\d{16})', body).group(1))
        self.count += 1
        if at > self.after:
            self.latencies.append((now - at) / 1000)

    def run(self):
        if self.broker.kind == "kafka":
            with self.broker.consumer() as consumer:
                while not self.stopping.is_set():
                    message = consumer.poll(0.1)
                    if message and not message.error():
                        self.take(message.value())
            return
        if self.broker.kind == "redis":
            self.read()
            return
        if self.broker.kind == "nats":
            asyncio.run(self.subscribe())
            return
        import pika

        connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.broker.port))
        channel = connection.channel()
        for method, _, body in channel.consume("events", auto_ack=True, inactivity_timeout=0.1):
            if method:
                self.take(body)
            if self.stopping.is_set():
                break
        connection.close()

    def read(self):
        import redis

        client, last = redis.Redis(port=self.broker.port), "0"
        while not self.stopping.is_set():
            for _, entries in client.xread({TOPIC: last}, 1000, 100):
                for _, fields in entries:
                    self.take(fields[b"data"])
                last = entries[-1][0]


    async def subscribe(self):
        async def take(message):
            self.take(message.data)

        async with self.broker.streams() as streams:
            await streams.subscribe("outbox.event.>", cb=take, ordered_consumer=True)
            while not self.stopping.is_set():
                await asyncio.sleep(0.05)


LATENCY_HEADINGS = [
    ("p50 ms", "p50", "{:.2f}"), ("p99 ms", "p99", "{:.2f}"), ("max ms", "max", "{:.1f}"),
    ("commits/s", "commits_per_second", "{:,.0f}"), ("client CPU %", "client_cpu", "{:.1f}"),
]


def measure_latency(kind, bench):
    """The same pair at a live slot."""
    backlog = Backlog("latency", 0, 1)
    backlog.create(bench.server)
    rounds = []
    try:
        backlog.drop_slot("template")  # it would keep the log
        with running(bench, kind) as found:
            dsn = bench.server.dsn(backlog.database)
            clients = {
                "tailrace": [bench.tailrace, "stream", "--database", dsn, "--publication", PUBLICATION, "--slot", "latency",
                             *found.sink, "--no-retry", "--log-level", "warning"],
                PEERS[kind]: by_hand(dsn, "latency", 0, found)}
            names = sorted(name for name in clients if wanted(bench, name))
            for number in range(bench.options.runs):
                rounds.append({})
                for rate in RATES:
                    for name in names[::-1] if number % 2 else names:
                        found.empty()
                        try:
                            rounds[-1][f"{name}, {rate}/s"] = once(bench, backlog, clients[name], rate, found)
                        except measurement.Failure as error:
                            bench.fail(f"{kind}: {name} at {rate}/s: {error}")
    finally:
        bench.conclude([dict(sorted(figures.items(), key=lambda item: (len(item[0].split(", ")[1]), item[0])))
                        for figures in rounds], headings=LATENCY_HEADINGS, seconds=bench.options.seconds)
        backlog.drop()


def once(bench, backlog, command, rate, found):
    seconds = bench.options.seconds
    backlog.live_slot("latency")
    consumer = Consumer(found)
    try:
        with tempfile.NamedTemporaryFile("w", suffix=".sql", dir=bench.directory) as script, \
                listener.Listener(bench, command, subprocess.DEVNULL) as client:
            script.write(latency.SCRIPT)
            script.flush()
            consumer.start()
            consumer.after, used = time.time_ns() // 1000 + latency.WARM_UP, client.usage()
            done = subprocess.run(
                [os.path.join(bench.programs, "pgbench"), "-n", "-f", script.name, "-M", "prepared", "-c", str(latency.CLIENTS),
                 "-j", "1", "-R", str(rate), "-T", str(seconds), "-h", "127.0.0.1", "-p", bench.server.port, "-U", "postgres",
                 backlog.database],
                env=bench.environment, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                timeout=seconds + 60)
            expected = int(re.search(r"actually processed: (\d+)", done.stdout).group(1))
            deadline = time.monotonic() + 60
            while consumer.count < expected and time.monotonic() < deadline:
                time.sleep(0.01)
            now = client.usage()
            if consumer.count < expected:
                raise measurement.Failure(f"{consumer.count} of {expected} events came: {client.said()}")
    finally:
        consumer.stopping.set()
        if consumer.ident:
            consumer.join(10)
        backlog.drop_slot("latency")
    parts = statistics.quantiles(consumer.latencies, n=100)
    return {"p50": statistics.median(consumer.latencies), "p99": parts[98], "max": max(consumer.latencies),
            "commits_per_second": expected / seconds, "client_cpu": (now[0] - used[0]) / seconds * 100}
