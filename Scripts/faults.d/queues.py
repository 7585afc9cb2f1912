"""Outlets that are a queue of SQS and a topic of SNS, behind a proxy that lets a tenth of all entries fail.

moto, which speaks both, forgets everything with its end, so it is never killed. The queue drops what comes again within five
minutes: nothing may be there twice.
"""

import hashlib
import http.client
import http.server
import json
import random
import threading
import time
import urllib.parse

from brokers import Outlet

FAILING = 0.1  # of the entries
LOST = 0.02  # of the answers


class Proxy(http.server.ThreadingHTTPServer):
    """Stands before the server. Entries that it fails never get there; answers that are lost are of requests that were done."""

    daemon_threads = True

    def __init__(self, port, seed):
        super().__init__(("127.0.0.1", 0), Handler)
        self.behind, self.random, self.is_healed = port, random.Random(f"{seed}/proxy"), False
        self.failed, self.lost = 0, 0
        threading.Thread(target=self.serve_forever, name="proxy", daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # tailrace was killed

    def strikes(self, share):
        return not self.is_healed and self.random.random() < share


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    behind = None

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        is_queue = "x-amz-target" in self.headers
        body, failed, left = (without_entries if is_queue else without_members)(body, self.server)
        if left:
            status, answer, kind = self.ask(body)
        else:
            status, kind = 200, "application/x-amz-json-1.0" if is_queue else "text/xml"
            answer = b"{}" if is_queue else NOTHING
        if failed and status == 200:
            answer = (with_entries if is_queue else with_members)(answer, failed)
            self.server.failed += len(failed)
        if left and self.server.strikes(LOST):
            self.server.lost += 1
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def ask(self, body):
        kept = ("content-type", "x-amz-target", "x-amz-date", "authorization")
        headers = {name: value for name, value in self.headers.items() if name.lower() in kept}
        connection = http.client.HTTPConnection("127.0.0.1", self.server.behind, timeout=60)
        try:
            connection.request("POST", self.path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers.get("content-type", "text/plain")
        finally:
            connection.close()


def without_entries(body, server):
    """A request of SQS without some of its entries; their ids, and whether any are left."""
    request = json.loads(body)
    failed = [entry["Id"] for entry in request.get("Entries", []) if server.strikes(FAILING)]
    if not failed:
        return body, [], True
    request["Entries"] = [entry for entry in request["Entries"] if entry["Id"] not in failed]
    return json.dumps(request).encode(), failed, bool(request["Entries"])


def with_entries(answer, failed):
    answer = json.loads(answer)
    entries = [{"Id": id_, "Code": "InternalError", "SenderFault": False, "Message": "by the proxy"} for id_ in failed]
    return json.dumps({**answer, "Failed": answer.get("Failed", []) + entries}).encode()


NOTHING = (b'<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult><Successful/><Failed/>'
           b"</PublishBatchResult></PublishBatchResponse>")
MEMBER = "PublishBatchRequestEntries.member."


def without_members(body, server):
    """The same for SNS, whose members have numbers."""
    fields = urllib.parse.parse_qsl(body.decode(), keep_blank_values=True)
    failed, number, numbers, left = [], 0, {}, []
    for name, value in fields:
        if name.startswith(MEMBER) and name.endswith(".Id"):
            if server.strikes(FAILING):
                failed.append(value)
            else:
                number += 1
                numbers[name.split(".")[2]] = number
    for name, value in fields:
        if not name.startswith(MEMBER):
            left.append((name, value))
        elif name.split(".")[2] in numbers:
            rest = name.split(".", 3)
            left.append((f"{MEMBER}{numbers[rest[2]]}.{rest[3]}", value))
    return urllib.parse.urlencode(left).encode(), failed, number > 0 or not failed


def with_members(answer, failed):
    members = "".join(
        f"<member><Id>{id_}</Id><Code>InternalError</Code><SenderFault>false</SenderFault></member>" for id_ in failed)
    text = answer.decode()
    for empty in ("<Failed/>", "<Failed />"):
        text = text.replace(empty, "<Failed></Failed>")
    if "</Failed>" not in text:
        text = text.replace("</PublishBatchResult>", "<Failed></Failed></PublishBatchResult>")
    return text.replace("</Failed>", f"{members}</Failed>").encode()


class Queue(Outlet):
    """A FIFO queue, which a thread takes messages out of as they come."""

    kind = "sqs"
    QUEUE = "orders.fifo"

    def __init__(self, plan, directory):
        super().__init__(plan, directory)
        self.proxy = Proxy(self.broker.port, plan.seed)
        self.arguments = ["--sink", self.sink()]
        self.environment = {
            **self.environment, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.proxy.server_address[1]}", "HOME": directory}
        self.stopping, self.idle = threading.Event(), 0
        self.reader = threading.Thread(target=self._read, name="queue", daemon=True)
        self.reader.start()

    def sink(self):
        return self.broker.address

    def _read(self):
        import boto3

        keys = {name[4:].lower(): value for name, value in self.broker.environment.items()}
        queues = boto3.client("sqs", region_name=keys["region"], endpoint_url=f"http://127.0.0.1:{self.broker.port}",
                              aws_access_key_id=keys["access_key_id"], aws_secret_access_key=keys["secret_access_key"])
        url = queues.get_queue_url(QueueName=self.QUEUE)["QueueUrl"]
        while not self.stopping.is_set():
            messages = queues.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]).get("Messages", [])
            for message in messages:
                self._take(message)
            self.idle = 0 if messages else self.idle + 1
            if messages:
                queues.delete_message_batch(QueueUrl=url, Entries=[
                    {"Id": str(place), "ReceiptHandle": message["ReceiptHandle"]} for place, message in enumerate(messages)])
            else:
                time.sleep(0.05)

    def _take(self, message):
        from cloudevents.core.bindings.rabbitmq import RabbitMQMessage, from_rabbitmq_event

        body, attributes = message["Body"].encode(), message["Attributes"]
        event = json.loads(body)
        key, id_ = event.get("partitionkey"), f"{event['source']}\n{event['id']}".encode()
        if attributes["MessageGroupId"] != key:
            self.record.tear(f"{key} in the group {attributes['MessageGroupId']}".encode())
        if attributes["MessageDeduplicationId"] != hashlib.sha256(id_).hexdigest():
            self.record.tear(f"MessageDeduplicationId {attributes['MessageDeduplicationId']} of {event['id']}".encode())
        said = {name: value["StringValue"] for name, value in message.get("MessageAttributes", {}).items()}
        if said != {name: event[name] for name in ("type", "aggregatetype") if event.get(name)}:
            self.record.tear(f"attributes {said} of {event['id']}".encode())
        if event["id"] in self.record.ids:
            self.record.tear(f"{event['id']} is there twice".encode())
        kind = "application/cloudevents+json"
        # The SDK has no binding for SQS; a message of RabbitMQ has the same body.
        self.take({}, body, key, kind, lambda: from_rabbitmq_event(RabbitMQMessage({}, kind, body)))

    def arrived(self):
        return len(self.record.ids)

    def heal(self):
        self.proxy.is_healed = True

    def finish(self):
        self.idle = 0
        while self.idle < 5 and self.reader.is_alive():
            time.sleep(0.05)
        if not self.reader.is_alive():
            self.record.tear(b"the reader has ended")
        return self.record

    def close(self):
        self.stopping.set()
        self.reader.join(10)
        self.proxy.shutdown()
        self.broker.destroy()


class Topic(Queue):
    """A FIFO topic, to which a FIFO queue subscribes."""

    kind = "sns"
    QUEUE = "fan.fifo"

    def sink(self):
        return "sns:arn:aws:sns:eu-central-1:123456789012:orders.fifo"
