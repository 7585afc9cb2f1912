// SPDX-License-Identifier: Apache-2.0

import Octets

/// Which letters are asked for: those that have all that is named; without anything, all.
public struct LetterQuery: Hashable, Sendable {
  /// The aggregate id.
  public var key: String?
  /// The aggregate type.
  public var aggregateType: String?
  /// The event's id.
  public var id: String?
  /// The slot of the relay that has kept it; a letter that names none is anybody's.
  public var slot: String?
  /// The event's type.
  public var type: String?
  /// A part of the reason, in whatever case.
  public var reason: String?
  /// When it was tried last, in seconds since 1970: from the first on, and before the second.
  public var times: Range<Int64>?

  /// Makes a query.
  public init(key: String? = nil, aggregateType: String? = nil, id: String? = nil) {
    self.key = key
    self.aggregateType = aggregateType
    self.id = id
  }

  /// Whether a letter is among those asked for.
  public func matches(_ letter: DeadLetter) -> Bool {
    func isSame(_ wanted: String?, _ found: String) -> Bool {
      wanted.map { ForeignText($0) == ForeignText(found) } ?? true
    }
    return isSame(key, letter.key) && isSame(aggregateType, letter.aggregateType) && isSame(id, letter.id)
      && isSame(type, letter.type) && (slot.flatMap { slot in letter.slot.map { $0 == slot } } ?? true)
      && (reason.map { letter.reason.lowercased().contains($0.lowercased()) } ?? true)
      && (times.map { $0.contains(letter.lastAttempt) } ?? true)
  }

  /// Whether every letter is asked for.
  var isEmpty: Bool { self == LetterQuery() }
}
