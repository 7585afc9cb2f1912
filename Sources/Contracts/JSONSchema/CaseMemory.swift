// SPDX-License-Identifier: Apache-2.0

/// What is known of cases and the reader's schemas that are held to them, so that each is looked at once: references let a
/// short text apply a schema in very many ways.
///
/// It holds as long as a case is looked at, for then nothing is forgotten on which it rests.
struct CaseMemory {
  private struct Use: Hashable {
    var number: Int
    var schema: Int32
  }

  private var count = 0
  private var coverings: [Use: [Obstacle]] = [:]
  private var disjoint: [Use: Bool] = [:]
  private var members: [Int: WrittenMembers] = [:]

  /// A number for a case.
  mutating func next() -> Int {
    count += 1
    return count
  }

  func obstacles(of schema: Int32, _ what: SchemaComparison.Case) -> [Obstacle]? {
    coverings[Use(number: what.number, schema: schema)]
  }

  mutating func note(_ obstacles: [Obstacle], of schema: Int32, _ what: SchemaComparison.Case) {
    coverings[Use(number: what.number, schema: schema)] = obstacles
  }

  func isDisjoint(_ schema: Int32, _ what: SchemaComparison.Case) -> Bool? {
    disjoint[Use(number: what.number, schema: schema)]
  }

  mutating func note(isDisjoint: Bool, _ schema: Int32, _ what: SchemaComparison.Case) {
    disjoint[Use(number: what.number, schema: schema)] = isDisjoint
  }

  func members(of what: SchemaComparison.Case) -> WrittenMembers? { members[what.number] }

  mutating func note(_ written: WrittenMembers, of what: SchemaComparison.Case) { members[what.number] = written }

  /// They take room.
  mutating func forgetMembers(of what: SchemaComparison.Case) { members[what.number] = nil }
}
