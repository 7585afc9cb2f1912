// SPDX-License-Identifier: Apache-2.0

/// A schema of some format.
package protocol Schema: Sendable {
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

  /// How large data can be by it.
  var largest: LargestData { get }

  /// Compiles it.
  func validator() throws(SchemaFault) -> any PayloadValidator
}

/// A schema that is written in JSON.
package protocol DocumentSchema: Schema {
  /// Reads one.
  init(_ document: SchemaDocument) throws(SchemaFault)
}

extension Schema {
  /// The same, whatever it takes.
  package func obstacles(reading writer: Self) -> [Obstacle] {
    var effort = Effort.unlimited
    return obstacles(reading: writer, effort: &effort)
  }
}
