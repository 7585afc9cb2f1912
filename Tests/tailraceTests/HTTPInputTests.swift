// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestStream
import Testing

extension Integration {
  /// Rows, options and files that a request cannot carry, or that make no sense.
  @Suite struct HTTPInput {
    @Test(arguments: ["binary", "structured", "batch"])
    func `a value that no header field can hold is poison, not a crash`(mode: String) throws {
      try withDatabase(
        15, OutboxDatabase.schema + "ALTER TABLE outbox ADD tenant text, ADD traceparent text, ADD headers jsonb;"
      ) { database in
        let server = try WebServer()
        defer { server.close() }
        let long = "repeat('x', 66000)"
        try database.psql(
          """
          SELECT place(1);
          INSERT INTO outbox (aggregateid, payload, tenant) VALUES ('t', '{"n": 2}', \(long));
          INSERT INTO outbox (aggregateid, payload, traceparent) VALUES ('p', '{"n": 3}', \(long));
          INSERT INTO outbox (aggregateid, payload, headers) VALUES ('h', '{"n": 4}', jsonb_build_object('x', \(long)));
          INSERT INTO outbox (aggregateid, payload) VALUES (\(long), '{"n": 5}');
          INSERT INTO outbox (aggregateid, payload, type) VALUES ('y', '{"n": 6}', \(long));
          INSERT INTO outbox (aggregateid, payload, headers) SELECT 'm', '{"n": 7}', jsonb_object_agg('h' || n, 'x')
            FROM generate_series(1, 20000) n;
          SELECT place(8);
          """)
        let place = "file:\(database.files.file("letters"))"
        let options = ["--attribute", "tenant=tenant", "--http-mode", mode, "--until", "now"]
        let stream = try database.stream(
          to: server, options + ["--on-poison", "dead-letter", "--dead-letters", place])
        #expect(try stream.exitCode(within: 60) == 0, "\(stream.errors.text)")
        let kept = try database.deadLetters(["list"], at: place).output.lines.dropFirst()
        #expect(server.taken.count + kept.count == 8)
        #expect(server.taken.numbers.contains(1) && server.taken.numbers.contains(8))
        if mode == "binary" { #expect(kept.count == 6, "\(kept)") }
        #expect(
          kept.allSatisfy { $0.contains("header fields take") || $0.contains("more than 1000 members") }, "\(kept)")
        guard mode == "binary" else { return }
        try database.psql("INSERT INTO outbox (aggregateid, payload, tenant) VALUES ('t', '{}', \(long));")
        let strict = try database.stream(to: server, options)
        #expect(try strict.exitCode() == 65, "\(strict.errors.text)")
        #expect(strict.complaint?.contains("header fields take") == true)
      }
    }

    @Test(arguments: [
      ["--sink", "http://127.0.0.1:0/"], ["--sink", "http://127.0.0.1:65536/"],
      ["--sink", "http://127.0.0.1:99999999999999999999/"], ["--sink", "https://[::1]:70000/"],
      ["--sink", "http://127.0.0.1:-1/"], ["--sink", "http://u:pass%zz@127.0.0.1/"],
      ["--max-in-flight", "99999999999"],
      ["--max-attempts", "-1"], ["--max-attempts", "99999999999999999999"], ["--batch-size", "0"],
      ["--batch-bytes", "99999999999GiB"], ["--in-flight-bytes", "0"], ["--in-flight-bytes", "-1"],
      ["--connect-timeout", "9999999h"], ["--total-timeout", "99999999999999s"], ["--response-timeout", "0s"],
      ["--batch-linger", "1h"], ["--max-age", "forever"], ["--retry-status", "99"], ["--final-status", "400-9999"],
      ["--tls-minimum", "0.9"],
    ])
    func `an option that makes no sense is wrong use`(options: [String]) throws {
      let sink = options[0] == "--sink" ? [] : ["--sink", "http://127.0.0.1:1/"]
      let child = try ChildProcess(
        Tailrace.path,
        ["stream", "--database", "host=127.0.0.1 port=1", "--publication", "p", "--slot", "s"] + sink + options)
      #expect(try child.exitCode(within: 20) == 64, "\(child.errors.text)")
      #expect(!child.errors.text.contains("pass%zz"))
    }

    @Test func `whatever is set, and to however much, nothing traps`() throws {
      let files = try TemporaryDirectory()
      defer { files.remove() }
      let dump = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fixtures/pg15/orders.dump").path
      let server = try WebServer { _ in .init([200, 204, 200, 503, 429].randomElement() ?? 200) }
      defer { server.close() }
      let spans = ["1us", "1ms", "999999999us", "8000000h", "366000d", "999999999s", "999999999m"]
      let values: [(String, [String])] = [
        ("--connect-timeout", spans), ("--write-timeout", spans), ("--response-timeout", spans),
        ("--total-timeout", spans), ("--max-age", spans), ("--batch-linger", spans),
        ("--max-attempts", ["1", "2", "9223372036854775807"]), ("--max-in-flight", ["1", "10000"]),
        ("--batch-size", ["1", "100000"]), ("--batch-bytes", ["1", "8589934591GiB", "9223372036854775807"]),
        ("--in-flight-bytes", ["1", "9223372036854775807"]), ("--http-mode", ["binary", "structured", "batch"]),
        ("--retry-status", ["300-599"]), ("--final-status", ["300-599", "429"]),
      ]
      var randomness = Randomness(seed: 56)
      for round in 0..<40 {
        var arguments = ["replay", dump, "--sink", server.url, "--on-poison", "dead-letter"]
        arguments += ["--dead-letters", "file:\(files.file("letters-\(round)"))"]
        let chosen = values.shuffled(using: &randomness).prefix(Int.random(in: 1...5, using: &randomness))
          .compactMap { option, values in values.randomElement(using: &randomness).map { [option, $0] } }
        // What would be tried for long is given up.
        if !chosen.contains(where: { $0[0] == "--max-attempts" }) { arguments += ["--max-attempts", "3"] }
        arguments += chosen.flatMap(\.self) + ["--drain-timeout", "1s"]
        let child = try ChildProcess(Tailrace.path, arguments)
        defer { try? child.kill9() }
        let isOver = (try? child.exitCode(within: 3)) != nil
        if !isOver { child.signal(SIGINT) }
        let code = try child.exitCode(within: 40)
        let expected: Set<Int32> = isOver ? [0, 64, 65, 74, 78] : [0, 64, 65, 69, 74, 78]
        #expect(expected.contains(code), "\(arguments): \(code) \(child.errors.text)")
      }
    }

    @Test func `a bearer file with two lines is refused at the start, and never shown`() throws {
      try withDatabase { database in
        let server = try WebServer()
        defer { server.close() }
        let file = database.files.file("token")
        for text in ["hush-1\nhush-2\n", "", "hush hush\n"] {
          try text.write(toFile: file, atomically: true, encoding: .utf8)
          let stream = try database.stream(to: server, ["--bearer-token-file", file])
          #expect(try stream.exitCode(within: 10) == 78)
          #expect(stream.complaint?.contains(file) == true && !stream.errors.text.contains("hush"))
        }
        #expect(server.requests.isEmpty)
      }
    }
  }
}
