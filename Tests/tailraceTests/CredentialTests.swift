// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct Credentials {
    @Test func `a bearer token is read again when its file changes, also between two attempts`() throws {
      try withDatabase { database in
        let server = try WebServer { $0.headers["authorization"] == "Bearer second-token" ? .init(200) : .init(503) }
        defer { server.close() }
        let file = database.files.file("token")
        try "first-token\n".write(toFile: file, atomically: true, encoding: .utf8)
        try database.psql("SELECT place(1);")
        let stream = try database.stream(to: server, ["--bearer-token-file", file])
        try wait(until: "it tries with the first") { server.requests.count >= 2 }
        #expect(server.requests.allSatisfy { $0.headers["authorization"] == "Bearer first-token" })
        try "second-token\n".write(toFile: file, atomically: true, encoding: .utf8)
        try wait(until: "the second is accepted") { server.taken.count == 1 }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
        #expect(!stream.errors.text.contains("-token\""))
        #expect(!stream.errors.text.contains("first-token") && !stream.errors.text.contains("second-token"))
      }
    }

    @Test func `headers, a user with a password, and the idempotency key go along with every attempt`() throws {
      try withDatabase { database in
        let server = try WebServer { .init($0.number == 1 ? 500 : 200) }
        defer { server.close() }
        let (headers, user) = (database.files.file("headers"), database.files.file("user"))
        try "# ours\nX-Tenant: blue\n\nX-Api-Key: se:cret\n".write(toFile: headers, atomically: true, encoding: .utf8)
        try "aladdin:open sesame\n".write(toFile: user, atomically: true, encoding: .utf8)
        try database.psql("SELECT place(1);")
        let stream = try database.stream(
          to: server, ["--header-file", headers, "--basic-auth-file", user, "--idempotency-key", "--until", "now"])
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        #expect(server.requests.count == 2)
        for request in server.requests {
          #expect(request.headers["x-tenant"] == "blue")
          #expect(request.headers["x-api-key"] == "se:cret")
          #expect(request.headers["authorization"] == "Basic \(Data("aladdin:open sesame".utf8).base64EncodedString())")
          #expect(request.headers["idempotency-key"] == request.events.first?.id)
        }
      }
    }

    @Test(arguments: ["--bearer-token-file", "--basic-auth-file", "--header-file", "--signing-secret-file"])
    func `a file of credentials that is missing or makes no sense is an error that names it, not its content`(
      option: String
    ) throws {
      try withDatabase { database in
        let file = database.files.file("credentials")
        let missing = try database.stream(["--sink", "https://127.0.0.1/", option, file])
        #expect(try missing.exitCode(within: 10) == 78, "\(missing.errors.text)")
        #expect(missing.complaint?.contains(file) == true, "\(missing.errors.text)")
        guard option != "--bearer-token-file" else { return }
        try "hush-hush\n".write(toFile: file, atomically: true, encoding: .utf8)
        let senseless = try database.stream(["--sink", "https://127.0.0.1/", option, file])
        #expect(try senseless.exitCode(within: 10) == 78, "\(senseless.errors.text)")
        #expect(senseless.complaint?.contains(file) == true)
        #expect(!senseless.errors.text.contains("hush-hush"))
      }
    }

    @Test(.enabled(if: PythonPackages.isAvailable, "needs python3 with pip"))
    func `other implementations accept every signature and read every event, in all modes`() throws {
      let packages = try PythonPackages("webhooks")
      defer { packages.remove() }
      let secrets = [Data((0..<24).map { $0 &* 7 }), Data((0..<32).map { 255 - $0 })]
        .map { "whsec_\($0.base64EncodedString())" }
      for mode in ["structured", "binary", "batch"] {
        try withDatabase { database in
          // Every other request fails first, so that attempts are signed too.
          let server = try WebServer { .init($0.number % 2 == 1 ? 500 : 200) }
          defer { server.close() }
          let file = database.files.file("secrets")
          try secrets.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
          try database.psql(
            """
            SELECT place(n, 'k' || n % 3) FROM generate_series(1, 20) n;
            INSERT INTO outbox (aggregateid, type, payload) VALUES
              ('ключ "%" 🚰', 'Gäste geladen', '{"n": 21, "text": "schön\\u2028 🎉 \\"q\\" \\\\"}'), ('none', 'Empty', NULL),
              ('list', 'L', '[1, 2.50, null]'), ('text', 'T', '"just text"');
            """)
          let stream = try database.stream(
            to: server,
            ["--http-mode", mode, "--signing-secret-file", file, "--until", "now"]
              + (mode == "batch" ? ["--batch-size", "4"] : []))
          #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
          let requests = database.files.file("requests.json")
          try JSONEncoder().encode(server.requests).write(to: URL(fileURLWithPath: requests))
          let read = try packages.run(Self.reader, [requests] + secrets).wholeLines
          let rows = try database.psql(
            """
            SELECT json_build_array(id, type, aggregateid, payload) FROM outbox
            """
          ).split(separator: "\n").map { try Self.normalized(String($0)) }
          #expect(try read.map(Self.normalized).sorted() == rows.sorted())
        }
      }
    }

    /// JSON in one way of writing.
    private static func normalized(_ text: String) throws -> String {
      let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
      return String(decoding: try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys]), as: UTF8.self)
    }

    /// Verifies every request with each secret alone, and prints the events of those that were taken.
    private static let reader = """
      import json, sys
      from cloudevents.core.bindings.http import HTTPMessage, from_http_event
      from standardwebhooks import Webhook
      for request in json.load(open(sys.argv[1])):
          headers, body = request["headers"], request["body"]
          for secret in sys.argv[2:]:
              Webhook(secret).verify(body, headers, json_parse=False)
          if request["status"] != 200:
              continue
          if headers.get("content-type", "").startswith("application/cloudevents-batch+json"):
              kind = {"content-type": "application/cloudevents+json"}
              messages = [HTTPMessage(kind, json.dumps(event).encode()) for event in json.loads(body)]
          else:
              messages = [HTTPMessage(headers, body.encode())]
          for event in map(from_http_event, messages):
              data = event.get_data()
              if isinstance(data, (bytes, bytearray)):
                  data = json.loads(data) if data else None
              print(json.dumps([event.get_id(), event.get_type(), event.get_subject(), data]))
      """
  }
}

/// Packages for python3 in a directory of their own.
struct PythonPackages {
  static let isAvailable =
    (try? ChildProcess.run("/usr/bin/env", ["python3", "-m", "pip", "--version"])) != nil

  private let directory: TemporaryDirectory

  /// Installs what `Scripts/requirements/NAME.txt` lists, each with its hash.
  init(_ name: String) throws {
    directory = try TemporaryDirectory()
    let requirements = URL(fileURLWithPath: #filePath)
      .appendingPathComponent("../../../Scripts/requirements/\(name).txt").standardizedFileURL.path
    _ = try ChildProcess.run(
      "/usr/bin/env",
      ["python3", "-m", "pip", "install", "-q", "--no-compile", "--disable-pip-version-check", "--require-hashes"]
        + ["--only-binary", ":all:", "--target", directory.path, "-r", requirements], within: 180)
  }

  /// Where Python finds them.
  var path: String { directory.path }

  func remove() { directory.remove() }

  /// Runs a program and returns what it prints.
  func run(_ program: String, _ arguments: [String]) throws -> String {
    try ChildProcess.run("/usr/bin/env", ["PYTHONPATH=\(directory.path)", "python3", "-c", program] + arguments)
  }
}
