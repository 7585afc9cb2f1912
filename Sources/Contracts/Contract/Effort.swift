// SPDX-License-Identifier: Apache-2.0

/// What may be spent on comparing schemas: a unit is some tenths of a microsecond.
package struct Effort: Sendable {
  /// What is left; below zero when more was spent.
  package private(set) var left: Int

  package init(_ left: Int) { self.left = left }

  /// As much as two schemas take at most.
  static var unlimited: Effort { Effort(.max) }

  var isSpent: Bool { left <= 0 }

  mutating func spend(_ units: Int) { left -= units }
}
