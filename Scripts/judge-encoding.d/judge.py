"""Writes events, has tailrace deliver them encoded, and reads them with Confluent's deserializers."""

import datetime
import importlib
import json
import os
import pathlib
import subprocess
import sys

import grpc_tools
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext
from grpc_tools import protoc

program, database, sink, address, work, library, count = sys.argv[1:]
count, work = int(count), pathlib.Path(work)
AVRO = {
    "type": "record", "name": "OrderPlaced", "namespace": "shop", "fields": [
        {"name": "cents", "type": "long"}, {"name": "note", "type": ["null", "string"], "default": None},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}}]}
JSON = {
    "$schema": "http://json-schema.org/draft-07/schema#", "title": "OrderPaid", "type": "object",
    "properties": {"cents": {"type": "integer"}}, "required": ["cents"], "additionalProperties": False}
PROTO = """
syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
message Other { string name = 1; }
message OrderShipped { int64 number = 1; google.protobuf.Timestamp at = 2; repeated string parcels = 3; }
"""
MOMENT = datetime.datetime(2026, 1, 1, 0, 0, 0, 123000, tzinfo=datetime.UTC)


def contracts():
    for name, text in [("avro/OrderPlaced/1.avsc", json.dumps(AVRO)), ("json-schema/OrderPaid/1.json", json.dumps(JSON))]:
        (work / name).parent.mkdir(parents=True)
        (work / name).write_text(text)
    place = work / "protobuf/shop.OrderShipped"
    place.mkdir(parents=True)
    (work / "shipped.proto").write_text(PROTO)
    own = pathlib.Path(grpc_tools.__file__).parent / "_proto"
    if protoc.main(["protoc", f"-I{work}", f"-I{own}", "--include_imports", f"--descriptor_set_out={place}/1.binpb",
                    f"--python_out={work}", "shipped.proto"]):
        sys.exit("protoc failed")
    sys.path.insert(0, str(work))
    return importlib.import_module("shipped_pb2").OrderShipped


def psql(statement):
    subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statement], check=True)


def tailrace(*options):
    named = ["--database", database, "--slot", "judged", "--publication", "judged", "--table", "public.outbox"]
    done = subprocess.run(
        [program, options[0], *named, *options[1:]], env={**os.environ, "LD_LIBRARY_PATH": library}, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"tailrace ended with {done.returncode}: {done.stderr}")


def deliver(encoding, topic, subject, kind, data):
    psql(f"""INSERT INTO outbox (aggregatetype, aggregateid, type, version, payload)
        SELECT 'order', 'k' || n % 7, '{kind}', '1', {data} FROM generate_series(1, {count}) n""")
    tailrace("stream", "--until", "now", "--sink", sink, "--route", topic, "--contracts", str(work / encoding),
             "--encode", encoding,
             "--registry", address, "--registry-register", "--registry-subject", subject)


def records(topic, deserializer):
    """The values of a topic, and the content types that their records name."""
    consumer = Consumer({"bootstrap.servers": sink.removeprefix("kafka:"), "group.id": "judge", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(4)])
    values, kinds, silent = [], set(), 0
    while len(values) < count and silent < 30:
        message = consumer.poll(1)
        if message is None or message.error():
            silent += 1
            continue
        values.append(deserializer(message.value(), SerializationContext(topic, MessageField.VALUE)))
        kinds.add(dict(message.headers())["content-type"].decode())
    consumer.close()
    return values, kinds


def hold(name, found, expected):
    if found != expected:
        sys.exit(f"{name}: {str(found)[:300]} is not {str(expected)[:300]}")
    print(f"{name}: {count} records")


shipped = contracts()
psql("""CREATE TABLE outbox (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), aggregatetype text, aggregateid text, type text,
    version text, payload jsonb)""")
tailrace("setup")
client = SchemaRegistryClient({"url": address})

deliver("avro", "avro", "topic", "OrderPlaced", """jsonb_build_object('cents', n, 'note', CASE WHEN n % 2 = 0 THEN 'né ' || n END,
    'at', '2026-01-01T00:00:00.123Z')""")
found, kinds = records("avro", AvroDeserializer(client))
wanted = [{"cents": n, "note": None if n % 2 else f"né {n}", "at": MOMENT} for n in range(1, count + 1)]
hold("avro", (sorted(found, key=lambda value: value["cents"]), kinds), (wanted, {"application/avro"}))

deliver("protobuf", "protobuf", "topic-record", "shop.OrderShipped", """jsonb_build_object('number', n::text,
    'at', '2026-01-01T00:00:00.5Z', 'parcels', jsonb_build_array('a', 'ü'))""")
found, kinds = records("protobuf", ProtobufDeserializer(shipped, {"use.deprecated.format": False}))
parts = sorted((value.number, value.at.seconds, value.at.nanos, tuple(value.parcels)) for value in found)
wanted = [(n, 1_767_225_600, 500_000_000, ("a", "ü")) for n in range(1, count + 1)]
hold("protobuf", (parts, kinds), (wanted, {"application/protobuf"}))

deliver("json-schema", "json", "record", "OrderPaid", "jsonb_build_object('cents', n)")
found, kinds = records("json", JSONDeserializer(None, schema_registry_client=client))
hold("json-schema", (sorted(value["cents"] for value in found), kinds), (list(range(1, count + 1)), {"application/octet-stream"}))
