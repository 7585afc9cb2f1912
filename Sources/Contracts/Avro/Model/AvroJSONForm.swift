// SPDX-License-Identifier: Apache-2.0

/// How values of a type look in JSON: as text, as a number, or as either.
///
/// A logical type has another form than what it lies upon, so whoever reads by one may refuse what was written by the other.
struct AvroJSONForm: Hashable, Sendable {
  enum Text: Hashable, Sendable {
    case none, any
    /// Characters up to U+00FF.
    case octets
    case fixed(Int)
    case uuid, date, time, timestamp, localTimestamp
    case decimal(precision: Int, scale: Int)
  }

  enum Number: Hashable, Sendable {
    case none, int, long, any
    /// From 0, as many as a day has.
    case day(perSecond: Int)
    /// A precision of 0 is any.
    case decimal(precision: Int, scale: Int)
  }

  var text = Text.none
  var number = Number.none

  /// Nil for a type that has no logical one and lies under none.
  init?(_ type: AvroType) {
    switch type.logical {
    case .uuid: text = .uuid
    case .date: (text, number) = (.date, .int)
    case .time(let units): (text, number) = (.time, .day(perSecond: units))
    case .timestamp: (text, number) = (.timestamp, .long)
    case .localTimestamp: (text, number) = (.localTimestamp, .long)
    case .bigDecimal: (text, number) = (.decimal(precision: 0, scale: 0), .decimal(precision: 0, scale: 0))
    case .decimal(let precision, let scale):
      (text, number) = (.decimal(precision: precision, scale: scale), .decimal(precision: precision, scale: scale))
    case .duration, nil:
      switch type.shape {
      case .int: number = .int
      case .long: number = .long
      case .float, .double: number = .any
      case .string: text = .any
      case .bytes: text = .octets
      case .fixed(_, let size): text = .fixed(size)
      default: return nil
      }
    }
  }

  /// Whether it takes all texts of another.
  func takesText(of other: Self) -> Bool {
    switch (text, other.text) {
    case (_, .none), (.any, _): true
    case (.octets, let text): text != .any
    case (.decimal(let precision, let scale), .decimal(let others, let othersScale)):
      Self.holds(precision, scale, others, othersScale)
    default: text == other.text
    }
  }

  /// Whether it takes all numbers of another.
  func takesNumbers(of other: Self) -> Bool {
    switch (number, other.number) {
    case (_, .none), (.any, _), (.long, .int), (.long, .day): true
    // 86 400 000 is an int.
    case (.int, .day(let units)): units <= 1000
    case (.day(let units), .day(let others)): others <= units
    case (.decimal(let precision, let scale), .decimal(let others, let othersScale)):
      Self.holds(precision, scale, others, othersScale)
    default: number == other.number
    }
  }

  private static func holds(_ precision: Int, _ scale: Int, _ others: Int, _ othersScale: Int) -> Bool {
    precision == 0 || (others > 0 && othersScale <= scale && others - othersScale <= precision - scale)
  }
}
