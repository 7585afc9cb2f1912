// SPDX-License-Identifier: Apache-2.0

/// Which members of an object have been met: of few, of more, and of so many that it takes memory.
struct MetMembers {
  private var first: UInt64 = 0
  private var next: InlineArray<3, UInt64> = .init(repeating: 0)
  private var rest: [UInt64] = []

  init(_ count: Int) {
    if count > 256 { rest = [UInt64](repeating: 0, count: (count - 193) / 64) }
  }

  func contains(_ index: Int) -> Bool {
    let word = index < 64 ? first : index < 256 ? next[index >> 6 - 1] : rest[index >> 6 - 4]
    return word &>> UInt64(index & 63) & 1 != 0
  }

  /// False when it had been.
  @inline(__always)
  mutating func insert(_ index: Int) -> Bool {
    guard index < 64 else { return insertLater(index) }
    let bit: UInt64 = 1 &<< UInt64(index)
    guard first & bit == 0 else { return false }
    first |= bit
    return true
  }

  private mutating func insertLater(_ index: Int) -> Bool {
    guard !contains(index) else { return false }
    let bit: UInt64 = 1 &<< UInt64(index & 63)
    if index < 256 { next[index >> 6 - 1] |= bit } else { rest[index >> 6 - 4] |= bit }
    return true
  }
}
