"""What a service written by hand does: psycopg2's replication cursor, a call back for each message, rows counted.

Decodes no row. Ends at the commit behind the last row.
"""

import sys

import psycopg2
import psycopg2.extras


def main():
    dsn, slot, publication, rows = sys.argv[1:]
    connection = psycopg2.connect(dsn, connection_factory=psycopg2.extras.LogicalReplicationConnection)
    cursor = connection.cursor()
    cursor.start_replication(slot_name=slot, options={"proto_version": "1", "publication_names": publication})
    left = int(rows)

    def consume(message):
        nonlocal left
        kind = message.payload[:1]
        if kind == b"I":
            left -= 1
        elif kind == b"C":
            message.cursor.send_feedback(write_lsn=message.data_start)
            if not left:
                raise psycopg2.extras.StopReplication

    try:
        cursor.consume_stream(consume)
    except psycopg2.extras.StopReplication:
        pass
    sys.exit(left != 0)


if __name__ == "__main__":
    main()
