// SPDX-License-Identifier: Apache-2.0

import Contracts
import Testing

/// What is said to be compatible or not, where it is near the one or the other.
struct JSONSchemaProofTests {
  private func obstacles(_ reader: String, _ writer: String) throws -> [Obstacle] {
    try JSONSchemaHostileTests.schema(reader).obstacles(reading: JSONSchemaHostileTests.schema(writer))
  }

  @Test(arguments: [
    (##""maximum": 9223372036854775807"##, ##""exclusiveMaximum": 9223372036854775808"##),
    (##""maximum": 99999999999999999"##, ##""exclusiveMaximum": 100000000000000000"##),
    (##""minimum": -9223372036854775808"##, ##""exclusiveMinimum": -9223372036854775809"##),
    (##""minimum": 0.5"##, ##""minimum": 0.99999999999999999999"##),
    (##""maximum": -0.5"##, ##""maximum": -0.99999999999999999999"##),
    (##""exclusiveMinimum": -1"##, ##""minimum": -0.25"##), (##""exclusiveMinimum": 0"##, ##""minimum": 1e0"##),
    (##""exclusiveMaximum": -1e30"##, ##""maximum": -1000000000000000000000000000001"##),
    (##""maximum": 12.5"##, ##""exclusiveMaximum": 13"##), (##""minimum": -12.5"##, ##""exclusiveMinimum": -13"##),
  ]) func `bounds that allow the same integers are the same`(_ one: String, _ two: String) throws {
    let (one, two) = (##"{"type": "integer", \##(one)}"##, ##"{"type": "integer", \##(two)}"##)
    let found = try obstacles(one, two) + obstacles(two, one)
    #expect(found == [])
  }

  @Test(arguments: [
    // reader, writer; the reader allows one integer less
    (##""maximum": 9223372036854775806"##, ##""exclusiveMaximum": 9223372036854775808"##),
    (##""minimum": 1"##, ##""minimum": -0.99999999999999999999"##),
    (##""exclusiveMaximum": 1e30"##, ##""maximum": 1e30"##), (##""maximum": 9"##, ##""exclusiveMaximum": 11"##),
    (##""minimum": 10"##, ##""exclusiveMinimum": 8"##), (##""minimum": 0"##, ##""minimum": -1.5"##),
  ]) func `bounds that allow other integers are not`(_ reader: String, _ writer: String) throws {
    let (reader, writer) = (##"{"type": "integer", \##(reader)}"##, ##"{"type": "integer", \##(writer)}"##)
    let found = try (obstacles(reader, writer), obstacles(writer, reader))
    #expect(found.0.map(\.isProved) == [true] && found.1 == [])
  }

  @Test func `bounds of more digits than are looked at prove nothing`() throws {
    let found = try obstacles(
      ##"{"type": "integer", "maximum": 1e2000}"##, ##"{"type": "integer", "maximum": 1e2001}"##)
    #expect(found.map(\.isProved) == [false])
  }

  private static let closed = ##""allOf": [{"type": "object", "properties": {"a": {"type": "string"}, "c": {}}}]"##

  @Test(arguments: [
    // reader, writer
    (
      ##"{\##(closed), "propertyNames": {"enum": ["a", "b", "d"]}}"##,
      ##"{\##(closed), "propertyNames": {"enum": ["a", "b"]}}"##
    ),
    (
      ##"{"required": ["a"], "properties": {"c": {"type": "null"}}, "propertyNames": {"enum": ["a"]}}"##,
      ##"{"required": ["a"], "properties": {"c": {"type": "string"}}, "propertyNames": {"enum": ["a"]}}"##
    ),
    (
      ##"{"propertyNames": {"pattern": "^a"}, "additionalProperties": {"type": "number"}}"##,
      ##"{"propertyNames": {"pattern": "^a"}, "additionalProperties": {"type": "integer"}}"##
    ),
    (
      ##"{"propertyNames": {"maxLength": 5}, "additionalProperties": {"type": "number"}}"##,
      ##"{"propertyNames": {"maxLength": 4}, "additionalProperties": {"type": "integer"}}"##
    ),
    (
      ##"{"propertyNames": {"enum": ["a", "b"]}, "additionalProperties": {"type": "number"}}"##,
      ##"{"propertyNames": {"enum": ["a", "b"]}, "additionalProperties": {"type": "integer"}}"##
    ),
    (
      ##"{"properties": {"a": {}, "b": {}}, "additionalProperties": false}"##,
      ##"{"propertyNames": {"enum": ["a", "b", 1]}}"##
    ),
    (##"{"maxProperties": 2}"##, ##"{"propertyNames": {"enum": ["a", "b"]}}"##),
  ]) func `names that a writer may not write are none`(_ reader: String, _ writer: String) throws {
    let found = try obstacles(reader, ##"{"type": "object", "allOf": [\##(writer)]}"##)
    #expect(found == [])
  }

  @Test func `names that a list allows are told one by one`() throws {
    let found = try obstacles(
      ##"{"propertyNames": {"enum": ["a"]}}"##, ##"{"type": "object", "propertyNames": {"enum": ["a", "b"]}}"##)
    #expect(found.map(\.path) == ["/propertyNames/enum"] && found.map(\.isProved) == [true])
  }
}
