"""A schema registry for tests, with as much of Confluent's interface as a relay and Confluent's deserializers want.

Speaks on loopback only, keeps everything in memory, and prints its address as the first line. Each request is a line on standard
output: method, path and status. `--user NAME:PASSWORD` and `--token TOKEN` want that, `--down SECONDS` answers 503 for so long at
first, `--incompatible` takes no second version of a subject, and `--certificate PATH --key PATH` speak TLS.
"""

import argparse
import base64
import http.server
import json
import ssl
import threading
import time
import urllib.parse


class Registry:
    def __init__(self):
        self.lock = threading.Lock()
        self.ids = {}
        self.subjects = {}

    @staticmethod
    def key(body, normalizes):
        kind, schema = body.get("schemaType", "AVRO"), body["schema"]
        if normalizes and kind != "PROTOBUF":
            schema = json.dumps(json.loads(schema), sort_keys=True, separators=(",", ":"))
        return kind, schema

    def look(self, subject, body, normalizes):
        with self.lock:
            if subject not in self.subjects:
                return 404, {"error_code": 40401, "message": "Subject not found."}
            wanted = self.key(body, normalizes)
            for version, number in enumerate(self.subjects[subject], 1):
                kind, schema = self.by_id(number)
                if self.key({"schemaType": kind, "schema": schema}, normalizes) == wanted:
                    return 200, {"subject": subject, "version": version, "id": number, "schema": schema}
        return 404, {"error_code": 40403, "message": "Schema not found"}

    def register(self, subject, body, normalizes):
        status, found = self.look(subject, body, normalizes)
        if status == 200:
            return 200, {"id": found["id"]}
        with self.lock:
            if options.incompatible and self.subjects.get(subject):
                return 409, {"error_code": 409, "message": "Schema being registered is incompatible"}
            if body.get("schemaType", "AVRO") != "PROTOBUF":
                json.loads(body["schema"])
            else:
                base64.b64decode(body["schema"], validate=True)
            key = body.get("schemaType", "AVRO"), body["schema"]
            number = self.ids.setdefault(key, 100_001 + len(self.ids))
            self.subjects.setdefault(subject, []).append(number)
            return 200, {"id": number}

    def by_id(self, number):
        return next((key for key, found in self.ids.items() if found == number), None)

    def schema(self, number):
        found = self.by_id(number)
        if found is None:
            return 404, {"error_code": 40403, "message": "Schema not found"}
        return 200, {"schemaType": found[0], "schema": found[1]}

    def compatibility(self, subject):
        if subject not in self.subjects:
            return 404, {"error_code": 40401, "message": "Subject not found."}
        return 200, {"is_compatible": not options.incompatible}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body):
        octets = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/vnd.schemaregistry.v1+json")
        self.send_header("content-length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)
        print(self.command, self.path, status, flush=True)

    def refusal(self):
        if time.monotonic() < begin + options.down:
            return 503
        said = self.headers.get("authorization")
        if options.user and said != "Basic " + base64.b64encode(options.user.encode()).decode():
            return 401
        if options.token and said != f"Bearer {options.token}":
            return 401
        return None

    def handle_request(self):
        octets = self.rfile.read(int(self.headers.get("content-length") or 0))
        if (status := self.refusal()) is not None:
            return self.answer(status, {"error_code": status, "message": "no"})
        url = urllib.parse.urlsplit(self.path)
        parts = [urllib.parse.unquote(part) for part in url.path.split("/") if part]
        normalizes = urllib.parse.parse_qs(url.query).get("normalize") == ["true"]
        body = json.loads(octets) if octets else {}
        match (self.command, parts):
            case ("GET", ["subjects"]):
                return self.answer(200, sorted(registry.subjects))
            case ("GET", ["schemas", "ids", number]):
                return self.answer(*registry.schema(int(number)))
            case ("POST", ["subjects", subject]):
                return self.answer(*registry.look(subject, body, normalizes))
            case ("POST", ["subjects", subject, "versions"]):
                return self.answer(*registry.register(subject, body, normalizes))
            case ("POST", ["compatibility", "subjects", subject, "versions", "latest"]):
                return self.answer(*registry.compatibility(subject))
        return self.answer(404, {"error_code": 404, "message": "HTTP 404 Not Found"})

    do_GET = do_POST = handle_request

    def log_message(self, *words):
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user")
    parser.add_argument("--token")
    parser.add_argument("--down", type=float, default=0)
    parser.add_argument("--incompatible", action="store_true")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    options = parser.parse_args()
    begin = time.monotonic()
    registry = Registry()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(f"http{'s' if options.certificate else ''}://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
