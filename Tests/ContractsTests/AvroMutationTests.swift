// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Testing

@testable import Contracts

/// Schemas and data with something else in some places: whatever comes of them, nothing traps.
struct AvroMutationTests {
  /// A generator that gives the same numbers each time.
  struct Chance: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let mixed = (state ^ state >> 33) &* 0xFF51_AFD7_ED55_8CCD
      return mixed ^ mixed >> 33
    }
  }

  private static let schema = """
    {"type":"record","name":"a.R","aliases":["Q"],"fields":[
     {"name":"id","type":{"type":"string","logicalType":"uuid"}},{"name":"n","type":"int","default":-1},
     {"name":"l","type":["null","long","string",{"type":"fixed","name":"F","size":3}],"default":null},
     {"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":3}},
     {"name":"t","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"day","type":{"type":"int","logicalType":"date"}},
     {"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"],"default":"A"}},
     {"name":"m","type":{"type":"map","values":["R",{"type":"record","name":"S","fields":[{"name":"x","type":"float"}]}]}},
     {"name":"k","type":{"type":"array","items":["null","a.F","R"]},"aliases":["j"]}]}
    """

  private static let data = """
    {"id":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","n":12,"l":"äö\\u00e9\\ud83d\\ude00","d":"-123.45","t":"2026-11-23T06:30:00.5Z",
     "day":"2024-02-29","e":"B","m":{"a":{"x":1.5e3},"b\\n":{"\\u0078":0}},"k":[null,"abc"]}
    """

  private static let pieces = [
    "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0041", "\\ud800", "null", "true", "0", "-", "1e9", ".", "é",
    "\"type\"", "\"name\"",
    "\"record\"", "\"enum\"", "\"union\"", "\"R\"", "\"a.R\"", "\"int\"", "\"\"", "\"default\":", "{\"x\":1}", "\u{0}",
  ].map { Array($0.utf8) }

  static func mutated(_ bytes: [UInt8], _ chance: inout Chance) -> [UInt8] {
    var bytes = bytes
    for _ in 0...Int.random(in: 0..<3, using: &chance) {
      let place = Int.random(in: 0...bytes.count, using: &chance)
      switch Int.random(in: 0..<5, using: &chance) {
      case 0 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &chance)
      case 1: bytes.insert(contentsOf: pieces[Int.random(in: 0..<pieces.count, using: &chance)], at: place)
      case 2: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 0..<12, using: &chance)))
      case 3:
        let from = Int.random(in: 0...bytes.count, using: &chance)
        bytes.insert(
          contentsOf: bytes[from..<min(bytes.count, from + Int.random(in: 0..<40, using: &chance))], at: place)
      default: bytes.swapAt(min(place, bytes.count - 1), Int.random(in: 0..<bytes.count, using: &chance))
      }
      if bytes.isEmpty { bytes = [0x20] }
    }
    return bytes
  }

  @Test func `data of any form is taken or refused, and what is taken is JSON`() throws {
    var chance = Chance(state: 1)
    let validator = try AvroSchema(text: Self.schema).validator()
    let data = Array(Self.data.utf8)
    #expect(validator.mismatch(data) == nil)
    var taken = 0
    for _ in 0..<20_000 {
      let bytes = Self.mutated(data, &chance)
      guard let mismatch = validator.mismatch(bytes) else {
        taken += 1
        #expect((try? JSONScanner.validate(bytes.span.bytes, 0..<bytes.count)) != nil)
        continue
      }
      let isJSON = (try? JSONScanner.validate(bytes.span.bytes, 0..<bytes.count)) != nil
      #expect(isJSON == (mismatch.rule != "this is no JSON"))
    }
    #expect(taken > 100)
  }

  @Test func `a schema of any form is a fault or one that can be used`() throws {
    var chance = Chance(state: 2)
    let whole = try AvroSchema(text: Self.schema)
    let schema = Array(Self.schema.utf8)
    var taken = 0
    for _ in 0..<4000 {
      guard let document = try? SchemaDocument(Self.mutated(schema, &chance)), let other = try? AvroSchema(document)
      else {
        continue
      }
      taken += 1
      #expect(other.isSame(as: other) && other.obstacles(reading: other).allSatisfy { !$0.isProved })
      _ = whole.obstacles(reading: other)
      _ = other.obstacles(reading: whole)
      let validator = try other.validator()
      for _ in 0..<4 { _ = validator.mismatch(Self.mutated(Array(Self.data.utf8), &chance)) }
    }
    #expect(taken > 100)
  }

  @Test(arguments: [
    (#"{"type":"string","logicalType":"uuid"}"#, "6ba7b810-9dad-11d1-80b4-00C04FD430c8"),
    (#"{"type":"long","logicalType":"timestamp-millis"}"#, "2024-02-29T23:59:59.123+05:30"),
    (#"{"type":"long","logicalType":"timestamp-micros"}"#, "2026-11-23T06:30:00Z"),
    (#"{"type":"long","logicalType":"local-timestamp-millis"}"#, "2000-12-31T10:30:60"),
    (#"{"type":"enum","name":"E","symbols":["OPEN","OPENED_BY_HAND","CLOSED","OPENED_BY_HANDS"]}"#, "OPENED_BY_HAND"),
  ])
  func `a text with an escape is taken as the one without`(_ schema: String, _ text: String) throws {
    var chance = Chance(state: 3)
    let validator = try AvroSchema(text: schema).validator()
    var taken = 0
    for round in 0..<4000 {
      var bytes = Array(text.utf8)
      for _ in 0..<(round % 3) {
        let place = Int.random(in: 0..<bytes.count, using: &chance)
        switch Int.random(in: 0..<8, using: &chance) {
        case 0: bytes.remove(at: place)
        case 1: bytes.insert(UInt8(ascii: "0"), at: place)
        case 2: bytes[place] = UInt8.random(in: 0x20...0x7E, using: &chance)
        default: bytes[place] = [UInt8]("0123456789-:TZ+.aFgOEDNS_".utf8).randomElement(using: &chance) ?? 0
        }
      }
      guard !bytes.contains(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) else { continue }
      let place = Int.random(in: 0..<bytes.count, using: &chance)
      let escape = "\\u00" + String(bytes[place], radix: 16)
      let escaped = Array(bytes[..<place]) + Array(escape.utf8) + Array(bytes[(place + 1)...])
      let isTaken = validator.mismatch([0x22] + bytes + [0x22]) == nil
      #expect(
        (validator.mismatch([0x22] + escaped + [0x22]) == nil) == isTaken, "\(String(decoding: bytes, as: UTF8.self))")
      if isTaken { taken += 1 }
    }
    #expect((1300...3900).contains(taken))
  }
}
