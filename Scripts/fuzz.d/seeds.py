"""Seeds for a fuzzer: FOLDER TARGET DUMP..."""

import base64
import json
import pathlib
import sys

folder, target, dumps = pathlib.Path(sys.argv[1]), sys.argv[2], map(pathlib.Path, sys.argv[3:])
if target == "settings":
    names = ["--database", "postgresql://u:p@host/db", "--publication", "orders", "--slot", "orders"]
    lines = [
        ["stream"] + names, ["setup", "--create-table", "--dead-letter-table", "public.\"Letters\""] + names,
        ["teardown", "--force"] + names, ["stream", "--table", "app.\"Out.Box\"", "--until", "16/B374D848"] + names,
        ["stream", "--sink", "https://host/path?x=1", "--http-mode", "batch", "--batch-size", "5", "--max-age=1h"] + names,
        ["stream", "--sink", "file:/x", "--rotate-size", "100MB", "--rotate-interval", "1h", "--fsync", "never"] + names,
        ["stream", "--column", "id=event_id", "--attribute", "tenant=t", "--ignore-header", "a b",
         "--read-pacing", "200us"] + names,
        ["replay", "x.walcap", "--speed", "10x", "--until", "0/1"], ["inspect", "-", "--json"], ["--help"], ["straem"],
        ["dead-letters", "list", "--dead-letters", "table:public.letters", "--since", "2026-01-31T12:00:00Z", "--limit", "5"],
        ["dead-letters", "redrive", "--all", "--dead-letters", "file:x", "--sink", "stdout"], ["version"],
        ["host=h port=1", "orders", "orders", "public.outbox", "p", "id", "x", "tenant", "t", "urn:x", "https://h/"],
    ]
    for number, line in enumerate(lines):
        (folder / f"line-{number}").write_text("\n".join(line))
    sys.exit()
if target == "receiver":
    event = ('{"specversion":"1.0","id":"1","source":"/shop/public.outbox","type":"OrderPlaced","subject":"1",'
             '"time":"2026-11-23T07:16:06.254758Z","sequence":"000000000152AEA8-0000000001","partitionkey":"1",'
             '"datacontenttype":"application/json","data":{"cents": 999, "t": "\\u00e4\\ud83d\\ude00"}}')
    structured = "Content-Type: application/cloudevents+json; charset=UTF-8"
    batch = "content-type:application/cloudevents-batch+json"
    signed = ("webhook-id: 1\nwebhook-timestamp: 1700000000\n"
              "webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4= v1a,x\n")
    binary = ("ce-specversion: 1.0\nce-id: %c3%a4\nce-source: urn:x\nce-type: \"a \\\"b\"\nce-time: 2026-11-23t07:16:06+01:00\n"
              "ce-dataschema: https://h/s\nce-sequence: 7\n")
    requests = [
        f"{structured}\n\n{event}", f"{batch}\n\n[{event}, {event}]", f"{batch}\n\n[]", f"{signed}{structured}\n\n{event}",
        f"{binary}content-type: application/json\n\n[1, null]", f"{binary}content-type: text/plain\n\nx", f"{binary}\n",
        f"{structured}\n\n" + event.replace('"data":{', '"data_base64":"AAA=","n":1,"b":true,"z":null,"y":{'),
        f"{structured}\ncontent-encoding: gzip\n\n{event}", f"{structured}\n\n" + event.replace("application/json", "text/plain"),
    ]
    for number, request in enumerate(requests):
        (folder / f"request-{number}").write_text(request)
    sys.exit()
if target == "replies":
    samples = [
        "+OK\r\n:-42\r\n", "-ERR unknown\r\n", "$5\r\nhello\r\n$-1\r\n*-1\r\n",
        "*4\r\n:3\r\n$5\r\nerror\r\n$3\r\nOOM\r\n_\r\n",
        "%2\r\n+a\r\n:1\r\n+b\r\n~1\r\n#t\r\n", ">2\r\n+x\r\n*0\r\n|1\r\n+a\r\n:1\r\n,1.5\r\n",
        "=6\r\ntxt:ab\r\n!3\r\nBAD\r\n(12345678901234567890\r\n",
        "*2\r\n*1\r\n*1\r\n:1\r\n+x\r\n", "*999999999\r\n", "$999999999\r\nx",
    ]
    for number, sample in enumerate(samples):
        (folder / f"replies-{number}").write_text(sample, newline="")
    sys.exit()
if target == "words":
    samples = [
        'INFO {"server_id":"x","headers":true,"max_payload":1048576,"nonce":"abc"}\r\nPING\r\n+OK\r\n',
        "-ERR 'Authorization Violation'\r\n", "MSG a.1 1 5\r\nhello\r\nPONG\r\n",
        'MSG a.2 1 27\r\n{"stream":"events","seq":12}\r\n', "HMSG a.3 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n",
        '{"error":{"code":503,"err_code":10077,"description":"\\u0061\\ud83d\\ude00"},"a":[1,-2.5e3,null,true,false]}',
        "MSG a 1 999999999\r\n", "HMSG a 1 r 4 2\r\n",
    ]
    for number, sample in enumerate(samples):
        (folder / f"words-{number}").write_text(sample, newline="")
    sys.exit()
if target == "answers":
    batch = "PublishBatchRe"
    samples = [
        '{"Successful":[{"Id":"0","MessageId":"m","MD5OfMessageBody":"00"}],"Failed":[{"Id":"1","SenderFault":true,"Code":"X"}]}',
        '{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"\\u00e4"}', '{"Attributes":{"MaximumMessageSize":"1024"}}',
        '{"AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2026-11-29T08:00:00Z"}',
        f"<{batch}sponse><{batch}sult><Successful><member><Id>0</Id></member></Successful><Failed><member><Id>1</Id><Code>X</Code>"
        f"<SenderFault>true</SenderFault></member></Failed></{batch}sult></{batch}sponse>",
        '<?xml version="1.0"?><!--a--><ErrorResponse a="u"><Error><Code>&lt;&#228;&#xE4;<![CDATA[x]]></Code></Error>'
        "</ErrorResponse>",
        "<A><B><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken>"
        "<Expiration>2026-11-29T08:00:00Z</Expiration></Credentials></B></A>", "<!DOCTYPE a>", "<html><body/></html>",
    ]
    for number, sample in enumerate(samples):
        (folder / f"answers-{number}").write_text(sample)
    sys.exit()
if target == "contracts":
    number = 0

    def seed(kind, *parts):
        """One input: which format, two schemas and data."""
        global number
        (folder / f"contract-{number}").write_bytes(bytes([kind]) + b"\0".join(parts))
        number += 1

    record = ('{"type":"record","name":"R","namespace":"a.b","aliases":["Old"],"fields":[{"name":"n","type":"long","default":1},'
              '{"name":"next","type":["null","R"],"default":null},{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"],'
              '"default":"A"}},{"name":"m","type":{"type":"map","values":{"type":"array","items":"bytes"}}},'
              '{"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},'
              '{"name":"f","type":{"type":"fixed","name":"F","size":16,"logicalType":"uuid"}},'
              '{"name":"t","type":{"type":"long","logicalType":"timestamp-micros"}}]}')
    rowed = ('{"n":9007199254740993,"next":{"n":-1,"next":null,"e":"B","m":{},"d":"1.25",'
             '"f":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","t":1},"e":"A","m":{"\\u00e4":["\\u00ff",""]},"d":12.5,"f":"6ba7b810-9dad-11d1-80b4-00c04fd430c8",'
             '"t":"2026-11-23T07:16:06.254758Z"}')
    seed(0, record.encode(), record.replace("long", "int").encode(), rowed.encode())
    seed(0, b'["null","int",{"type":"array","items":"string"}]', b'"double"', b'["a","\\ud83d\\ude00"]')
    seed(0, b'{"type":"int","logicalType":"date"}', b'"long"', b'"2024-02-29"')
    schema = ('{"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"urn:x","$defs":{"a":{"$anchor":"k","type":'
              '["object","null"],"properties":{"n":{"multipleOf":0.01,"minimum":-1e3},"o":{"$ref":"#/$defs/a"},"s":{"pattern":'
              '"^(a+)+$","maxLength":9},"u":{"enum":[1,"x",null]}},"required":["n"],"patternProperties":{"^x-":true},'
              '"additionalProperties":false,"dependentRequired":{"o":["s"]}}},"anyOf":[{"$ref":"#k"},{"not":{"contains":{"const":1}}}],'
              '"unevaluatedProperties":false,"if":{"type":"array"},"then":{"prefixItems":[true],"items":{"type":"integer"},'
              '"uniqueItems":true,"maxItems":5},"else":{"propertyNames":{"maxLength":3}}}')
    seed(1, schema.encode(), schema.replace("maxLength", "minLength").encode(), b'{"n":1.25,"o":{"n":1,"s":"aaa"},"s":"aaaaaaaa!"}')
    old = '{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"a":{"type":"integer"}},"items":[{"$ref":"#/definitions/a"}],"additionalItems":false,"dependencies":{"a":["b"]}}'
    seed(1, old.encode(), b"true", b"[1, 2.0, 1e400]")
    sys.exit()
if target == "protobuf":
    fixtures = pathlib.Path(__file__).parent.parent.parent / "Fixtures" / "contracts"
    everything = (fixtures / "protobuf-everything.binpb").read_bytes()
    texts = [json.loads(line)["text"].encode() for line in (fixtures / "protobuf-data.ndjson").read_text().splitlines()[:200]]
    pairs = [json.loads(line) for line in (fixtures / "protobuf-evolutions.ndjson").read_text().splitlines()[:100]]
    inputs = [(everything, b"", text) for text in texts]
    inputs += [(base64.b64decode(pair["old"]), base64.b64decode(pair["new"]), b'{"field_1":1,"aName2":"a"}') for pair in pairs]
    for number, (one, two, data) in enumerate(inputs):
        sized = (len(part).to_bytes(2, "big") + part for part in (one, two))
        (folder / f"set-{number}").write_bytes(b"".join(sized) + data)
    sys.exit()
if target == "rows":
    deep = "[" * 600 + "]" * 600
    bodies = ['{"n": 1}', '{\r\n\t"\u00e9": "\\ud83d\\ude00",\n"a":[true,null,-1.5e3]}', deep, 'null',
              '"text"', "say \"hi\"\n", "\\x00ff", ""]
    headers = ["null", "{}", '{"id":1,"Tenant-Id":"a","b":true,"c":null,"d":{"e":[1]},"\u00e4":2,"d":3}', "[]"]
    times = ["2024-05-01 12:00:01.5+02", "1714564801123", "infinity", None]
    schemas = ["https://example.com/s#1", "s.json", None]
    number = 0
    for body in bodies:
        for choices in range(0, 32, 3):
            row = ["id-1", "orders", "\u00c6 \"k\" %", "OrderPlaced", body, "2", times[number % 4], headers[number % 4],
                   "00-ab-cd-01", "a=b", schemas[number % 3], "north"]
            values = (b"\xff\xff" if v is None else len(v.encode()).to_bytes(2, "big") + v.encode() for v in row)
            (folder / f"row-{number}").write_bytes(bytes([choices, number * 7 % 256]) + b"".join(values))
            number += 1
    sys.exit()
for dump in dumps:
    text = dump.read_bytes()
    if target != "capture":
        messages = [bytes.fromhex(line.split(b"|")[2].decode()) for line in text.splitlines()]
        text = b"".join(len(m).to_bytes(2, "big") + m for m in messages if len(m) < 65536)
    (folder / f"{dump.parent.name}-{dump.stem}").write_bytes(text)
