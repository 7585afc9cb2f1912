// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Testing

/// Schemas, data and patterns with something broken in them: an error or an answer, never a trap.
struct JSONSchemaMutationTests {
  /// More by hand: SCHEMA_MUTATIONS=1000000.
  private static let count = ProcessInfo.processInfo.environment["SCHEMA_MUTATIONS"].flatMap(Int.init) ?? 4_000

  private static let pieces = [
    "{", "}", "[", "]", "\"", "\\", ",", ":", "null", "true", "1e999999999999", "-0", "\\ud800", "\"$ref\":\"#\"", "#/",
    "é", "\u{0}", "(", ")*", "{1,99}",
    "\"$dynamicRef\":\"#a\",", "\"$dynamicAnchor\":\"a\",", "\"$id\":\"x\",", "\"not\":{\"$ref\":\"#/$defs/one\"},",
    "[^", "-", "|", "\\p{L}", "\\b", "0",
    "\"unevaluatedItems\":false,", "\"dependencies\":{\"a\":[\"b\"]},", "\"items\":[{}],",
    "\"$schema\":\"http://json-schema.org/draft-07/schema#\",", "\"%25\"",
  ]

  private func mutated(_ text: [UInt8], _ dice: inout Dice) -> [UInt8] {
    var text = text
    for _ in 0..<(1 + dice.below(4)) {
      let place = dice.below(text.count + 1)
      let end = min(text.count, place + dice.below(9))
      switch dice.below(4) {
      case 0: text.replaceSubrange(place..<end, with: Self.pieces[dice.below(Self.pieces.count)].utf8)
      case 1: text.insert(contentsOf: Self.pieces[dice.below(Self.pieces.count)].utf8, at: place)
      case 2: text.removeSubrange(place..<end)
      default: if place < text.count { text[place] = UInt8(truncatingIfNeeded: dice.next()) }
      }
    }
    return text
  }

  @Test func `mutated schemas and data do not trap`() throws {
    var making = JSONSchemaMaking(dice: Dice(3))
    var (schemas, matches) = (0, 0)
    var last: JSONSchema?
    for _ in 0..<Self.count {
      let file = Array(making.file().utf8)
      let text = making.dice.below(3) == 0 ? file : mutated(file, &making.dice)
      guard let document = try? SchemaDocument(text), let schema = try? JSONSchema(document) else { continue }
      schemas += 1
      _ = schema.remarks
      if let last { _ = (schema.obstacles(reading: last), last.isSame(as: schema)) }
      last = schema
      let validator = try schema.validator()
      for _ in 0..<3 {
        let data = Array(making.data(for: document, in: document).utf8)
        let broken = mutated(data, &making.dice)
        if validator.mismatch(data) == nil { matches += 1 }
        _ = validator.mismatch(broken)
      }
    }
    #expect(schemas > Self.count / 4 && matches > Self.count / 10, "\(schemas) \(matches)")
  }

  @Test func `mutated patterns do not trap`() throws {
    var dice = Dice(4)
    let patterns = [
      "^[a-z]{2,5}(x|y)*$", "\\p{Lu}[^\\d-]+\\b", "(?:a|b)+?c{3}", "^\\u{1F600}\\uD83D\\uDE00[\\w.-]+@", "a{,3}|[]|[^]",
    ].map { Array($0.utf8) }
    var read = 0
    for _ in 0..<Self.count {
      let text = String(decoding: mutated(dice.pick(patterns), &dice), as: UTF8.self)
      guard let pattern = try? Pattern(text) else { continue }
      read += 1
      _ = pattern.matches(String(decoding: mutated(Array("abcxyé\u{1F600} 12-".utf8), &dice), as: UTF8.self))
    }
    #expect(read > Self.count / 4)
  }
}
