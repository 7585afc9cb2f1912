// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Testing

/// JSON Schema's own suite, as `Scripts/capture-json-schema-suite` gathers it.
struct JSONSchemaSuiteTests {
  @Test func `draft 7 passes its suite`() throws {
    let result = try Self.run("json-schema-draft7", draft7: true)
    #expect(result.wrong.allSatisfy(Self.isAnnotation), "\(result.wrong)")
    #expect(result.wrong.count == 5)
    #expect(result.refused.allSatisfy { Self.isOutside($0) }, "\(result.refused)")
    #expect(result.groups == 325 && result.refused.count == 18 && result.tests == 1_098, "\(result.summary)")
  }

  /// `format`, here `regex`, and `content` are annotations.
  private static func isAnnotation(_ test: String) -> Bool {
    test.hasPrefix("optional/content.json: ")
      || test.hasPrefix("optional/ecmascript-regex.json: ECMA 262 regex non-compliance: ")
  }

  /// What is in other files, on the suite's own server, is not looked up. A metaschema of one's own is not read.
  private static func isOutside(_ group: String) -> Bool {
    let files = ["refRemote.json", "dynamicRef.json", "optional/cross-draft.json"]
    if group.contains(" leaves the file: ") { return files.contains { group.hasPrefix($0 + ": ") } }
    return (group.hasPrefix("vocabulary.json: ") || group.hasPrefix("optional/format-assertion.json: "))
      && group.hasSuffix("$schema names no draft that is known here")
  }

  @Test func `2020-12 passes its suite`() throws {
    let result = try Self.run("json-schema-2020-12", draft7: false)
    #expect(result.wrong == [])
    #expect(result.refused.allSatisfy { Self.isOutside($0) }, "\(result.refused)")
    #expect(result.groups == 416 && result.refused.count == 25 && result.tests >= 1_357, "\(result.summary)")
  }

  private struct Result {
    var groups = 0
    var tests = 0
    var optional = 0
    var wrong: [String] = []
    var refused: [String] = []
    var summary: String {
      "\(groups) groups, \(refused.count) refused, \(tests) tests, \(optional) optional; refused:\n"
        + refused.joined(separator: "\n")
    }
  }

  private static func run(_ name: String, draft7: Bool) throws -> Result {
    var result = Result()
    for line in try ContractFixtures.lines(in: ContractFixtures.file(name)) {
      let group = try SchemaDocument(line)
      guard case .string(let file)? = group["file"]?.value, case .string(let title)? = group["group"]?.value,
        var schema = group["schema"], case .array(let tests)? = group["tests"]?.value
      else { continue }
      if draft7, case .object(let members) = schema.value, schema["$schema"] == nil {
        var text: [UInt8] = []
        text.append(json: schema)
        let draft = "{\"$schema\": \"http://json-schema.org/draft-07/schema#\"" + (members.isEmpty ? "" : ", ")
        schema = try SchemaDocument(Array(draft.utf8) + text.dropFirst())
      }
      result.groups += 1
      let validator: any PayloadValidator
      do {
        validator = try JSONSchema(schema).validator()
      } catch {
        result.refused.append("\(file): \(title): \(error.path): \(error.problem)")
        continue
      }
      for test in tests {
        guard case .array(let parts) = test.value, case .boolean(let isValid) = parts[2].value else { continue }
        var data: [UInt8] = []
        data.append(json: parts[1])
        let mismatch = validator.mismatch(data)
        result.tests += 1
        if file.hasPrefix("optional/") { result.optional += 1 }
        if (mismatch == nil) != isValid {
          result.wrong.append("\(file): \(title): \(parts[0].value): \(mismatch.map { "\($0)" } ?? "matches")")
        }
      }
    }
    return result
  }
}

enum ContractFixtures {
  static func file(_ name: String) -> URL {
    URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
      .appending(path: "../../Fixtures/contracts/\(name).ndjson")
  }

  static func lines(in file: URL) throws -> [[UInt8]] {
    try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).map { Array($0) }
  }
}
