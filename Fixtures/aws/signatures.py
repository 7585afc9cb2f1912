#!/usr/bin/env python3
"""Writes signatures.ndjson: requests and what botocore's SigV4Auth signs them with.

usage: PYTHONPATH="$(Scripts/scratch-broker python sqs)" Fixtures/aws/signatures.py >Fixtures/aws/signatures.ndjson
"""

import datetime
import json
from unittest import mock

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEYS = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
PATHS = ["/", "/a/b", "/a//b/", "/./a/../b", "/a%20b/%25", "/queue%2Fx", "/~-._", "/a/..", "/..", "/a+b:c@d;e=f,g!h*i(j)", "//", "/a/./"]
QUERIES = ["", "b=2&a=1", "a=2&a=1&a", "Action=X&Version=2010-03-31", "a=%20+~&A=1", "=&x", "a&b&&c", "k=v=w"]
HEADERS = [
    {"content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.SendMessageBatch"},
    {"Content-Type": "  application/x-www-form-urlencoded;   charset=utf-8\t ", "X-Amz-Meta": "a  b   c"},
    {"x-empty": "", "x-quote": "\"a  b\"", "x-utf8": "gr\u00f6\u00dfe"},
]
BODIES = ["", "{}", "Action=Publish&Message=%C3%A4", "\u00e4\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), "x" * 5000]
TIMES = [0, 1440938160, 1709164799, 4102444800]


def cases():
    for path in PATHS:
        yield path, "", HEADERS[0], BODIES[1], TIMES[1], None
    for query in QUERIES:
        yield "/a", query, HEADERS[0], BODIES[0], TIMES[1], None
    for headers in HEADERS:
        for token in (None, "AQoDYXdzEPT//////////wEXAMPLEtc764=="):
            yield "/", "", headers, BODIES[1], TIMES[2], token
    for body in BODIES:
        for time in TIMES:
            yield "/1/orders.fifo", "x=1", HEADERS[1], body, time, None


for host in ("sqs.eu-central-1.amazonaws.com", "127.0.0.1:5000", "[::1]:5000"):
    for path, query, headers, body, time, token in cases():
        url = f"https://{host}{path}" + (f"?{query}" if query else "")
        request = AWSRequest("POST", url, dict(headers), body.encode())
        now = datetime.datetime.fromtimestamp(time, datetime.timezone.utc)
        with mock.patch.object(auth, "get_current_datetime", lambda now=now: now):
            auth.SigV4Auth(Credentials(*KEYS, token), "sqs", "eu-central-1").add_auth(request)
        print(json.dumps({
            "host": host, "path": path, "query": query, "headers": list(map(list, headers.items())), "body": body, "time": time,
            "token": token, "authorization": request.headers["Authorization"]}))
