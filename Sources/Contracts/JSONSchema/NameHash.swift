// SPDX-License-Identifier: Apache-2.0

import Octets

/// A name in place, for the tables of those that a schema names: its hash, and its first eight bytes.
///
/// Only a schema's author chooses what a table holds, and each program has a seed of its own.
struct NameHash {
  var hash: UInt64
  /// The first bytes, the first of them lowest; zeros behind a shorter name.
  var prefix: UInt64

  init(_ bytes: RawSpan, _ name: Range<Int>, seed: UInt64) {
    let count = name.upperBound &- name.lowerBound
    prefix = Self.word(bytes, name.lowerBound, min(count, 8))
    hash = Self.mix(prefix ^ seed ^ UInt64(truncatingIfNeeded: count) &* 0x9E37_79B9_7F4A_7C15)
    var offset = name.lowerBound &+ 8
    while offset < name.upperBound {
      hash = Self.mix(hash ^ Self.word(bytes, offset, min(name.upperBound &- offset, 8)))
      offset &+= 8
    }
  }

  /// Up to eight bytes.
  @inline(__always)
  private static func word(_ bytes: RawSpan, _ offset: Int, _ count: Int) -> UInt64 {
    if offset &+ 8 <= bytes.byteCount {
      // The check is the line above.
      let word = unsafe bytes.word(unchecked: offset)
      return count == 8 ? word : word & ((1 &<< UInt64(truncatingIfNeeded: count &* 8)) &- 1)
    }
    var word: UInt64 = 0
    for index in 0..<count {
      word |= UInt64(bytes.byte(at: offset &+ index)) &<< UInt64(truncatingIfNeeded: index &* 8)
    }
    return word
  }

  @inline(__always)
  private static func mix(_ value: UInt64) -> UInt64 {
    let (high, low) = value.multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
    return high ^ low
  }
}
