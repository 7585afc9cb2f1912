// SPDX-License-Identifier: Apache-2.0

/// Writes JSON that matches a contract in Protobuf's binary form.
///
/// Fields come in the order of the JSON. What has no presence is left out where it is zero or empty; of a map's member that is
/// there twice readers take the last.
package struct ProtobufEncoder: Sendable {
  private let program: ProtobufProgram

  package init(_ schema: ProtobufSchema) { program = ProtobufProgram(schema) }

  /// Appends the binary form of data; what does not match comes back, and then nothing is appended.
  package func append(
    _ bytes: RawSpan, _ range: Range<Int>, to output: inout [UInt8]
  ) -> Mismatch? {
    if let mismatch = ProtobufValidator(program).mismatch(in: bytes, range) { return mismatch }
    let start = output.count
    var writing = ProtobufWriting(range, ProtobufOutput(output))
    output = []
    writing.skipBlanks(bytes)
    let isWritten = writing.content(program.root, program, bytes)
    if !isWritten { writing.output.truncate(start) }
    output = writing.output.bytes
    return isWritten ? nil : Mismatch("", "it cannot be written")
  }
}
