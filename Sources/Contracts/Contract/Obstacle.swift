// SPDX-License-Identifier: Apache-2.0

/// What keeps a reader from reading all that a writer may write.
package struct Obstacle: Hashable, Sendable {
  /// Where in the reader's schema, as a JSON Pointer; empty for the whole.
  package var path: String
  /// The rule that it breaks.
  package var rule: String
  /// What kind of rule that is, for programs.
  package var code: ObstacleCode
  /// What to do to the reader's schema.
  package var advice: String
  /// What to do to the writer's schema, where the reader's is published.
  package var writersAdvice: String
  /// Whether it is proved; else nobody can tell.
  package var isProved: Bool
  /// Values that are missing in a list, until they are told.
  var lacking: [String] = []

  package init(
    _ path: String, _ rule: String, code: ObstacleCode, advice: String, writersAdvice: String? = nil,
    isProved: Bool = true
  ) {
    (self.path, self.rule, self.code, self.isProved) = (path, rule, code, isProved)
    (self.advice, self.writersAdvice) = (advice, writersAdvice ?? advice)
  }
}

/// Kinds of rules by which a reader may not read a writer. The words stay the same, so that programs can tell them apart.
package enum ObstacleCode: String, CaseIterable, Hashable, Sendable {
  /// Another type.
  case type
  /// Another name of a record, an enum or a fixed.
  case name
  /// A field or member that the reader wants, and the writer need not write.
  case field
  /// A member that the reader does not take.
  case member
  /// Names and aliases of fields that fit more than one.
  case alias
  /// Values of a list.
  case `enum`
  /// Numbers out of the reader's bounds.
  case number
  /// Texts that the reader does not take.
  case text
  /// Arrays that the reader does not take.
  case array
  /// The size of a fixed, or of the schemas.
  case size
  /// Another logical type.
  case logicalType = "logical-type"
  /// Another format of schema.
  case format
  /// Another rule, or a combination of rules.
  case other
}
