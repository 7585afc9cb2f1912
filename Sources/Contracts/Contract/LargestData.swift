// SPDX-License-Identifier: Apache-2.0

/// How large data can be that a schema takes, as JSON without blanks, with numbers as short as they can be written.
package enum LargestData: Hashable, Sendable {
  /// At most so many bytes.
  case bytes(Int)
  /// Nothing bounds it: the first place of which that is so, as a JSON Pointer.
  case unbounded(String)

  /// More is as good as this.
  static let most = Int(Int32.max)

  /// As many as are named in each of two.
  static func + (left: Self, right: Self) -> Self {
    guard case .bytes(let one) = left else { return left }
    guard case .bytes(let two) = right else { return right }
    return .bytes(min(most, one + two))
  }

  /// So many times.
  func times(_ count: Int) -> Self {
    guard case .bytes(let one) = self else { return count == 0 ? .bytes(0) : self }
    let (product, overflows) = one.multipliedReportingOverflow(by: count)
    return .bytes(overflows ? Self.most : min(Self.most, product))
  }

  /// Where either may be.
  func or(_ other: Self) -> Self {
    guard case .bytes(let one) = self else { return self }
    guard case .bytes(let two) = other else { return other }
    return .bytes(max(one, two))
  }

  /// Where both hold.
  func and(_ other: Self) -> Self {
    switch (self, other) {
    case (.bytes(let one), .bytes(let two)): .bytes(min(one, two))
    case (.bytes, _): self
    default: other
    }
  }
}
