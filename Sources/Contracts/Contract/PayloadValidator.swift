// SPDX-License-Identifier: Apache-2.0

/// Where and by which rule data does not match its schema; never the data.
package struct Mismatch: Error, Hashable, Sendable {
  /// The place in the data, as a JSON Pointer; empty for the whole. Source: RFC 6901.
  package var pointer: String
  /// The rule, such as `#/properties/cents/type: integer` or `long`.
  package var rule: String

  package init(_ pointer: String, _ rule: String) { (self.pointer, self.rule) = (pointer, rule) }
}

/// A schema that was compiled to check JSON in place: without a tree, a copy or, for data that matches, an allocation.
package protocol PayloadValidator: Sendable {
  /// The first thing in a range that does not match; nil when all does. The range need not be JSON: that is a mismatch too.
  ///
  /// It ends within a time that is bounded by the lengths of data and schema, whatever both hold.
  func mismatch(in bytes: RawSpan, _ range: Range<Int>) -> Mismatch?

  /// What can be asked first; nil where it would hardly ever say yes.
  func acceptor() -> Acceptor?
}
