// SPDX-License-Identifier: Apache-2.0

import Foundation

@testable import Contracts

extension ContractDocuments {
  /// Documents of files, each `TYPE/VERSION.ENDING`.
  init(
    _ files: [(String, String)], _ rules: CompatibilityRules = CompatibilityRules(), title: String = "shop",
    sources: [String: String] = [:]
  ) throws {
    var catalogue = ContractCatalogue()
    for (file, text) in files { catalogue.add(file, text) }
    try self.init(catalogue, rules, title: title, version: "1.0.0", sources: sources)
  }
}

/// An example by a schema, as text; nil where none was found.
func example(_ text: String, _ file: String = "Placed/1.json") throws -> String? {
  let contract = try Contract(type: "Placed", version: 1, file: file, text: Array(text.utf8))
  return ExampleData.of(contract).map { String(decoding: $0.compact, as: UTF8.self) }
}

/// The rows of a schema.
func outline(_ text: String, _ file: String = "Placed/1.json") throws -> SchemaOutline {
  SchemaOutline(try Contract(type: "Placed", version: 1, file: file, text: Array(text.utf8)))
}

/// Schemas that others have made.
enum DocumentFixtures {
  static func lines(_ name: String) throws -> [SchemaDocument] {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().resolvingSymlinksInPath()
    let file = tests.appendingPathComponent("../../../Fixtures/contracts/\(name).ndjson").standardizedFileURL
    return try [UInt8](Data(contentsOf: file)).split(separator: 0x0A).map { try SchemaDocument(Array($0)) }
  }
}
