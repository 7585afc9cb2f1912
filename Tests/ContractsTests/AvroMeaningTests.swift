// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Contracts

/// Logical types, whose forms in JSON are others than those of the types that they lie upon.
struct AvroMeaningTests {
  private enum Verdict { case readable, unknown, violation }

  private static let types: [String: String] = [
    "string": #""string""#, "int": #""int""#, "long": #""long""#, "double": #""double""#, "bytes": #""bytes""#,
    "uuid": #"{"type":"string","logicalType":"uuid"}"#, "date": #"{"type":"int","logicalType":"date"}"#,
    "time": #"{"type":"int","logicalType":"time-millis"}"#,
    "time-micros": #"{"type":"long","logicalType":"time-micros"}"#,
    "stamp": #"{"type":"long","logicalType":"timestamp-millis"}"#,
    "stamp-micros": #"{"type":"long","logicalType":"timestamp-micros"}"#,
    "local": #"{"type":"long","logicalType":"local-timestamp-millis"}"#,
    "decimal": #"{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}"#,
    "wide": #"{"type":"bytes","logicalType":"decimal","precision":6,"scale":2}"#,
    "big": #"{"type":"bytes","logicalType":"big-decimal"}"#,
    "fixed": #"{"type":"fixed","name":"F","size":16}"#,
    "fixed-uuid": #"{"type":"fixed","name":"F","size":16,"logicalType":"uuid"}"#,
    "twelve": #"{"type":"fixed","name":"F","size":12}"#,
    "duration": #"{"type":"fixed","name":"F","size":12,"logicalType":"duration"}"#,
    "int or none": #"["null","int"]"#, "int or string": #"["int","string"]"#,
    "date or none": #"["null",{"type":"int","logicalType":"date"}]"#,
  ]

  /// What data of each type may be, as far as it matters here.
  private static let data = [
    "\"abc\"", "\"Ā\"", "5", "-5", "86400000", "4000000000", "90000000000", "1.5", "\"1.5\"", "123.45", "1e9", "null",
    "\"2026-01-01\"", "\"10:00:00\"", "\"2026-01-01T10:00:00Z\"", "\"2026-01-01T10:00:00\"", "\"0123456789abcdef\"",
    "\"0123456789ab\"", "\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\"",
  ]

  @Test(arguments: [
    ("uuid", "string", Verdict.violation), ("string", "uuid", .readable), ("bytes", "uuid", .readable),
    ("date", "int", .readable), ("int", "date", .violation), ("long", "date", .violation),
    ("double", "date", .violation),
    ("time", "int", .violation), ("int", "time", .violation), ("stamp", "long", .readable), ("stamp", "int", .readable),
    ("long", "stamp", .violation), ("local", "stamp", .violation), ("stamp", "local", .violation),
    ("stamp", "stamp-micros", .unknown), ("time-micros", "time", .unknown), ("time", "date", .violation),
    ("date", "time", .violation), ("decimal", "bytes", .violation), ("bytes", "decimal", .violation),
    ("decimal", "string", .violation), ("string", "decimal", .violation), ("big", "decimal", .unknown),
    ("decimal", "big", .violation), ("wide", "decimal", .unknown), ("decimal", "wide", .violation),
    ("fixed", "fixed-uuid", .violation), ("fixed-uuid", "fixed", .violation), ("twelve", "duration", .readable),
    ("duration", "twelve", .readable), ("int or none", "date", .violation), ("int or none", "date or none", .violation),
    ("date or none", "int or none", .readable), ("int or string", "date", .unknown),
    ("string", "int or string", .violation),
  ])
  private func `one that is added or taken away is seen where its form makes a difference`(
    _ reader: String, _ writer: String, _ verdict: Verdict
  ) throws {
    let (reading, writing) = try (
      AvroSchema(text: #require(Self.types[reader])), AvroSchema(text: #require(Self.types[writer]))
    )
    let obstacles = reading.obstacles(reading: writing)
    let found: Verdict = obstacles.isEmpty ? .readable : obstacles.contains(where: \.isProved) ? .violation : .unknown
    #expect(found == verdict, "\(obstacles)")
    // The relay's own validators are the judge.
    let (taking, written) = try (reading.validator(), writing.validator())
    let refused = Self.data.filter { text in
      let bytes = Array(text.utf8)
      return written.mismatch(bytes) == nil && taking.mismatch(bytes) != nil
    }
    #expect(verdict == .violation || refused.isEmpty, "\(refused)")
    #expect(verdict != .violation || !refused.isEmpty || reader == "decimal" && writer == "wide")
  }

  @Test func `words say which forms are not taken, and what to do on either side`() throws {
    let uuid = try #require(
      try avroObstacles(Self.types["uuid"] ?? "", reading: Self.types["string"] ?? "").first)
    #expect(uuid.rule == "uuid does not take all that the writer's string may look like" && uuid.code == .logicalType)
    #expect(uuid.advice == "write string again, and use another field for uuid" && uuid.writersAdvice == "keep uuid")
  }
}
