// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Testing

struct JSONSchemaObstaclePropertyTests {
  @Test func `where there is no obstacle a reader takes all that a writer writes`() throws {
    // More by hand: SCHEMA_PAIRS=100000 SCHEMA_SEED=2.
    let environment = ProcessInfo.processInfo.environment
    let count = environment["SCHEMA_PAIRS"].flatMap(Int.init) ?? 600
    let seed = environment["SCHEMA_SEED"].flatMap(UInt64.init) ?? 42
    var making = JSONSchemaMaking(dice: Dice(seed))
    var (pairs, compatible, proved, undecided, tried, refuted) = (0, 0, 0, 0, 0, 0)
    var wrong: [String] = []
    while pairs < count {
      let writerText = making.file()
      let writerDocument = try SchemaDocument(Array(writerText.utf8))
      let readerText = making.dice.below(12) == 0 ? making.file() : making.changed(writerDocument)
      guard let writer = try? JSONSchema(writerDocument),
        let reader = try? JSONSchema(SchemaDocument(Array(readerText.utf8)))
      else { continue }
      pairs += 1
      let obstacles = reader.obstacles(reading: writer)
      if obstacles.isEmpty {
        compatible += 1
      } else if obstacles.contains(where: \.isProved) {
        proved += 1
      } else {
        undecided += 1
      }
      let (writes, reads) = (try writer.validator(), try reader.validator())
      var isRefuted = false
      for _ in 0..<25 {
        let data = Array(making.data(for: writerDocument, in: writerDocument).utf8)
        guard unsafe writes.mismatch(in: data.span.bytes, 0..<data.count) == nil else { continue }
        tried += 1
        guard let mismatch = unsafe reads.mismatch(in: data.span.bytes, 0..<data.count) else { continue }
        isRefuted = true
        if obstacles.isEmpty {
          wrong.append("\(writerText)\n\(readerText)\n\(String(decoding: data, as: UTF8.self)) \(mismatch)")
        }
      }
      if isRefuted { refuted += 1 }
    }
    #expect(wrong.isEmpty, "\(wrong.count):\n\(wrong.prefix(4).joined(separator: "\n\n"))")
    #expect(
      compatible > count / 3 && proved > count / 8 && tried > 10 * count,
      "\(compatible) \(proved) \(undecided) \(tried) \(refuted)")
  }
}
