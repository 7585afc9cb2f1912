// SPDX-License-Identifier: Apache-2.0

import Octets

/// Writes JSON that matches a contract in Avro's binary form, in one pass that checks it as it goes.
///
/// A union's branch is the one that takes the JSON: a schema of which two may is refused when it is compiled. Missing fields
/// have their defaults. No value is rounded: what its type cannot hold is refused.
package final class AvroEncoder: Sendable {
  private let plan: AvroPlan
  /// Writes most data.
  let transcoder: AvroTranscoder
  private let validator: AvroValidator

  /// Compiles a schema.
  ///
  /// - Throws: That it has a union of which two branches take the same JSON, or a default that cannot be written.
  package init(_ schema: AvroSchema) throws(SchemaFault) {
    plan = try AvroPlan(schema)
    transcoder = AvroTranscoder(schema, plan)
    validator = AvroValidator(schema)
  }

  /// Appends the binary form of data; what cannot be written comes back, and then nothing is appended.
  package func append(_ bytes: RawSpan, _ range: Range<Int>, to output: inout [UInt8]) -> Mismatch? {
    if transcoder.append(bytes, range, to: &output) { return nil }
    return appendSlowly(bytes, range, to: &output)
  }

  /// The same, whatever the data is.
  @inline(never)
  func appendSlowly(_ bytes: RawSpan, _ range: Range<Int>, to output: inout [UInt8]) -> Mismatch? {
    let start = output.count
    var writing = AvroWriting(range, AvroOutput(output))
    output = []
    let isWritten = writing.whole(plan, bytes)
    if !isWritten { writing.output.truncate(start) }
    output = writing.output.bytes
    return isWritten ? nil : mismatch(writing, bytes, range)
  }

  /// In the words of the check where it refuses too.
  private func mismatch(_ writing: AvroWriting, _ bytes: RawSpan, _ range: Range<Int>) -> Mismatch {
    if let mismatch = validator.mismatch(in: bytes, range) { return mismatch }
    return Mismatch(JSONPointerSearch.of(writing.failedAt, bytes, range), writing.trouble.words)
  }
}
