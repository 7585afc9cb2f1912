// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents

/// Checks plain JSON, as it stands in outboxes, by an Avro schema: in place, without a tree or a copy.
///
/// It is not Avro's JSON encoding, which writes the type of a union's branch around the value. What each type takes:
///
/// | Type | JSON |
/// | --- | --- |
/// | `null`, `boolean` | `null`; `true`, `false` |
/// | `int`, `long` | a number of digits alone, within 32 or 64 bits exactly; `1.0` and `1e2` are none |
/// | `float`, `double` | any number |
/// | `string` | a string; half a surrogate pair is none |
/// | `bytes` | a string of characters up to U+00FF, each a byte |
/// | `fixed` | the same, of its size |
/// | `enum` | a string that is one of its symbols |
/// | `array`, `map` | an array, an object whose members all have the one type |
/// | `record` | an object with its fields as members: none twice, no other, missing ones only if they have a default |
/// | union | what any of its branches takes |
///
/// | Logical type | JSON |
/// | --- | --- |
/// | `decimal` | a number, or a string of digits as a number has them without an exponent: its value within precision and scale |
/// | `big-decimal` | the same of any size |
/// | `uuid` | a string of RFC 4122's form, in either case |
/// | `date` | a string `YYYY-MM-DD`, or an int: days since 1970 |
/// | `time-millis`, `time-micros` | a string `HH:MM:SS` with decimals or without, or an integer within a day |
/// | `timestamp-millis`, `-micros`, `-nanos` | a string as RFC 3339 has times, with their zone, or a long |
/// | `local-timestamp-millis`, `-micros`, `-nanos` | the same string without a zone, or a long |
/// | `duration` | as a `fixed` of 12 |
///
/// Decimals of a second may be as many as there are: whoever reads them as Avro has them may keep fewer. Member names,
/// symbols and texts may be written with escapes. That a map has a member twice is not seen. Arrays and objects lie
/// within each other at most ``maximumDepth`` deep.
///
/// Data that matches takes no memory, but for a record of more than 256 fields. The time is bounded: of a union's records those
/// are tried that have the members, and when some 256 times the text's length was looked at to no avail, it has too many ways to
/// be read.
struct AvroValidator: PayloadValidator {
  /// Arrays and objects within each other.
  static let maximumDepth = 128

  private let program: AvroProgram
  private let schema: AvroSchema

  init(_ schema: AvroSchema) { (program, self.schema) = (AvroProgram(schema), schema) }

  func acceptor() -> Acceptor? { Acceptor(schema).ifOfUse() }

  func mismatch(in bytes: RawSpan, _ range: Range<Int>) -> Mismatch? {
    var check = AvroCheck(range)
    if check.whole(program, bytes) { return nil }
    // From here on time is not counted.
    do throws(JSONScanner.Failure) {
      try JSONScanner.validate(bytes, range)
    } catch {
      return Mismatch("", "this is no JSON")
    }
    return Mismatch(JSONPointerSearch.of(check.failedAt, bytes, range), program.words(check.rule))
  }
}
