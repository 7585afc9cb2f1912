// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `tailrace contracts check`, which needs no server.
@Suite struct ContractChecks {
  private func check(
    _ arguments: [String], code: Int32, environment: [String: String] = [:]
  ) throws -> ChildProcess {
    let child = try ChildProcess(Tailrace.path, ["contracts", "check"] + arguments, environment: environment)
    #expect(try child.exitCodeAfterAllOutput() == code, "\(child.errors.text)\n\(child.output.text)")
    return child
  }

  private func withFiles(_ files: [String: String], _ body: (TemporaryDirectory, String) throws -> Void) throws {
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    try body(directory, try directory.contracts(files))
  }

  private static func record(_ fields: String...) -> String {
    #"{"type": "record", "name": "Placed", "fields": [\#(fields.joined(separator: ", "))]}"#
  }

  private static let n = #"{"name": "n", "type": "int"}"#
  private static let note = #"{"name": "note", "type": "string"}"#
  private static let noteOrNone = #"{"name": "note", "type": ["null", "string"], "default": null}"#

  @Test func `contracts that go together end with 0 and say how many they are`() throws {
    let files = [
      "Placed/1.avsc": Self.record(Self.n), "Placed/2.avsc": Self.record(Self.n, Self.noteOrNone),
      "a%2Fb/1.json": #"{"type": "object"}"#, "README.md": "words", ".hidden": "x", "Placed/1.avsc~": "x",
      "contracts.yaml": "compatibility: full_transitive\ntypes:\n  a/b:\n    compatibility: none\n",
    ]
    try withFiles(files) { _, path in
      let child = try check([path], code: 0)
      #expect(child.errors.text.contains("nothing is wrong in 3 versions of 2 types"), "\(child.errors.text)")
      #expect(!child.output.text.contains("cannot"))
    }
  }

  @Test func `each violation is a line with type, versions, path, rule and advice, and the code is 65`() throws {
    let files = [
      "Placed/1.avsc": Self.record(Self.n), "Placed/2.avsc": Self.record(Self.n, Self.note, Self.noteOrNone),
    ]
    try withFiles(["Placed/1.avsc": files["Placed/1.avsc"] ?? "", "Placed/2.avsc": Self.record(Self.n, Self.note)]) {
      directory, path in
      let child = try check([path], code: 65)
      #expect(child.output.lines.count == 1, "\(child.output.text)")
      let line = child.output.lines.first ?? ""
      #expect(
        line.hasPrefix("violation: \(path)/Placed/2.avsc: Placed 2 and 1: /fields/1: cannot read what 1 wrote: "),
        "\(line)")
      #expect(line.contains("; ") && child.complaint?.contains("1 thing is wrong") == true, "\(child.errors.text)")
      struct Finding: Decodable {
        let level: String, code: String, type: String?, version: Int?, other: Int?, file: String, line: Int?,
          path: String
        let rule: String, advice: String
      }
      let json = try check([path, "--json"], code: 65)
      let found = try json.output.lines.map { try JSONDecoder().decode(Finding.self, from: Data($0.utf8)) }
      #expect(found.map(\.level) == ["violation"] && found.first?.type == "Placed" && found.first?.version == 2)
      #expect(found.first?.other == 1 && found.first?.path == "/fields/1" && found.first?.line == nil)
      #expect(found.first?.code == "backward/field")
      #expect(found.first.map { !$0.rule.isEmpty && !$0.advice.isEmpty } == true)
      // The mode decides.
      try directory.contracts(["contracts.yaml": "compatibility: forward\n"])
      _ = try check([path], code: 0)
      try directory.contracts(["contracts.yaml": "compatibility: forward\ntypes:\n  Placed:\n    compatibility: full\n"]
      )
      _ = try check([path], code: 65)
    }
  }

  @Test func `contracts whose data could not be encoded are violations, each with its place`() throws {
    let files = [
      "Placed/1.avsc": Self.record(Self.n),
      "Placed/2.avsc": Self.record(Self.n, #"{"name": "m", "type": ["null", "int", "long"], "default": null}"#),
      "Other/1.json": #"{"type": "object", "additionalProperties": false}"#,
    ]
    try withFiles(files) { directory, path in
      _ = try check([path], code: 0)
      let child = try check([path, "--encode", "avro"], code: 65)
      let lines = child.output.lines.sorted()
      try #require(lines.count == 2, "\(child.output.text)")
      #expect(
        lines[0].hasPrefix("violation: \(path)/Other/1.json: Other 1: it is a contract in JSON Schema"), "\(lines)")
      #expect(lines[1].hasPrefix("violation: \(path)/Placed/2.avsc:1: Placed 2: /fields/1/type: "), "\(lines)")
      let json = try check([path, "--encode", "avro", "--json"], code: 65)
      #expect(json.output.lines.allSatisfy { $0.contains(#""code":"encoding""#) }, "\(json.output.text)")
      try directory.contracts(["Placed/2.avsc": Self.record(Self.n, Self.noteOrNone)])
      try FileManager.default.removeItem(atPath: path + "/Other")
      _ = try check([path, "--encode", "avro"], code: 0)
      #expect(try check([path, "--encode", "xml"], code: 64).errors.text.contains("json-schema"))
    }
  }

  @Test func `only remarks end with 0`() throws {
    try withFiles(["E/1.avsc": #"{"type": "enum", "name": "E", "symbols": []}"#]) { _, path in
      let child = try check([path], code: 0)
      #expect(child.output.lines.count == 1 && child.output.text.contains("E 1"), "\(child.output.text)")
      let json = try check([path, "--json"], code: 0)
      #expect(json.output.text.contains("\"level\":\"remark\""))
    }
  }

  @Test func `a fault in a file is told with its line`() throws {
    let files = [
      "A/1.json": "{\n\n\"type\": objekt\n}", "B/1.avsc": "{\n\"type\":\n\"recrd\"}", "C/1.json": "{\"type\": 1}",
      "contracts.yaml":
        "compatibility: backwards\nother: 1\ntypes:\n  A:\n    accepted: [2 before 1]\n  X: {strict: true}\n",
    ]
    try withFiles(files) { _, path in
      let child = try check([path], code: 65)
      let lines = child.output.lines
      for start in [
        "A/1.json:3: ", "B/1.avsc:", "C/1.json:", "contracts.yaml:1: compatibility: ", "contracts.yaml:2: other: ",
        "contracts.yaml:5: accepted: ", "contracts.yaml:6: X: there is no such type",
      ] {
        #expect(lines.count { $0.hasPrefix("violation: \(path)/\(start)") } == 1, "\(start) in \(lines)")
      }
      #expect(lines.count == 7, "\(lines)")
    }
  }

  @Test(arguments: [
    "notes.txt", "Placed/one.avsc", "Placed/01.avsc", "Placed/0.json", "Placed/2.yaml", "Placed/sub/1.avsc", "1.avsc",
    "Pl%aced/1.avsc", "Placed/1.json",
  ])
  func `a file that is no contract is told`(name: String) throws {
    try withFiles(["Placed/1.avsc": Self.record(Self.n), name: "{}"]) { _, path in
      let child = try check([path], code: 65)
      #expect(child.output.lines.count == 1, "\(child.output.text)")
    }
  }

  @Test func `what cannot be read is 78`() throws {
    try withFiles(["Placed/1.avsc/x": ""]) { directory, path in
      _ = try check([path], code: 78)
      try directory.contracts(["x": ""], in: "none/.git")
      let missing = try check([directory.file("nowhere")], code: 78)
      #expect(missing.complaint?.contains("cannot read the contracts in") == true, "\(missing.errors.text)")
      let empty = try check([directory.file("none")], code: 78)
      #expect(empty.complaint?.contains("there is no contract in") == true, "\(empty.errors.text)")
      let file = try check([directory.file("contracts/Placed/1.avsc/x")], code: 78)
      #expect(file.complaint != nil)
      _ = try check([], code: 64)
    }
    try withFiles(["Placed/1.avsc": Self.record(Self.n)]) { _, path in
      try FileManager.default.createSymbolicLink(atPath: "\(path)/Placed/2.avsc", withDestinationPath: "nowhere")
      let child = try check([path], code: 78)
      #expect(child.complaint?.contains("cannot read \(path)/Placed/2.avsc") == true, "\(child.errors.text)")
    }
  }

  @Test(arguments: [false, true])
  func `a version that was changed or taken away since is refused, a new one is well`(isCommit: Bool) throws {
    try withFiles(["Placed/1.avsc": Self.record(Self.n), "Placed/2.avsc": Self.record(Self.n, Self.noteOrNone)]) {
      directory, path in
      let against: String
      if isCommit {
        try directory.commit("v1")
        against = "v1"
      } else {
        against = directory.file("before")
        try FileManager.default.copyItem(atPath: path, toPath: against)
      }
      _ = try check([path, "--against", against], code: 0)
      try directory.contracts(["Placed/1.avsc": Self.record(Self.n) + "\n", "Paid/1.json": "{}"])
      _ = try check([path, "--against", against], code: 0)
      try directory.contracts(["Placed/2.avsc": Self.record(Self.n.replacing("int", with: "long"))])
      try FileManager.default.removeItem(atPath: "\(path)/Placed/1.avsc")
      let child = try check([path, "--against", against], code: 65)
      let lines = child.output.lines.filter { $0.hasPrefix("violation: ") }
      #expect(lines.count == 2 && lines[0].contains("taken away") && lines[1].contains("changed"), "\(lines)")
    }
  }

  @Test func `commits that git does not know, no repository and no git are 78`() throws {
    try withFiles(["Placed/1.avsc": Self.record(Self.n)]) { directory, path in
      let outside = try check([path, "--against", "main"], code: 78)
      #expect(outside.complaint?.contains("git says: fatal: not a git repository") == true, "\(outside.errors.text)")
      try directory.commit("v1")
      for name in ["nowhere", "-x"] {
        #expect(try check([path, "--against=\(name)"], code: 78).complaint != nil)
      }
      let unknown = try check([path, "--against", "trunk"], code: 78)
      #expect(
        unknown.complaint?.contains("git knows no such commit") == true
          && unknown.errors.text.contains("git fetch origin trunk and --against origin/trunk"), "\(unknown.errors.text)"
      )
      let without = try check([path, "--against", "v1"], code: 78, environment: ["PATH": "/nowhere"])
      #expect(without.complaint?.contains("git is not installed") == true, "\(without.errors.text)")
      try directory.contracts(["Paid/1.json": "{}"], in: "others")
      _ = try check([directory.file("others"), "--against", "v1"], code: 0)
    }
  }
}
