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
  func obstacles(reading writer: Self) -> [Obstacle]

  /// How large data can be by it.
  var largest: LargestData { get }

  /// Compiles it.
  func validator() throws(SchemaFault) -> any PayloadValidator
}
