// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What breaks its contract and is kept.
  @Suite struct ContractLetters {
    @Test(arguments: ["file", "table"])
    func `it is listed by type, shown by id, and redriven in order once its contract takes it`(kind: String) throws {
      try withDatabase { database in
        let path = try database.files.contracts(["Placed/1.json": ContractFiles.small])
        var place = "file:\(database.files.file("letters"))"
        if kind == "table" {
          place = "table:public.letters"
          let setup = try database.tailrace(["setup"] + database.names + ["--dead-letter-table", "public.letters"])
          #expect(try setup.exitCode() == 0, "\(setup.errors.text)")
        }
        let receiver = try WebServer()
        defer { receiver.close() }
        // Of a transaction of its own, and of one that is longer than what is sent at its end.
        try database.psql("ALTER DATABASE \(database.name) SET logical_decoding_work_mem = '64kB';")
        try database.psql("SELECT place(9, 'k'); SELECT place(1, 'k'); SELECT place(2, 'l');")
        try database.psql(
          """
          BEGIN; SELECT place(8, 'm'); SELECT place(1, 'n') FROM generate_series(1, 2000); SELECT place(2, 'm'); COMMIT;
          """)
        let options = ["--contracts", path, "--on-poison", "dead-letter", "--dead-letters", place, "--park-key"]
        let stream = try database.stream(["--sink", receiver.url, "--until", "now"] + options)
        #expect(try stream.exitCodeAfterAllOutput() == 0, "\(stream.errors.text)")
        #expect(stream.messages.contains { $0.contains("4 events and 0 rows went to the dead letters") })
        #expect(receiver.taken.count == 2001)
        let count = try database.deadLetters(["list", "--count", "--type", "Placed"], at: place)
        #expect(count.output.text == "4\n", "\(count.errors.text)")
        let id = try database.psql("SELECT id FROM outbox WHERE payload->>'n' = '9'")
        let show = try database.deadLetters(["show", id], at: place)
        #expect(show.output.text.contains("/n breaks its contract in \(path)/Placed/1.json"), "\(show.output.text)")

        let redrive = ["redrive", "--all", "--sink", receiver.url, "--contracts", path]
        let still = try database.deadLetters(redrive, at: place)
        #expect(try still.exitCode() == 65, "\(still.errors.text)")
        let words = "2 of those that are left break their contracts, the first: event \(id), Placed: its data at /n"
        #expect(still.errors.text.contains(words), "\(still.errors.text)")
        #expect(still.errors.text.contains("redrove 0 dead letters, 4 left"), "\(still.errors.text)")

        let mended = try database.files.contracts(["Placed/1.json": "true"], in: "mended")
        let redriven = try database.deadLetters(
          redrive.dropLast() + [mended, "--dataschema-base", "urn:x"], at: place)
        #expect(try redriven.exitCode() == 0, "\(redriven.errors.text)")
        let events = receiver.taken.suffix(4)
        for (first, second) in [(9, 1), (8, 2)] {
          let numbers = events.compactMap { $0.data?.n }.filter { $0 == first || $0 == second }
          #expect(numbers == [first, second], "\(numbers)")
        }
        let left = try database.deadLetters(["list", "--count"], at: place)
        #expect(left.output.text == "0\n")
      }
    }

    @Test func `without contracts it goes as it would have left, and with a base its schema is said`() throws {
      try withDatabase { database in
        let path = try database.files.contracts(["Placed/1.json": ContractFiles.small])
        let letters = database.files.file("letters")
        try database.psql("SELECT place(1); SELECT place(7);")
        let peek = try database.peekedLines()
        let options = ["--on-poison", "dead-letter", "--dead-letters", "file:\(letters)", "--until", "now"]
        let stream = try database.stream(["--contracts", path] + options)
        #expect(try stream.exitCodeAfterAllOutput() == 0 && stream.output.lineCount == 1, "\(stream.errors.text)")
        let copy = database.files.file("copy")
        try FileManager.default.copyItem(atPath: letters, toPath: copy)
        let bare = try database.deadLetters(["redrive", "--all"], at: "file:\(letters)")
        #expect(bare.output.lines == [peek[1]], "\(bare.errors.text)")
        try database.files.contracts(["Placed/1.json": "true"])
        let said = try database.deadLetters(
          ["redrive", "--all", "--contracts", path, "--dataschema-base", "urn:x"], at: "file:\(copy)")
        let type = ",\"datacontenttype\""
        #expect(
          said.output.lines == [peek[1].replacing(type, with: ",\"dataschema\":\"urn:x/Placed/1\"\(type)")],
          "\(said.output.text) \(said.errors.text)")
      }
    }

    @Test func `peek names it`() throws {
      try withDatabase { database in
        let path = try database.files.contracts(["Placed/1.json": ContractFiles.small])
        try database.psql("SELECT place(7, 'k');")
        let peek = try database.tailrace(["peek", "--contracts", path] + database.names)
        #expect(try peek.exitCodeAfterAllOutput() == 0, "\(peek.errors.text)")
        let id = try database.psql("SELECT id FROM outbox")
        #expect(peek.output.lines.last?.contains("\tPlaced\t\(id)\tk\tnowhere: ") == true, "\(peek.output.text)")
      }
    }

    @Test func `what is sent again from the table is held to them, and has dataschema`() throws {
      try withDatabase { database in
        let path = try database.files.contracts(["Placed/1.json": ContractFiles.small])
        try database.psql("SELECT place(1); SELECT place(7);")
        let ids = try database.psql("SELECT string_agg(id::text, ' ' ORDER BY payload->>'n') FROM outbox")
          .split(separator: " ")
        let held = ["--contracts", path, "--dataschema-base", "urn:x"]
        let good = try database.redeliver(["--id", "\(ids[0])"] + held)
        #expect(try good.exitCodeAfterAllOutput() == 0, "\(good.errors.text)")
        #expect(good.output.text.contains("\"dataschema\":\"urn:x/Placed/1\""), "\(good.output.text)")
        let bad = try database.redeliver(["--id", "\(ids[1])"] + held)
        #expect(try bad.exitCodeAfterAllOutput() == 65 && bad.output.text.isEmpty, "\(bad.errors.text)")
        #expect(bad.errors.text.contains("/n breaks its contract"), "\(bad.errors.text)")
        let warned = try database.redeliver(["--id", "\(ids[1])", "--contracts-policy", "warn"] + held)
        #expect(try warned.exitCodeAfterAllOutput() == 0 && warned.output.lineCount == 1, "\(warned.errors.text)")
        #expect(warned.errors.text.contains("1 events left that break their contracts"), "\(warned.errors.text)")
      }
    }
  }
}
