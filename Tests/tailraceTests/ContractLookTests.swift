// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What a configuration says of contracts, looked at before anything runs.
@Suite struct ContractConfigurations {
  private func check(_ lines: String...) throws -> ChildProcess {
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    let path = try directory.contracts(["Placed/1.json": "{}"])
    try directory.contracts(["Placed/1.json": "{"], in: "broken")
    let own = ["database: postgresql://h/d", "publication: p", "slot: s"] + lines
    let text = "relays:\n  a:\n" + own.map { "    \($0.replacing("CONTRACTS", with: path))\n" }.joined()
    let file = directory.file("tailrace.yaml")
    try text.replacing("BROKEN", with: directory.file("broken")).write(toFile: file, atomically: true, encoding: .utf8)
    let child = try ChildProcess(Tailrace.path, ["config", "check", file])
    _ = try child.exitCodeAfterAllOutput()
    return child
  }

  @Test(arguments: [
    ("contracts: /nowhere", "contracts: cannot read the contracts in /nowhere"),
    ("contracts: BROKEN", "contracts: the contracts cannot be used"),
  ])
  func `contracts that no relay could start with are told with their place`(line: String, words: String) throws {
    let child = try check(line)
    #expect(try child.exitCode() == 78)
    #expect(child.errors.text.contains("tailrace.yaml:6:5: \(words)"), "\(child.errors.text)")
    let well = try check("contracts: CONTRACTS")
    #expect(try well.exitCode() == 0, "\(well.errors.text)")
  }

  @Test(arguments: [
    ("https://x.example/a/?q=1", "a query or a fragment"), ("https://x.example/a#f", "a query or a fragment"),
    ("https://u:p@x.example/a", "a user or a password"), ("https://u@x.example", "a user or a password"),
  ])
  func `an address of schemas that cannot have a type behind it, or has a secret, is refused`(
    base: String, words: String
  ) throws {
    let child = try check("contracts: CONTRACTS", "dataschema-base: \"\(base)\"")
    #expect(try child.exitCode() == 78 && child.errors.text.contains(words), "\(child.errors.text)")
    let well = try check("contracts: CONTRACTS", "dataschema-base: https://x.example/a@b")
    #expect(try well.exitCode() == 0, "\(well.errors.text)")
  }
}

extension Integration {
  /// What shows of contracts before an event breaks one.
  @Suite struct ContractLooks {
    @Test func `contracts that cannot be used drain no relay`() throws {
      try withDatabase { database in
        let path = try database.files.contracts(["Placed/1.json": "true"])
        func text(_ directory: String) -> String {
          "relays:\n" + database.relay("a")
            + ["sink: \"file:\(database.file)\"", "contracts: \"\(directory)\""].map { "    \($0)\n" }.joined()
        }
        let relays = try database.run(text(path))
        try database.psql("SELECT place(1);")
        try wait(until: "it is there") { try database.allLines().count == 1 }
        try database.configure(text("\(path)/nowhere"))
        relays.signal(SIGHUP)
        try wait(until: "it is told") { relays.messages.contains { $0.contains("is not used as it is now") } }
        #expect(relays.errors.text.contains("contracts: cannot read the contracts in"), "\(relays.errors.text)")
        try database.psql("SELECT place(2);")
        try wait(until: "it goes on") { try database.allLines().count == 2 }
        relays.signal(SIGTERM)
        #expect(try relays.exitCode() == 0)
      }
    }

    @Test func `doctor tells of data that is not JSON, and of versions that no column has`() throws {
      try withDatabase { database in
        let path = try database.files.contracts(["Placed/1.json": "true", "Placed/2.json": "true"])
        let options = ["--contracts", path]
        let unversioned = try database.doctor(options)
        #expect(unversioned.code == 0 && unversioned["contracts"]?.state == "warning", "\(unversioned.words)")
        #expect(
          unversioned["contracts"]?.found.contains("has no column for the version, and Placed has several") == true)
        try database.psql("ALTER TABLE outbox ADD version int;")
        #expect(try database.doctor(options)["contracts"]?.state == "ok")
        try database.psql("ALTER TABLE outbox ALTER payload TYPE text;")
        let text = try database.doctor(options)
        #expect(text["contracts"]?.state == "warning", "\(text.words)")
        #expect(text["contracts"]?.means == "every event of it breaks its contract")
        #expect(text["contracts"]?.todo.joined().contains("--payload-type json") == true)
        #expect(try database.doctor(options + ["--payload-type", "json"])["contracts"]?.state == "ok")
      }
    }
  }
}
