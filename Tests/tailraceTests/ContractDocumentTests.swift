// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `tailrace contracts document`, which needs no server.
@Suite struct ContractDocumentFiles {
  private func document(_ arguments: [String], code: Int32) throws -> ChildProcess {
    let child = try ChildProcess(Tailrace.path, ["contracts", "document"] + arguments)
    #expect(try child.exitCodeAfterAllOutput() == code, "\(child.errors.text)\n\(child.output.text)")
    return child
  }

  private func withContracts(
    _ files: [String: String] = ["Placed/1.avsc": ContractFiles.avro],
    _ body: (TemporaryDirectory, String) throws -> Void
  ) throws {
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    try body(directory, try directory.contracts(files))
  }

  private func names(_ directory: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
  }

  @Test func `two files are written that everybody may read, and the same again`() throws {
    try withContracts { directory, contracts in
      let docs = directory.file("deep/docs")
      let child = try document([contracts, "--output", docs + "/"], code: 0)
      #expect(child.errors.text.contains("\(docs)/asyncapi.json and \(docs)/index.html are written"))
      #expect(try names(docs) == ["asyncapi.json", "index.html"])
      let first = try names(docs).map { try Data(contentsOf: URL(fileURLWithPath: "\(docs)/\($0)")) }
      for name in try names(docs) {
        let mode = try FileManager.default.attributesOfItem(atPath: "\(docs)/\(name)")[.posixPermissions] as? Int
        #expect(mode == 0o644)
      }
      _ = try document([contracts, "--output", docs], code: 0)
      #expect(try names(docs).map { try Data(contentsOf: URL(fileURLWithPath: "\(docs)/\($0)")) } == first)
      let json = try JSONSerialization.jsonObject(with: first[0]) as? [String: Any]
      let info = json?["info"] as? [String: Any]
      #expect(json?["asyncapi"] as? String == "3.0.0" && info?["title"] as? String == "contracts")
      #expect(info?["version"] as? String == "1.0.0")
      _ = try document([contracts, "--output", docs, "--title", "The shop", "--document-version", "7"], code: 0)
      let text = try String(contentsOfFile: "\(docs)/index.html", encoding: .utf8)
      #expect(text.contains("<title>The shop</title>") && text.contains("Version 7"))
    }
  }

  @Test func `a check says which files are not what would be written, and writes nothing`() throws {
    try withContracts { directory, contracts in
      let docs = directory.file("docs")
      let none = try document([contracts, "--output", docs, "--check"], code: 65)
      #expect(none.complaint?.contains("\(docs)/asyncapi.json and \(docs)/index.html are not what") == true)
      #expect(!FileManager.default.fileExists(atPath: docs))
      _ = try document([contracts, "--output", docs], code: 0)
      _ = try document([contracts, "--output", docs, "--check"], code: 0)
      try "other".write(toFile: "\(docs)/index.html", atomically: false, encoding: .utf8)
      let one = try document([contracts, "--output", docs, "--check"], code: 65)
      #expect(one.complaint?.contains("\(docs)/index.html is not what would be written") == true, "\(one.errors.text)")
      #expect(try String(contentsOfFile: "\(docs)/index.html", encoding: .utf8) == "other")
      // A change of a contract is seen too.
      _ = try document([contracts, "--output", docs], code: 0)
      try directory.contracts(["Placed/2.avsc": ContractFiles.avro])
      _ = try document([contracts, "--output", docs, "--check"], code: 65)
    }
  }

  @Test func `a broken contract is told, and nothing is written`() throws {
    try withContracts(["Placed/1.avsc": "{", "Paid/1.json": "{}"]) { directory, contracts in
      let child = try document([contracts, "--output", directory.file("docs")], code: 65)
      #expect(child.output.text.contains("Placed/1.avsc"), "\(child.output.text)")
      #expect(!FileManager.default.fileExists(atPath: directory.file("docs")))
    }
  }

  @Test func `places that cannot be are refused in one line`() throws {
    try withContracts { directory, contracts in
      for output in [contracts, contracts + "/docs", ""] {
        #expect(try document([contracts, "--output", output], code: 78).complaint != nil, "\(output)")
      }
      _ = try document([directory.file("nowhere"), "--output", directory.file("docs")], code: 78)
      try "".write(toFile: directory.file("file"), atomically: false, encoding: .utf8)
      for output in ["file", "file/docs"] {
        let child = try document([contracts, "--output", directory.file(output)], code: 73)
        #expect(child.complaint?.contains(directory.file(output)) == true, "\(child.errors.text)")
      }
      _ = try document([contracts], code: 64)
      #expect(try names(contracts) == ["Placed"])
    }
  }
}
