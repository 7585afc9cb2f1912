// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Testing

/// What another validator says of generated schemas and data, as `Scripts/capture-json-schema-suite` records it.
struct JSONSchemaVerdictTests {
  @Test func `verdicts are those of another validator`() throws {
    var (schemas, tests, valid) = (0, 0, 0)
    var differences: [String] = []
    let file = ProcessInfo.processInfo.environment["JSON_SCHEMA_VERDICTS"].map { URL(fileURLWithPath: $0) }
    for line in try ContractFixtures.lines(in: file ?? ContractFixtures.file("json-schema-verdicts")) {
      let group = try SchemaDocument(line)
      guard let schema = group["schema"], case .array(let data)? = group["tests"]?.value else { continue }
      schemas += 1
      let validator = try JSONSchema(schema).validator()
      for test in data {
        guard case .array(let parts) = test.value, case .boolean(let isValid) = parts[1].value else { continue }
        var text: [UInt8] = []
        text.append(json: parts[0])
        let mismatch = validator.mismatch(text)
        tests += 1
        valid += isValid ? 1 : 0
        guard (mismatch == nil) != isValid else { continue }
        var words: [UInt8] = []
        words.append(json: schema)
        differences.append(
          String(decoding: words + [0x20] + text, as: UTF8.self) + " \(isValid) \(mismatch.map { "\($0)" } ?? "")")
      }
    }
    #expect(differences == [], "\(differences.count) of \(tests) with \(schemas) schemas, \(valid) valid")
    #expect(tests >= 3_000 && valid > tests / 4)
  }
}
