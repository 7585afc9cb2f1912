// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Events are held to their contracts before they leave.
  @Suite struct Contracts {
    /// A database and contracts, of which the first takes numbers below 3.
    private func withContracts(
      _ files: [String: String] = ["Placed/1.json": ContractFiles.small],
      _ body: (OutboxDatabase, String) throws -> Void
    ) throws {
      try withDatabase { database in try body(database, try database.files.contracts(files)) }
    }

    @Test(arguments: [
      ("Placed/1.json", #"{"type": "object", "properties": {"n": {"type": "integer", "maximum": 2}}}"#, "maximum"),
      (
        "Placed/1.avsc",
        #"{"type": "record", "name": "P", "fields": [{"name": "n", "type": {"type": "enum", "name": "E", "symbols": ["A"]}}]}"#,
        "E"
      ),
    ])
    func `one that breaks its contract ends the stream with 65, place and rule, and never the value`(
      file: String, schema: String, rule: String
    ) throws {
      try withContracts([file: schema]) { database, path in
        try database.psql("INSERT INTO outbox (aggregateid, payload) VALUES ('a', '{\"n\": 774411}');")
        let child = try database.stream(["--contracts", path, "--until", "now"])
        #expect(try child.exitCodeAfterAllOutput() == 65, "\(child.errors.text)")
        let words = try #require(child.complaint)
        let said = "Placed: its data at /n breaks its contract in \(path)/\(file): "
        #expect(words.contains(said) && words.contains(rule), "\(words)")
        #expect(child.output.text.isEmpty && !child.errors.text.contains("774411"))
        // Nothing is confirmed that has not left.
        #expect(try Event.read(database.rest()).numbers == [774_411])
      }
    }

    @Test func `what keeps its contract leaves as it would without`() throws {
      try withContracts(["Placed/1.avsc": ContractFiles.avro]) { database, path in
        try database.psql("SELECT place(1, 50);")
        let held = try database.tailrace(["peek", "--json", "--count", "50", "--contracts", path] + database.names)
        #expect(try held.exitCodeAfterAllOutput() == 0, "\(held.errors.text)")
        let bare = try database.tailrace(["peek", "--json", "--count", "50"] + database.names)
        #expect(try bare.exitCodeAfterAllOutput() == 0)
        #expect(held.output.bytes == bare.output.bytes && bare.output.lineCount == 50)
      }
    }

    @Test func `it becomes a dead letter where poison does, and the others go on`() throws {
      try withContracts { database, path in
        try database.psql("SELECT place(1, 4);")
        let letters = ["--on-poison", "dead-letter", "--dead-letters", "file:\(database.files.file("letters"))"]
        let child = try database.stream(["--contracts", path, "--until", "now"] + letters)
        #expect(try child.exitCodeAfterAllOutput() == 0, "\(child.errors.text)")
        #expect(try Event.read(child.output.lines).numbers == [1, 2])
        let list = try database.deadLetters(["list"], at: letters[3])
        #expect(try list.exitCodeAfterAllOutput() == 0)
        #expect(
          list.output.lines.count == 3 && list.output.lines[1].contains("/n breaks its contract"), "\(list.output.text)"
        )
      }
    }

    @Test func `a policy that warns lets it leave and tells of each type, sparsely, and at the end of all`() throws {
      try withContracts { database, path in
        try database.psql("SELECT place(1, 7);")
        try database.psql("INSERT INTO outbox (aggregateid, type, payload) VALUES ('a', 'Paid', '{}');")
        let options = ["--contracts", path, "--contracts-policy", "warn", "--until", "now"]
        let child = try database.stream(options)
        #expect(try child.exitCodeAfterAllOutput() == 0, "\(child.errors.text)")
        #expect(child.output.lineCount == 8)
        let told = child.messages.filter { $0.contains("an event leaves that breaks its contract") }
        #expect(told.count == 4 && told.contains { $0.contains("(4 so far)") }, "\(told)")
        #expect(told.contains { $0.contains("Paid: there is no contract for its type (1 so far)") }, "\(told)")
        let total = "6 events left that break their contracts: 5 of Placed, 1 of Paid"
        #expect(child.messages.contains { $0.contains(total) }, "\(child.errors.text)")
      }
    }

    @Test func `an event without a contract of its type or its version is refused, and has the newest without one`()
      throws
    {
      let files = ["Placed/1.json": "true", "Placed/2.json": ContractFiles.small]
      try withContracts(files) { database, path in
        try database.psql("ALTER TABLE outbox ADD version int;")
        for (type, version, words) in [
          ("Paid", "1", "there is no contract for its type"), ("Placed", "3", "no contract of its dataversion"),
          ("Placed", "NULL", "/n breaks its contract"), ("Placed", "1", nil),
        ] {
          try database.psql(
            "INSERT INTO outbox (aggregateid, type, version, payload) VALUES ('a', '\(type)', \(version), '{\"n\": 9}');"
          )
          let child = try database.stream(["--contracts", path, "--until", "now"])
          #expect(try child.exitCodeAfterAllOutput() == (words == nil ? 0 : 65), "\(child.errors.text)")
          if let words { #expect(child.complaint?.contains(words) == true, "\(child.errors.text)") }
          _ = try database.rest()
        }
      }
    }

    @Test func `dataschema says where the contract is, unless the row does`() throws {
      try withContracts(["Placed/1.avsc": ContractFiles.avro]) { database, path in
        try database.psql("ALTER TABLE outbox ADD dataschema text; SELECT place(1);")
        try database.psql(
          "INSERT INTO outbox (aggregateid, payload, dataschema) VALUES ('a', '{\"n\": 2}', 'urn:own');")
        let child = try database.stream(
          ["--contracts", path, "--dataschema-base", "https://x.example/s/", "--until", "now"])
        #expect(try child.exitCodeAfterAllOutput() == 0, "\(child.errors.text)")
        let ends = ["\"dataschema\":\"https://x.example/s/Placed/1\"", "\"dataschema\":\"urn:own\""]
        #expect(zip(child.output.lines, ends).allSatisfy { $0.contains($1) } && child.output.lineCount == 2)
      }
    }

    @Test func `large data are told of, and leave`() throws {
      try withContracts(["Placed/1.json": "true"]) { database, path in
        try database.psql(
          "INSERT INTO outbox (aggregateid, payload) VALUES ('a', jsonb_build_object('x', repeat('x', 2000)));")
        let child = try database.stream(["--contracts", path, "--max-payload", "1KiB", "--until", "now"])
        #expect(try child.exitCodeAfterAllOutput() == 0 && child.output.lineCount == 1, "\(child.errors.text)")
        #expect(child.messages.contains { $0.contains("larger than max-payload") }, "\(child.errors.text)")
      }
    }

    @Test func `contracts that cannot be used end it with 78 before anything is opened`() throws {
      try withContracts(["Placed/1.json": "{"]) { database, path in
        let letters = database.files.file("letters")
        for (directory, words) in [(path, "the contracts cannot be used"), ("\(path)/no", "cannot read the contracts")]
        {
          let child = try database.streamToFile([
            "--contracts", directory, "--until", "now", "--on-poison", "dead-letter", "--dead-letters",
            "file:\(letters)",
          ])
          #expect(try child.exitCode() == 78, "\(child.errors.text)")
          #expect(child.complaint?.contains(words) == true, "\(child.errors.text)")
          for file in [letters, database.file] { #expect(!FileManager.default.fileExists(atPath: file)) }
        }
        for wrong in [
          ["--contracts-policy", "warn"], ["--dataschema-base", "urn:x"], ["--max-payload", "1kB"],
          ["--contracts", path, "--dataschema-base", "no uri"], ["--contracts", ""],
        ] {
          let child = try database.stream(wrong)
          #expect(try child.exitCode() == 64, "\(wrong): \(child.errors.text)")
          #expect(child.errors.text.contains("--\(wrong.count > 2 ? wrong[2].dropFirst(2) : wrong[0].dropFirst(2))"))
        }
      }
    }
  }

  /// Whoever looks at a stream, or delivers it otherwise, holds it to the same.
  @Suite struct ContractsElsewhere {
    @Test func `a recording is held to contracts before they go live`() throws {
      try withDatabase { database in
        let path = try database.files.contracts(["Placed/1.json": ContractFiles.small])
        let recording = database.files.file("recording")
        try database.psql("SELECT place(1, 4);")
        let capture = try database.tailrace(["capture", "--output", recording, "--until", "now"] + database.names)
        #expect(try capture.exitCode() == 0, "\(capture.errors.text)")
        let replay = try database.tailrace(["replay", recording, "--contracts", path])
        #expect(try replay.exitCodeAfterAllOutput() == 65, "\(replay.errors.text)")
        #expect(replay.complaint?.contains("/n breaks its contract") == true, "\(replay.errors.text)")
        #expect(try Event.read(replay.output.lines).numbers.allSatisfy { $0 < 3 })
        let all = try database.tailrace(["replay", recording, "--contracts", path, "--contracts-policy", "warn"])
        #expect(try all.exitCodeAfterAllOutput() == 0 && all.output.lineCount == 4, "\(all.errors.text)")
        for source in [[recording], database.names] {
          let peek = try database.tailrace(["peek", "--contracts", path] + source)
          #expect(try peek.exitCodeAfterAllOutput() == 0, "\(peek.errors.text)")
          let lines = peek.output.lines.dropFirst()
          #expect(
            lines.count == 4 && lines.count { $0.contains("nowhere: ") && $0.contains("/n breaks") } == 2, "\(lines)")
        }
      }
    }

    @Test func `a relay of a file has them, and reads them again when it is started again`() throws {
      try withDatabase { database in
        let path = try database.files.contracts(["Placed/1.json": ContractFiles.small])
        func text(_ more: String...) -> String {
          let lines = ["sink: \"file:\(database.file)\"", "contracts: \"\(path)\"", "contracts-policy: reject"]
          return "relays:\n" + database.relay("a") + (lines + more).map { "    \($0)\n" }.joined()
        }
        let relays = try database.run(text())
        try database.psql("SELECT place(1);")
        try wait(until: "it is there") { try database.allLines().count == 1 }
        // Whoever changes the files changes nothing for a relay that runs, until its settings change.
        try database.files.contracts(["Placed/1.json": "false", "Placed/2.json": "true"])
        relays.signal(SIGHUP)
        try wait(until: "it goes on") { relays.messages.contains { $0.contains("a: goes on") } }
        try database.psql("SELECT place(2);")
        try wait(until: "it is there too") { try database.allLines().count == 2 }
        try database.configure(text("dataschema-base: urn:x"))
        relays.signal(SIGHUP)
        try wait(until: "it is started anew") { relays.messages.contains { $0.contains("started anew") } }
        try database.psql("SELECT place(3);")
        try wait(until: "the newest takes it") { try database.allLines().count == 3 }
        #expect(try database.allLines().last?.contains("\"dataschema\":\"urn:x/Placed/2\"") == true)
        relays.signal(SIGTERM)
        #expect(try relays.exitCode() == 0)
      }
    }

    @Test func `doctor looks at the contracts`() throws {
      try withDatabase { database in
        let path = try database.files.contracts(["Placed/1.json": ContractFiles.small])
        #expect(try database.doctor()["contracts"] == nil)
        let well = try database.doctor(["--contracts", path])
        #expect(
          well["contracts"]?.state == "ok" && well["contracts"]?.found == "1 contract in \(path)", "\(well.words)")
        try database.files.contracts(["Placed/2.json": "{"])
        let broken = try database.doctor(["--contracts", path])
        let check = try #require(broken["contracts"])
        #expect(broken.code == 78 && check.state == "failure" && check.found.contains("Placed/2.json"), "\(check)")
        #expect(check.todo.joined().contains("tailrace contracts check"), "\(check.todo)")
      }
    }
  }
}
