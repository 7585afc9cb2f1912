// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents

/// Checks JSON by Protobuf's JSON mapping: in place, without a tree or a copy. Source: Protocol Buffers, "ProtoJSON Format".
///
/// | Type | JSON |
/// | --- | --- |
/// | message | an object; a member is called by its JSON name or by its own, is there once, and is of a field |
/// | `null` | no value, for any field but those of `Value` and `NullValue`; within arrays and maps only for those |
/// | oneof | one field of it at most |
/// | `required` | a field that must be there |
/// | enum | the name or the number of a value; of an open enum any number within 32 bits |
/// | map | an object; keys of whole numbers as digits, of bool as `true` and `false` |
/// | repeated | an array |
/// | `bool` | `true`, `false` |
/// | `string` | a string; half a surrogate pair is none |
/// | `bytes` | a string of base64 with either alphabet, padded or not |
/// | whole numbers | a number within the range, also in quotes; `1.0` and `1e2` too |
/// | `float`, `double` | a number within the range, also in quotes; `"NaN"`, `"Infinity"`, `"-Infinity"` |
/// | `Timestamp` | a string as RFC 3339 has times, with `T` and a zone, at most nine decimals, years 0001 to 9999 |
/// | `Duration` | a string of seconds, at most nine decimals, and `s` |
/// | `FieldMask` | a string of lowerCamel paths with commas between them |
/// | `Struct`, `Value`, `ListValue` | an object, JSON, an array, with finite numbers |
/// | wrappers | what they wrap |
/// | `Any` | an object with the type behind `@type`'s last slash, which must be in the set, and its fields or its `value` |
/// | extensions | members `[full.name]` |
///
/// Member names and symbols may be written with escapes where they are ASCII. That a map or a `Struct` has a member twice is not
/// seen. Arrays and objects lie within each other at most ``maximumDepth`` deep.
///
/// Data that matches takes no memory, but for a message of more than 256 fields or names, and a number at the very end of its
/// range. The time is bounded: only what is in an `Any` is looked at more than once, and when some 256 times the text's length was
/// looked at, that is too much.
struct ProtobufValidator: PayloadValidator {
  /// Arrays and objects within each other.
  static let maximumDepth = 128

  private let program: ProtobufProgram

  init(_ schema: ProtobufSchema) { program = ProtobufProgram(schema) }

  init(_ program: ProtobufProgram) { self.program = program }

  func acceptor() -> Acceptor? { Acceptor(program).ifOfUse() }

  func mismatch(in bytes: RawSpan, _ range: Range<Int>) -> Mismatch? {
    var check = ProtobufCheck(range)
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
