// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Testing

@testable import Contracts

/// What hostile schemas and data may cost.
struct AvroBoundsTests {
  /// Each level can be read as either record, until the innermost value tells.
  private static let forked = """
    {"type":"record","name":"A","fields":[{"name":"x","type":["int","A",
      {"type":"record","name":"B","fields":[{"name":"x","type":["int","A","B"]}]}]}]}
    """

  private static func nested(_ depth: Int, _ leaf: String) -> String {
    String(repeating: "{\"x\":", count: depth) + leaf + String(repeating: "}", count: depth)
  }

  @Test func `data that can be read in many ways is read, or refused in time`() throws {
    let validator = try AvroSchema(text: Self.forked).validator()
    #expect(validator.mismatch(Self.nested(100, "1")) == nil)
    #expect(validator.mismatch(Self.nested(100, "\"\""))?.rule == "too many ways to read it")
    #expect(validator.mismatch(Self.nested(5, "\"\""))?.rule == "int or record A or record B")
  }

  @Test func `a default that can be read in many ways is a fault in time`() {
    let fault = avroFault(
      #"{"type":"record","name":"D","fields":[{"name":"a","type":\#(Self.forked),"default":\#(Self.nested(100, "\"\""))}]}"#
    )
    #expect(fault?.path == "/fields/0/default" && fault?.problem == "this default can be read in too many ways")
  }

  @Test func `data is nested as deep as the bound, and no deeper`() throws {
    let validator = try AvroSchema(text: #"{"type":"record","name":"A","fields":[{"name":"x","type":["null","A"]}]}"#)
      .validator()
    #expect(validator.mismatch(Self.nested(AvroValidator.maximumDepth, "null")) == nil)
    let deeper = validator.mismatch(Self.nested(AvroValidator.maximumDepth + 1, "null"))
    #expect(deeper?.rule == "more than 128 arrays and objects lie within each other")
    #expect(deeper?.pointer == String(repeating: "/x", count: 128))
    #expect(validator.mismatch(String(repeating: "{\"x\":", count: 1_000_000))?.rule == "this is no JSON")
  }

  @Test func `a union of many types is tried in bounded time`() throws {
    let types = (0..<500).map { #"{"type":"enum","name":"E\#($0)","symbols":["S\#($0)"]}"# }.joined(separator: ",")
    let validator = try AvroSchema(text: #"{"type":"array","items":[\#(types)]}"#).validator()
    #expect(validator.mismatch("[\"S0\",\"S499\"]") == nil)
    #expect(validator.mismatch("[\"S0\",\"T\"]")?.pointer == "/1")
    let many = validator.mismatch("[" + Array(repeating: "\"S499\"", count: 2000).joined(separator: ",") + "]")
    #expect(many?.rule == "too many ways to read it")
  }

  @Test func `schemas that are too large to be compared say so`() throws {
    let types = (0..<3000).map { #"{"type":"record","name":"n\#($0).R","fields":[]}"# }.joined(separator: ",")
    let schema = try AvroSchema(text: "[\(types)]")
    let obstacles = schema.obstacles(reading: schema)
    #expect(obstacles.map(\.rule) == ["the schemas are too large to be compared"] && obstacles.first?.isProved == false)
  }
}
