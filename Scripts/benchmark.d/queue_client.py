"""What a relay to SQS does that is written by hand: psycopg2's replication cursor, each row into a message, boto3's batches of ten.

An answer is awaited before the next batch, which keeps the order of each group. Confirms a position when all before it is
stored. Ends at the commit behind the last row.
"""

import hashlib
import json
import os
import sys

import boto3
import psycopg2
import psycopg2.extras

from broker_client import columns


class Queue:
    """boto3."""

    MOST = 10

    def __init__(self, url):
        self.url, self.client = url, boto3.client("sqs", region_name=os.environ["AWS_REGION"])
        self.entries, self.stored, self.sent = [], 0, 0

    def send(self, id_, kind, key, name, payload):
        id_, key, name, kind = id_.decode(), key.decode(), name.decode(), kind.decode()
        event = {"specversion": "1.0", "id": id_, "source": "/shop", "type": name, "subject": key, "partitionkey": key,
                 "datacontenttype": "application/json", "data": json.loads(payload)}
        self.entries.append({
            "Id": str(len(self.entries)), "MessageBody": json.dumps(event), "MessageGroupId": key,
            "MessageDeduplicationId": hashlib.sha256(f"/shop\n{id_}".encode()).hexdigest(),
            "MessageAttributes": {"type": {"DataType": "String", "StringValue": name},
                                  "aggregatetype": {"DataType": "String", "StringValue": kind}}})
        self.sent += 1
        if len(self.entries) == self.MOST:
            self.flush()

    def flush(self):
        if self.entries:
            answer = self.client.send_message_batch(QueueUrl=self.url, Entries=self.entries)
            if answer.get("Failed"):
                sys.exit("not stored")
            self.entries, self.stored = [], self.sent


def main():
    dsn, slot, publication, rows, url = sys.argv[1:]
    connection = psycopg2.connect(dsn, connection_factory=psycopg2.extras.LogicalReplicationConnection)
    cursor = connection.cursor()
    cursor.start_replication(slot_name=slot, options={"proto_version": "1", "publication_names": publication})
    queue, rows = Queue(url), int(rows)

    def consume(message):
        tag = message.payload[:1]
        if tag == b"I":
            id_, kind, key, name, payload = columns(message.payload)[:5]
            queue.send(id_, kind, key, name, payload)
        elif tag == b"C":
            queue.flush()
            message.cursor.send_feedback(write_lsn=message.data_start, flush_lsn=message.data_start)
            if queue.sent == rows:
                raise psycopg2.extras.StopReplication

    try:
        cursor.consume_stream(consume)
    except (KeyboardInterrupt, psycopg2.extras.StopReplication):
        pass
    sys.exit(queue.stored != rows)


if __name__ == "__main__":
    main()
