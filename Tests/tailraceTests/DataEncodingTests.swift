// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Data that is encoded where it leaves.
  @Suite struct DataEncoding {
    private static let files = ["Placed/1.avsc": ContractFiles.avro]

    private func options(_ receiver: WebServer, _ path: String, _ more: [String] = []) -> [String] {
      ["--sink", receiver.url, "--http-mode", "binary", "--contracts", path, "--encode", "avro"] + more
    }

    @Test func `an event leaves encoded, and is kept and redriven from its JSON`() throws {
      try withDatabase { database in
        let path = try database.files.contracts(Self.files)
        let refusing = try WebServer { _ in .init(400) }
        defer { refusing.close() }
        let place = "file:\(database.files.file("letters"))"
        try database.psql("SELECT place(1);")
        let stream = try database.stream(
          ["--until", "now", "--on-poison", "dead-letter", "--dead-letters", place] + options(refusing, path))
        #expect(try stream.exitCodeAfterAllOutput() == 0, "\(stream.errors.text)")
        let show = try database.deadLetters(["list"], at: place)
        #expect(show.output.lines.count >= 1)
        let letters = try String(contentsOfFile: database.files.file("letters"), encoding: .utf8)
        #expect(letters.contains(#""datacontenttype":"application/json","data":{"n": 1}"#), "\(letters)")
        let receiver = try WebServer()
        defer { receiver.close() }
        let redrive = try database.deadLetters(["redrive", "--all"] + options(receiver, path), at: place)
        #expect(try redrive.exitCode() == 0, "\(redrive.errors.text)")
        for request in [refusing.requests.first, receiver.requests.first] {
          #expect(request?.headers["content-type"] == "application/avro" && request?.headers["content-length"] == "11")
          #expect(request?.body.utf8.last == 2)
        }
      }
    }

    @Test func `a registry that comes up later is waited for, and is not asked again`() throws {
      try withDatabase { database in
        let path = try database.files.contracts(Self.files)
        let registry = try WebServer { request in
          request.number < 3 ? .init(503) : .init(200, body: #"{"subject":"Placed","version":1,"id":258}"#)
        }
        let receiver = try WebServer()
        defer { receiver.close() }
        let more = ["--registry", "http://127.0.0.1:\(registry.port)", "--registry-subject", "record"]
        let stream = try database.stream(options(receiver, path, more))
        try wait(until: "it has asked") { registry.requests.count == 3 }
        try database.waitUntilStreaming()
        registry.close()
        try database.psql("SELECT place(1); SELECT place(2);")
        try wait(until: "both are there") { receiver.requests.count == 2 }
        #expect(stream.messages.contains { $0.contains("status 503; trying again") }, "\(stream.errors.text)")
        #expect(
          receiver.requests.allSatisfy { $0.headers["content-length"] == "6" && $0.body.hasPrefix("\0\0\0\u{1}\u{2}") })
        #expect(registry.requests.allSatisfy { $0.body.contains(#"{"schema":"{\"type\": \"record\""#) })
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
      }
    }

    @Test(arguments: [
      (
        404, #"{"error_code": 40403}"#, [], Int32(78),
        "under the subject Placed; register it there, or have it done with --registry-register"
      ),
      (404, "<html>", [], 78, "does not know what subjects are"),
      (307, "", [], 78, "name the address that it leads to"),
      (401, "{}", [], 78, "does not let us in, with status 401"), (503, "{}", ["--no-retry"], 69, "status 503"),
      (422, "{}", [], 78, "with status 422"), (200, "{}", [], 78, "answers without an id"),
      (200, #"{"id": 2147483648}"#, [], 78, "answers without an id"),
      (200, #"{"id": 5, "subject": "other"}"#, [], 78, "answers for another subject"),
    ])
    func `what a registry says ends it at its start, with the reason`(
      status: Int, body: String, more: [String], code: Int32, words: String
    ) throws {
      try withDatabase { database in
        let path = try database.files.contracts(Self.files)
        let registry = try WebServer { _ in .init(status, body: body) }
        defer { registry.close() }
        let receiver = try WebServer()
        defer { receiver.close() }
        let more = more + ["--registry", "http://127.0.0.1:\(registry.port)", "--registry-subject", "record"]
        let stream = try database.stream(options(receiver, path, more))
        #expect(try stream.exitCodeAfterAllOutput() == code)
        #expect(stream.errors.text.contains(words), "\(stream.errors.text)")
      }
    }

    @Test func `bytes that are encoded already pass, and others are poison`() throws {
      let schema = OutboxDatabase.schema + "ALTER TABLE outbox ALTER payload TYPE bytea USING NULL;"
      try withDatabase(15, schema) { database in
        let path = try database.files.contracts(Self.files)
        try database.psql(
          """
          INSERT INTO outbox (aggregateid, type, payload) VALUES ('a', 'Placed', '\\xc3015dbcce2eb2510f4602'),
            ('b', 'Placed', '\\xc301000000000000000002'), ('c', 'Placed', '\\x7b226e223a20317d'), ('d', 'Placed', ''),
            ('e', 'Other', '\\x02');
          """)
        let receiver = try WebServer()
        defer { receiver.close() }
        let letters = ["--on-poison", "dead-letter", "--dead-letters", "file:\(database.files.file("letters"))"]
        let stream = try database.stream(["--until", "now"] + letters + options(receiver, path))
        #expect(try stream.exitCodeAfterAllOutput() == 0, "\(stream.errors.text)")
        #expect(receiver.requests.map { $0.headers["ce-subject"] } == ["a"])
        #expect(receiver.requests.first?.headers["content-type"] == "application/avro")
        let told = stream.messages.filter { $0.contains("went to the dead letters: ") }
        #expect(
          told.count(where: { $0.contains("they do not begin with the fingerprint of its schema") }) == 3, "\(told)")
        #expect(told.count(where: { $0.contains("there is no contract for its type") }) == 1)
      }
    }

    @Test func `what cannot work is said before anything is opened`() throws {
      let files = try TemporaryDirectory()
      defer { files.remove() }
      let path = try files.contracts(["Placed/1.avsc": ContractFiles.avro])
      let sink = ["--slot", "s", "--sink", "https://x.example/", "--http-mode", "binary"]
      let registry = ["--registry", "https://y.example"]
      for (options, words) in [
        (sink + ["--encode", "avro"], "needs --contracts DIRECTORY"),
        (["--slot", "s", "--contracts", path, "--encode", "avro"], "in binary mode alone"),
        (Array(sink.prefix(4)) + ["--contracts", path, "--encode", "avro"], "it needs --http-mode binary"),
        (sink + ["--contracts", path, "--encode", "json-schema"], "it needs --registry URL"),
        (sink + ["--contracts", path] + registry, "needs --encode avro"),
        (sink + ["--contracts", path, "--encode", "avro"] + registry, "--registry-subject record"),
        (sink + ["--contracts", path, "--encode", "avro", "--registry", "http://y.example"], "--allow-plain-registry"),
        (sink + ["--contracts", path, "--encode", "avro", "--registry-register"], "needs --registry URL"),
        (sink + ["--contracts", path, "--encode", "avro", "--contracts-policy", "warn"], "cannot be encoded by it"),
      ] {
        let child = try ChildProcess(
          Tailrace.path, ["stream", "--publication", "p", "--table", "public.outbox"] + options)
        #expect(try child.exitCodeAfterAllOutput() == 64)
        #expect(child.errors.text.contains(words), "\(options): \(child.errors.text)")
      }
    }
  }
}
