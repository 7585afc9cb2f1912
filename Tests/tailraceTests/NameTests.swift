// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Names as the server reads them.
  @Suite struct Names {
    private static let columns = "(id int, aggregatetype text, aggregateid text, type text, payload jsonb)"

    /// Makes published tables with a slot, gives each a row with its number, and streams those that are named.
    private func numbers(
      _ database: OutboxDatabase, tables: [String], named: [String]
    ) throws -> [(source: String, number: String)] {
      for table in tables { try database.psql("CREATE TABLE \(table) \(Self.columns);") }
      try database.psql(
        "CREATE PUBLICATION events FOR TABLE \(tables.joined(separator: ", ")) WITH (publish = 'insert');")
      try database.makeSlot()
      for (number, table) in tables.enumerated() {
        try database.psql("INSERT INTO \(table) VALUES (\(number), 'order', 'a', 'Placed', '{}');")
      }
      let events = try Event.read(database.rest(named.flatMap { ["--table", $0] }))
      return events.map { ($0.source, $0.id) }
    }

    @Test(arguments: [15, 18])
    func `names of more than 63 bytes are cut as the server cuts them`(version: Int) throws {
      try withDatabase(version, "") { database in
        let (ascii, wide) = (String(repeating: "x", count: 70), String(repeating: "é", count: 40))
        let found = try numbers(database, tables: [ascii, wide], named: [ascii, wide])
        #expect(found.map(\.number) == ["0", "1"])
        #expect(found.first?.source == "/\(database.name)/public.\(ascii.prefix(63))")
      }
    }

    @Test(arguments: ["\u{2028}", "\u{85}", "\u{C}", "\n", "\r\n"])
    func `tables and publications with line ends of every kind in their names are known again`(sign: String) throws {
      try withDatabase(15, "") { database in
        let (table, publication) = ("public.\"a\(sign)b\"", "p\(sign)b")
        try database.psql(
          "CREATE TABLE \(table) \(Self.columns); "
            + "CREATE PUBLICATION \"\(publication)\" FOR TABLE \(table) WITH (publish = 'insert');")
        try database.makeSlot()
        let checkpoint = database.files.file("checkpoint")
        for number in 1...3 {
          try database.psql("INSERT INTO \(table) VALUES (\(number), 'order', 'a', 'Placed', '{}');")
          let stream = try database.tailrace([
            "stream", "--database", database.connection, "--publication", publication, "--slot", database.slot,
            "--table",
            table, "--sink", "file:\(database.file)", "--checkpoint", checkpoint, "--until", "now",
          ])
          #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
          #expect(!stream.errors.text.contains("from now on"), "\(stream.errors.text)")
          #expect(database.fileLines.count == number)
        }
      }
    }

    @Test func `in an encoding of one byte a letter, more letters of a name count`() throws {
      try Integration.server().withDatabase("", encoding: "LATIN1") { database in
        let name = String(repeating: "é", count: 40)
        try database.psql(
          """
          SET client_encoding = 'UTF8'; CREATE TABLE \(name) \(Self.columns);
          CREATE PUBLICATION events FOR TABLE \(name) WITH (publish = 'insert');
          """)
        try database.makeSlot()
        try database.psql("SET client_encoding = 'UTF8'; INSERT INTO \(name) VALUES (1, 'order', 'a', 'Placed', '{}');")
        #expect(try Event.read(database.rest(["--table", name])).map(\.id) == ["1"])
      }
    }

    @Test(arguments: ["LATIN1", "EUC_JP"], ["renamed", "replaced"])
    func `a name that was cut in another encoding than UTF-8 is known again`(encoding: String, change: String) throws {
      try Integration.server().withDatabase("", encoding: encoding) { database in
        // In EUC_JP of three and two bytes a letter.
        let name = String(repeating: encoding == "LATIN1" ? "é" : "字字é", count: 70)
        func run(_ sql: String) throws { try database.psql("SET client_encoding = 'UTF8'; \(sql)") }
        try run(
          "CREATE TABLE \(name) \(Self.columns); CREATE PUBLICATION events FOR TABLE \(name) WITH (publish = 'insert');"
        )
        try database.makeSlot()
        let options = ["--table", name, "--until", "now"]
        try run("INSERT INTO \(name) VALUES (1, 'order', 'a', 'Placed', '{}');")
        #expect(try database.streamToFile(options).exitCode() == 0)
        try run("ALTER TABLE \(name) RENAME TO other; INSERT INTO other VALUES (2, 'order', 'a', 'Placed', '{}');")
        if change == "replaced" {
          try run("CREATE TABLE \(name) \(Self.columns); ALTER PUBLICATION events ADD TABLE \(name);")
        }
        let again = try database.streamToFile(options)
        #expect(try again.exitCode() == (change == "renamed" ? 0 : 78), "\(again.errors.text)")
        if change == "replaced" {
          #expect(again.complaint?.contains("is another one now") == true, "\(again.errors.text)")
        }
        #expect(try Event.read(database.fileLines).map(\.id) == (change == "renamed" ? ["1", "2"] : ["1"]))
      }
    }

    @Test(arguments: [15, 18])
    func `beyond ASCII, upper case stays`(version: Int) throws {
      try withDatabase(version, "") { database in
        let found = try numbers(database, tables: ["MÜLL", "müll"], named: ["Müll"])
        #expect(found.map(\.number) == ["1"])
        let upper = try database.stream(["--until", "now", "--table", "MÜLL"])
        #expect(try upper.exitCode() == 0)
      }
    }

    @Test(arguments: [15, 18])
    func `two ways to write a letter are two names`(version: Int) throws {
      try withDatabase(version, "") { database in
        let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}")
        let found = try numbers(database, tables: [composed, decomposed], named: [decomposed])
        #expect(found.map(\.number) == ["1"])
      }
    }

    @Test(arguments: [15, 18])
    func `tables whose names differ in where the dot is are two, with two sources`(version: Int) throws {
      try withDatabase(version, "") { database in
        try database.psql("CREATE SCHEMA a; CREATE SCHEMA \"a.b\";")
        let tables = [#"a."b.c""#, #""a.b".c"#]
        let found = try numbers(database, tables: tables, named: tables)
        #expect(found.map(\.number) == ["0", "1"])
        #expect(found.map(\.source) == ["/\(database.name)/a.%22b.c%22", "/\(database.name)/%22a.b%22.c"])
        let setup = try database.tailrace(["setup", "--table", tables[0]] + database.names)
        #expect(try setup.exitCode() == 78)
        #expect(setup.complaint?.contains("in it") == true, "\(setup.errors.text)")
        try database.psql("ALTER PUBLICATION events DROP TABLE \(tables[0]);")
        let other = try database.tailrace(["setup", "--table", tables[0]] + database.names)
        #expect(try other.exitCode() == 78)
        #expect(other.complaint?.contains(#"a."b.c" is not in it"#) == true, "\(other.errors.text)")
      }
    }

    @Test func `what --dry-run prints of a strange name stays in its line, shows itself, and can be run`() throws {
      try withDatabase(15, "") { database in
        let name = "a\u{1B}[2J\r\n\\DROP TABLE x; --\u{9B}\u{202E}\"b"
        let names = ["--database", database.connection, "--publication", name, "--slot", database.slot]
        let tables = ["--table", "public.\"\(name.replacing("\"", with: "\"\""))\"", "--create-table"]
        let dry = try database.tailrace(["setup"] + names + tables + ["--dry-run"])
        #expect(try dry.exitCodeAfterAllOutput() == 0, "\(dry.errors.text)")
        let statements = dry.output.text
        try database.psql(
          statements.split(separator: "\n").filter { !$0.contains("CREATE ROLE") }.joined(separator: "\n"))
        for arguments in [["setup"] + names + tables + ["--dry-run"], ["teardown"] + names + ["--dry-run"]] {
          let child = try database.tailrace(arguments)
          #expect(try child.exitCodeAfterAllOutput() == 0, "\(child.errors.text)")
          #expect(!child.output.text.contains("CREATE PUBLICATION"), "the same names were made")
          for text in [statements, child.output.text] {
            #expect(
              !text.unicodeScalars.contains {
                $0 != "\n" && $0.value < 0x20 || (0x7F...0x9F).contains($0.value) || $0.value == 0x202E
              }, "\(text)")
            #expect(!text.contains("\n\\DROP"), "\(text)")
          }
        }
        #expect(
          try database.tailrace(["stream"] + names + Array(tables.prefix(2)) + ["--until", "now"]).exitCode() == 0)
        #expect(try database.tailrace(["teardown"] + names).exitCode() == 0)
      }
    }

    @Test func `the advice names a table so that it can be given back`() throws {
      try withDatabase { database in
        let child = try database.tailrace([
          "stream", "--database", database.connection, "--publication", "events", "--slot", "nowhere", "--table",
          #""Out.Box""#,
        ])
        #expect(try child.exitCode() == 78)
        #expect(child.complaint?.contains(#"--table 'public."Out.Box"'"#) == true, "\(child.errors.text)")
      }
    }
  }
}
