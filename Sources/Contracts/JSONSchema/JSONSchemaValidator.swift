// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents

/// A compiled JSON Schema.
///
/// A member that is there twice is checked twice, so whichever a receiver takes is right, and it counts twice.
/// Half a surrogate pair is a character. `format` and the `content` keywords are annotations.
final class JSONSchemaValidator: PayloadValidator {
  /// Arrays and objects of data within each other.
  static let maximumDepth = 128

  let program: Program

  init(_ program: Program) { self.program = program }

  func acceptor() -> Acceptor? { Acceptor(program).ifOfUse() }

  func mismatch(in bytes: RawSpan, _ range: Range<Int>) -> Mismatch? {
    let data = bytes.extracting(range)
    do throws(JSONScanner.Failure) {
      try JSONScanner.validate(data, 0..<data.byteCount)
    } catch {
      return Mismatch("", "JSON")
    }
    guard !JSONPlace.isDeeper(data, 0..<data.byteCount, than: Self.maximumDepth) else {
      return Mismatch("", "at most \(Self.maximumDepth) arrays and objects within each other")
    }
    let start = JSONPlace.skipBlanks(data, 0)
    var checker = SchemaChecker(self, budget: SchemaChecker.budget(for: data.byteCount))
    let end = checker.check(data, Int32(program.root), start)
    guard !checker.isExhausted else { return Mismatch("", "too much work") }
    guard end < 0 else { return nil }
    return Mismatch(JSONPlace.pointer(data, to: checker.failedAt, from: start), program.words(checker.failedText))
  }
}
