// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The consumer `test-receiver`, with a database whose table `effects` shows what it has done.
struct ReceivingService {
  static let secrets = [Data((0..<24).map { $0 &* 7 }), Data((0..<32).map { 255 - $0 })]
    .map { "whsec_\($0.base64EncodedString())" }

  /// A database with an outbox and with what `test-receiver` writes to.
  static let schema =
    OutboxDatabase.schema + "CREATE TABLE effects (id text, type text, subject text, data text, at serial);\n"

  let process: ChildProcess
  let url: String

  /// Starts one for a database, that takes the modes of which all is signed, or all of them.
  init(_ database: OutboxDatabase, layout: String = "rows", allModes: Bool = false, connection: String? = nil) throws {
    let path = URL(fileURLWithPath: Tailrace.built).deletingLastPathComponent().appendingPathComponent("test-receiver")
      .path
    let process = try database.start(
      path, [connection ?? database.connection, layout] + (allModes ? ["--all-modes"] : []) + Self.secrets)
    self.process = process
    let port = try eventually("test-receiver can be posted to") { process.output.lines.first }
    url = "http://127.0.0.1:\(port)/events"
  }

  /// Runs a program in Python after `posting`, with the address, the first secret and further arguments.
  func python(_ program: String, _ arguments: [String] = [], packages: PythonPackages? = nil) throws -> [String] {
    let all = [url, Self.secrets[0]] + arguments
    let text = Self.posting + program
    if let packages { return try packages.run(text, all).wholeLines }
    return try ChildProcess.run("/usr/bin/env", ["python3", "-c", text] + all).wholeLines
  }

  /// `post(headers, body, path, method)` gives the status, the headers and the body of an answer; `signed(headers, body)` signs, as
  /// `id`; `binary(id, type)` are headers; `event(id, type, more)` is an event in JSON.
  private static let posting = """
    import base64, hashlib, hmac, http.client, json, sys, threading, time, urllib.parse
    url, secret = urllib.parse.urlsplit(sys.argv[1]), sys.argv[2]
    STRUCTURED = {"content-type": "application/cloudevents+json"}
    BATCHED = {"content-type": "application/cloudevents-batch+json"}

    def post(headers, body, path="/events", method="POST"):
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()

    def signed(headers, body, ago=0, id="m"):
        stamp = str(int(time.time()) - ago)
        key = base64.b64decode(secret[len("whsec_"):])
        code = hmac.digest(key, f"{id}.{stamp}.".encode() + body, hashlib.sha256)
        return {**headers, "webhook-id": id, "webhook-timestamp": stamp,
                "webhook-signature": "v1," + base64.b64encode(code).decode()}

    def binary(id, type="Placed"):
        return {"content-type": "application/json", "ce-specversion": "1.0", "ce-id": id, "ce-source": "/shop", "ce-type": type}

    def event(id, type="Placed", **more):
        return {"specversion": "1.0", "id": id, "source": "/shop", "type": type, "subject": "k", "data": {"n": 1}, **more}

    def send(what):
        body = json.dumps(what).encode()
        return post(signed(BATCHED if isinstance(what, list) else STRUCTURED, body), body)


    """
}
