// SPDX-License-Identifier: Apache-2.0

/// A schema of some format.
package protocol Schema: Sendable {
  /// Reads one.
  init(_ document: SchemaDocument) throws(SchemaFault)

  /// What may not be meant.
  var remarks: [SchemaRemark] { get }

  /// Whether two say the same, however they are written.
  func isSame(as other: Self) -> Bool

  /// What keeps a reader who has this schema from reading what was written with another; none where it reads all of it.
  ///
  /// - Parameters:
  ///   - writer: The other.
  ///   - effort: What may be spent on it, in ``Effort``'s units; less what was spent.
  func obstacles(reading writer: Self, effort: inout Effort) -> [Obstacle]

  /// Compiles it.
  func validator() throws(SchemaFault) -> any PayloadValidator
}

extension Schema {
  /// The same, whatever it takes.
  package func obstacles(reading writer: Self) -> [Obstacle] {
    var effort = Effort.unlimited
    return obstacles(reading: writer, effort: &effort)
  }
}

/// What keeps a reader from reading all that a writer may write.
package struct Obstacle: Hashable, Sendable {
  /// Where in the reader's schema, as a JSON Pointer; empty for the whole.
  package var path: String
  /// The rule that it breaks.
  package var rule: String
  /// What to do.
  package var advice: String
  /// Whether it is proved; else nobody can tell.
  package var isProved: Bool

  package init(_ path: String, _ rule: String, advice: String, isProved: Bool = true) {
    (self.path, self.rule, self.advice, self.isProved) = (path, rule, advice, isProved)
  }
}
