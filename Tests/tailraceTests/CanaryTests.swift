// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Passwords, tokens and rows that hold a canary: wherever they are given and whatever becomes of them, nobody who reads
  /// messages, reasons or argument lists hears it.
  @Suite struct Canaries {
    /// With whatever means something to somebody who reads it.
    private static let password = #"ca@na;r'y "\%/:#?=&canary"#
    private static let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]

    /// Whether something sings, also in the form in which it goes over the wire.
    private func expectSilence(_ text: String, _ what: String, sourceLocation: SourceLocation = #_sourceLocation) {
      for form in ["canary", "Y2FuYXJ5", "jYW5hcn", "NhbmFye"] {
        #expect(!text.contains(form), "\(what): \(text)", sourceLocation: sourceLocation)
      }
    }

    /// Runs it to its end; it has said nothing of the canary.
    @discardableResult
    private func silent(
      _ child: ChildProcess, ends codes: Int32..., what: String = "", isOutputSilent: Bool = true
    ) throws -> ChildProcess {
      let code = try child.exitCodeAfterAllOutput(within: 60)
      #expect(codes.contains(code), "\(what): \(code) \(child.errors.text)")
      expectSilence(child.errors.text, what)
      if isOutputSilent { expectSilence(child.output.text, what) }
      return child
    }

    /// What other users of the machine see of it: what was typed, and no program beside it.
    private func expectPlainArguments(_ child: ChildProcess) throws {
      let arguments = try Data(contentsOf: URL(filePath: "/proc/\(child.pid)/cmdline"))
      expectSilence(String(decoding: arguments, as: UTF8.self), "arguments")
      #expect(try ProcessFacts.children(child.pid).isEmpty)
    }

    private struct Way {
      let name: String
      var database: String?
      var environment: [String: String] = [:]
    }

    /// Every way in which people give a password to libpq.
    private func ways(_ database: OutboxDatabase, _ role: String, _ password: String) throws -> [Way] {
      let place = "host=127.0.0.1 port=\(database.server.port) dbname=\(database.name) user=\(role)"
      let host = "127.0.0.1:\(database.server.port)/\(database.name)"
      let encoded = password.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
      let quoted = password.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
      let escaped = password.replacing("\\", with: "\\\\").replacing(":", with: "\\:")
      func file(_ name: String, _ text: String) throws -> String {
        let path = database.files.file("\(name).\(UUID().uuidString)")
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        return path
      }
      let passwords = try file("passwords", "127.0.0.1:*:*:\(role):\(escaped)\n")
      let lines = place.replacing(" ", with: "\n")
      let services = try file("services", "[orders]\n\(lines)\npassword=\(password)\n")
      return [
        Way(name: "words", database: "\(place) password='\(quoted)'"),
        Way(name: "URI", database: "postgresql://\(role):\(encoded)@\(host)"),
        Way(name: "query", database: "postgresql://\(host)?user=\(role)&password=\(encoded)"),
        Way(name: "variable", environment: ["TAILRACE_DATABASE": "postgres://\(role):\(encoded)@\(host)"]),
        Way(name: "PGPASSWORD", database: place, environment: ["PGPASSWORD": password]),
        Way(name: "passfile", database: "\(place) passfile=\(passwords)"),
        Way(name: "PGPASSFILE", database: place, environment: ["PGPASSFILE": passwords]),
        Way(name: "service", database: "service=orders", environment: ["PGSERVICEFILE": services]),
        Way(name: "PGSERVICE", environment: ["PGSERVICEFILE": services, "PGSERVICE": "orders"]),
      ]
    }

    @Test func `a password is said nowhere, however it is given, right or wrong, whatever is done and at each level`()
      throws
    {
      try withDatabase { database in
        let literal = Self.password.replacing("'", with: "''")
        let options = "LOGIN REPLICATION PASSWORD '\(literal)' IN ROLE secretive"
        try database.withRole(options) { role in
          try database.psql(
            """
            GRANT CREATE ON DATABASE \(database.name) TO \(role); ALTER TABLE outbox OWNER TO \(role);
            CREATE SCHEMA letters AUTHORIZATION \(role);
            """)
          defer { _ = try? database.psql("REASSIGN OWNED BY \(role) TO postgres; DROP OWNED BY \(role);") }
          let recording = database.files.file("recording")
          let names = ["--publication", "events", "--slot", database.slot]
          let letters = ["--dead-letters", "table:letters.dead"]
          func commands(_ level: String) -> [[String]] {
            [
              ["setup"] + names + ["--dead-letter-table", "letters.dead"], ["setup"] + names + ["--dry-run"],
              ["capture"] + names + ["--until", "now", "--output", recording, "--log-level", level],
              ["stream"] + names + ["--until", "now", "--on-poison", "dead-letter", "--log-level", level] + letters
                + ["--sink", "file:\(database.file)"],
              ["replay", recording, "--on-poison", "dead-letter", "--log-level", level] + letters,
              ["dead-letters", "list"] + letters, ["dead-letters", "drop", "--all"] + letters,
              ["dead-letters", "redrive", "--all", "--log-level", level] + letters,
              ["teardown"] + names + ["--dry-run"],
            ]
          }
          func run(_ command: [String], _ way: Way, _ codes: Int32...) throws {
            var (command, environment) = (command, way.environment)
            if command[0] == "capture" { try? FileManager.default.removeItem(atPath: recording) }
            if let given = way.database {
              // A recording has no option for it.
              if command[0] == "replay" {
                environment["TAILRACE_DATABASE"] = given
              } else {
                command += ["--database", given]
              }
            }
            let child = try database.tailrace(command, environment: environment)
            let code = try child.exitCodeAfterAllOutput(within: 60)
            #expect(codes.contains(code), "\(way.name), \(command): \(code) \(child.errors.text)")
            expectSilence(child.errors.text + child.output.text, "\(way.name), \(command)")
          }
          let short = ["setup", "stream", "dead-letters"]
          for (number, way) in try ways(database, role, Self.password).enumerated() {
            for command in commands("trace") where number < 2 || short.contains(command[0]) { try run(command, way, 0) }
          }
          let way = try ways(database, role, Self.password)[0]
          for level in Self.levels {
            for command in commands(level) where command.contains(level) { try run(command, way, 0) }
          }
          for way in try ways(database, role, "wrong \(Self.password)") {
            for command in commands("trace") where short.contains(command[0]) {
              try run(command, way, 77)
            }
          }

          for name in try FileManager.default.contentsOfDirectory(atPath: database.files.path) {
            guard !name.hasPrefix("passwords"), !name.hasPrefix("services") else { continue }
            let content = try Data(contentsOf: URL(filePath: database.files.file(name)))
            expectSilence(String(decoding: content, as: UTF8.self), name)
          }

          let given = try ways(database, role, Self.password)[4]
          let stream = try database.tailrace(
            ["stream", "--log-level", "trace", "--database", given.database ?? ""] + names,
            environment: given.environment)
          try database.waitUntilStreaming()
          try expectPlainArguments(stream)
          stream.signal(SIGTERM)
          try silent(stream, ends: 0)
        }
      }
    }

    /// Settings of a receiver: options, and the content of the file that the last of them names.
    private static let credentials = [
      ("--header-file", "X-Key: canary\nAuthorization: Bearer canary"), ("--bearer-token-file", "canary"),
      ("--basic-auth-file", "canary:canary"), ("--signing-secret-file", "whsec_canarycanarycanarycanarycanarycanary"),
    ]

    @Test(arguments: ["address"] + credentials.map(\.0))
    func `a receiver that knows who we are and says it aloud makes nobody else hear it`(way: String) throws {
      let file = Self.credentials.first { $0.0 == way }
      let said = Counter()
      let server = try WebServer { request in
        // Everything that it was told, in every place of an answer.
        let all = request.headers.map { "\($0.key)=\($0.value)" }.joined(separator: "&")
        let echo = [
          "location": "http://canary:canary@127.0.0.1/x;canary?\(all)#canary", "retry-after": "canary", "x-key": all,
        ]
        let status = [500, 401, 302, 429, 404, 503, 422][(said.next() - 1) % 7]
        return .init(request.number > 7 && !request.holds(1) ? 200 : status, headers: echo, body: all)
      }
      defer { server.close() }
      try withDatabase { database in
        var address = server.url
        var options = ["--log-level", "trace"]
        if let file {
          let path = database.files.file("secret")
          try file.1.write(toFile: path, atomically: false, encoding: .utf8)
          options += [way, path]
        } else {
          address = server.url.replacing("http://", with: "http://canary:canary@") + ";canary?token=canary"
        }
        try database.psql("SELECT place(1);")
        let place = "file:\(database.files.file("letters"))"
        let poison = ["--on-poison", "dead-letter", "--dead-letters", place]
        let stream = try database.stream(["--sink", address] + options + poison)
        try wait(until: "it became a letter", within: 60) { stream.messages.contains { $0.contains("dead letter") } }
        if file != nil { try expectPlainArguments(stream) }
        for (_, text) in [file ?? ("", "")] where !text.isEmpty {
          // It goes bad while it is used.
          try "canary canary\u{1}\n".write(toFile: options[3], atomically: true, encoding: .utf8)
          try database.psql("SELECT place(2, 'b');")
          try wait(until: "the next is delivered", within: 60) { server.taken.numbers.contains(2) }
          try text.write(toFile: options[3], atomically: true, encoding: .utf8)
        }
        stream.signal(SIGTERM)
        try silent(stream, ends: 0, what: way)
        for arguments in [["list"], ["list", "--json"], ["redrive", "--all", "--sink", address] + options] {
          try silent(try database.deadLetters(arguments, at: place), ends: 0, 65, what: "\(way), \(arguments[0])")
        }
      }
    }

    private static let malformedFiles = [
      (
        "--header-file",
        ["canary", "X-Key canary", "Host: canary", "X Key: canary", "X-Key: canary\u{1}", "\u{FEFF}A: canary"]
      ),
      ("--bearer-token-file", ["canary canary", "canary\ncanary", "\u{FEFF}canary", "canäry canary"]),
      ("--basic-auth-file", ["canary", "a:canary\ncanary", "\u{FEFF}a:canary"]),
      ("--signing-secret-file", ["canary", "whsec_canary", "whsec_canary!", "canarycanarycanarycanarycanarycanary"]),
    ]

    @Test(arguments: malformedFiles)
    func `of a malformed file of secrets nothing is said`(option: String, contents: [String]) throws {
      let files = try TemporaryDirectory()
      defer { files.remove() }
      let (file, letters) = (files.file("secret"), files.file("letters"))
      try "".write(toFile: letters, atomically: false, encoding: .utf8)
      for content in contents {
        try content.write(toFile: file, atomically: false, encoding: .utf8)
        let sink = ["--log-level", "trace", "--sink", "http://127.0.0.1:1/", option, file]
        let place = ["--dead-letters", "file:\(letters)", "--all"]
        for command in [["replay", Self.emptyDump(files)], ["dead-letters", "redrive"] + place] {
          let child = try ChildProcess(Tailrace.path, command + sink)
          // Without a letter no sink is made.
          try silent(child, ends: 78, command[0] == "replay" ? 78 : 0, what: "\(option) \(content)")
        }
      }
    }

    private static func emptyDump(_ files: TemporaryDirectory) -> String {
      let path = files.file("dump")
      _ = FileManager.default.createFile(atPath: path, contents: Data())
      return path
    }

    @Test(arguments: [
      "http://a:can ary canary@127.0.0.1/", "http://a:canary@", "http://a:canary#@127.0.0.1/",
      "http:/a:canary@127.0.0.1/",
      "http://a:%zzcanary@127.0.0.1/", "http//a:canary@127.0.0.1/", "htps://a:canary@127.0.0.1/", "a:canary@127.0.0.1",
      "http://a:canary@127.0.0.1:canary/", "http://127.0.0.1:1/%xcanary", "http://127.0.0.1:1/\u{1B}canary",
      "http://a:canary@b@127.0.0.1:1/ ", "http://a:canary@receiver.example/", "'http://a:canary@127.0.0.1/'",
      "http://a:canary@127.0.0.1:99999/", "http://[canary]/", "https://a:canary\\@127.0.0.1/",
      "file:canary\u{0A}canary",
    ])
    func `of a malformed address nothing is said`(address: String) throws {
      let names = ["--database", "host=127.0.0.1 port=1", "--publication", "p", "--slot", "s"]
      for command in [
        ["stream", "--no-retry", "--log-level", "trace"] + names, ["replay", "/dev/null", "--log-level", "trace"],
        ["dead-letters", "redrive", "--all", "--dead-letters", "file:/dev/null", "--log-level", "trace"],
      ] where !address.hasPrefix("file:") {
        try silent(try ChildProcess(Tailrace.path, command + ["--sink", address]), ends: 64, what: address)
      }
    }

    private static let table = """
      CREATE TABLE outbox (id text DEFAULT 'canary-id', aggregatetype text DEFAULT 'canary-aggregate', aggregateid text DEFAULT
        'canary-key', type text DEFAULT 'canary-type', payload text DEFAULT '{"canary": "canary"}', headers text,
        occurred_at timestamptz, traceparent text DEFAULT 'canary', tracestate text DEFAULT 'canary', version text DEFAULT '1');
      ALTER TABLE outbox REPLICA IDENTITY FULL;
      CREATE PUBLICATION events FOR TABLE outbox;
      """

    /// Each cannot become an event.
    private static let badRows = [
      "INSERT INTO outbox (id) VALUES (NULL)", "INSERT INTO outbox (type) VALUES (NULL)",
      "INSERT INTO outbox (aggregateid) VALUES (NULL)", "INSERT INTO outbox (aggregatetype) VALUES (NULL)",
      "INSERT INTO outbox (type) VALUES ('')", "INSERT INTO outbox (id) VALUES ('')",
      "INSERT INTO outbox (occurred_at) VALUES ('infinity')", "INSERT INTO outbox (headers) VALUES ('canary')",
      #"INSERT INTO outbox (headers) VALUES ('["canary"]')"#,
      #"INSERT INTO outbox (headers) VALUES ('{"a": "\ud800canary"}')"#,
      #"INSERT INTO outbox (headers) VALUES ('{"a": "canary", "a": canary}')"#,
      #"INSERT INTO outbox (headers) VALUES ('{"a-b": "canary", "ab": "canary"}')"#,
      #"INSERT INTO outbox (headers) VALUES ('{"": "canary"}')"#,
      "INSERT INTO outbox (headers) SELECT json_object_agg('a' || n, 'canary') FROM generate_series(1, 1001) n",
      #"INSERT INTO outbox (payload) VALUES ('{"canary')"#,
      "SELECT pg_logical_emit_message(true, 'outbox', 'canary')",
      #"SELECT pg_logical_emit_message(true, 'outbox', '{"type": "canary", "id": "\ud800canary", "data": "canary"}')"#,
      #"SELECT pg_logical_emit_message(true, 'outbox', '{"type": ["canary"], "key": "canary"}')"#,
      #"SELECT pg_logical_emit_message(true, 'outbox', '{"data": canary}')"#,
      "UPDATE outbox SET type = 'canary-2'", "DELETE FROM outbox", "TRUNCATE outbox",
    ]

    private static let strict = [
      "--message-prefix", "outbox", "--table", "outbox", "--payload-type", "json", "--log-level", "trace",
    ]

    @Test func `of a row that stops the stream nothing is heard but its columns' names`() throws {
      try withDatabase(15, Self.table) { database in
        for sql in Self.badRows {
          try database.psql("\(sql);")
          let fail = ["--on-bad-header", "fail", "--on-change", "fail"]
          try silent(try database.stream(["--until", "now"] + Self.strict + fail), ends: 65, what: sql)
          try database.psql("SELECT pg_replication_slot_advance('\(database.slot)', pg_current_wal_lsn());")
        }
      }
    }

    @Test(arguments: ["file", "table"])
    func `in a bad row's letter the row stands, and in its reason nothing of it`(kind: String) throws {
      try withDatabase(15, Self.table) { database in
        // One that publishes changes would be refused.
        let other = ["--database", database.connection, "--publication", "more", "--slot", "\(database.slot)_2"]
        try silent(try database.tailrace(["setup", "--dead-letter-table", "public.letters"] + other), ends: 0)
        let place = kind == "file" ? "file:\(database.files.file("letters"))" : "table:public.letters"
        for sql in Self.badRows { try database.psql("\(sql);") }
        let recording = database.files.file("recording")
        let capture = try database.tailrace(
          ["capture"] + database.names + ["--message-prefix", "outbox", "--until", "now", "--output", recording]
            + ["--log-level", "trace"])
        try silent(capture, ends: 0)
        try silent(try database.tailrace(["inspect", recording]), ends: 0, isOutputSilent: false)
        try silent(try database.tailrace(["teardown"] + database.names + ["--message-prefix", "outbox"]), ends: 78)
        let keep = Self.strict + ["--on-poison", "dead-letter", "--dead-letters", place]
        let replay = try database.tailrace(
          ["replay", recording] + keep, environment: ["TAILRACE_DATABASE": database.connection])
        try silent(replay, ends: 0, isOutputSilent: false)
        try silent(try database.stream(["--until", "now"] + keep), ends: 0, isOutputSilent: false)
        struct Letter: Decodable { let reason: String, sink: String, row: [String: String?]? }
        let list = try database.deadLetters(["list", "--json"], at: place)
        let letters = try list.output.lines.map { try JSONDecoder().decode(Letter.self, from: Data($0.utf8)) }
        #expect(letters.count > 15 && letters.allSatisfy { $0.row != nil })
        for letter in letters { expectSilence(letter.reason + letter.sink, "reason") }
        let redrive = ["redrive", "--all", "--sink", "stdout", "--log-level", "trace"]
        try silent(try database.deadLetters(redrive, at: place), ends: 65)
        try silent(try database.deadLetters(["drop", "--all"], at: place), ends: 0)
      }
    }
  }
}
