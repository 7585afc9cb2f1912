// SPDX-License-Identifier: Apache-2.0

/// A set of code points: what one place of a pattern takes.
struct ScalarSet: Hashable, Sendable {
  /// A property of Unicode's with two values.
  enum Property: String, Sendable {
    case alphabetic = "Alphabetic"
    case whiteSpace = "White_Space"
    case uppercase = "Uppercase"
    case lowercase = "Lowercase"
    case idStart = "ID_Start"
    case idContinue = "ID_Continue"
    case xidStart = "XID_Start"
    case xidContinue = "XID_Continue"
    case emoji = "Emoji"
    case math = "Math"
    case dash = "Dash"
    case ideographic = "Ideographic"
    case hexDigit = "Hex_Digit"
  }

  struct Part: Hashable, Sendable {
    var property: Property
    var isNegated: Bool
  }

  private(set) var ranges: [ClosedRange<UInt32>] = []
  /// General categories, a bit each.
  private(set) var categories: UInt32 = 0
  private(set) var parts: [Part] = []
  private(set) var isNegated = false
  /// The first 128, a bit each, whatever they come from.
  private var low: UInt64 = 0
  private var high: UInt64 = 0

  init() {}

  init(_ ranges: ClosedRange<UInt32>...) { self.ranges = ranges }

  mutating func insert(_ range: ClosedRange<UInt32>) { ranges.append(range) }

  mutating func insert(categories mask: UInt32) { categories |= mask }

  mutating func insert(_ part: Part) { parts.append(part) }

  /// Adds what another has; that must have no parts of its own when it is negated.
  mutating func formUnion(_ other: ScalarSet) {
    ranges += other.isNegated ? Self.gaps(other.ranges) : other.ranges
    categories |= other.categories
    parts += other.parts
  }

  mutating func negate() { isNegated.toggle() }

  /// Brings the ranges in order, once all are there.
  mutating func finish() {
    var joined: [ClosedRange<UInt32>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = joined.last, range.lowerBound <= last.upperBound.addingReportingOverflow(1).partialValue {
        joined[joined.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        joined.append(range)
      }
    }
    ranges = joined
    for scalar in UInt32(0)..<64 {
      if slowlyContains(scalar) { low |= 1 << UInt64(scalar) }
      if slowlyContains(scalar + 64) { high |= 1 << UInt64(scalar) }
    }
  }

  func contains(_ scalar: UInt32) -> Bool {
    if scalar < 64 { return low & 1 << UInt64(scalar) != 0 }
    if scalar < 128 { return high & 1 << UInt64(scalar - 64) != 0 }
    return slowlyContains(scalar)
  }

  private func slowlyContains(_ scalar: UInt32) -> Bool {
    hasRange(scalar) || hasProperty(scalar) ? !isNegated : isNegated
  }

  private func hasRange(_ scalar: UInt32) -> Bool {
    var (first, last) = (0, ranges.count)
    while first < last {
      let middle = (first + last) / 2
      if ranges[middle].upperBound < scalar { first = middle + 1 } else { last = middle }
    }
    return first < ranges.count && ranges[first].lowerBound <= scalar
  }

  private func hasProperty(_ value: UInt32) -> Bool {
    guard categories != 0 || !parts.isEmpty else { return false }
    guard let scalar = Unicode.Scalar(value) else { return categories & Unicode.GeneralCategory.surrogate.bit != 0 }
    let properties = scalar.properties
    if categories & properties.generalCategory.bit != 0 { return true }
    return parts.contains { part in properties.has(part.property) != part.isNegated }
  }

  private static func gaps(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
    var gaps: [ClosedRange<UInt32>] = []
    var next: UInt32 = 0
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if range.lowerBound > next { gaps.append(next...(range.lowerBound - 1)) }
      next = max(next, range.upperBound + 1)
    }
    if next <= 0x10FFFF { gaps.append(next...0x10FFFF) }
    return gaps
  }
}

extension Unicode.Scalar.Properties {
  fileprivate func has(_ property: ScalarSet.Property) -> Bool {
    switch property {
    case .alphabetic: isAlphabetic
    case .whiteSpace: isWhitespace
    case .uppercase: isUppercase
    case .lowercase: isLowercase
    case .idStart: isIDStart
    case .idContinue: isIDContinue
    case .xidStart: isXIDStart
    case .xidContinue: isXIDContinue
    case .emoji: isEmoji
    case .math: isMath
    case .dash: isDash
    case .ideographic: isIdeographic
    case .hexDigit: isHexDigit
    }
  }
}
