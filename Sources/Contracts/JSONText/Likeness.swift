// SPDX-License-Identifier: Apache-2.0

/// Whether a name may be another that was written wrongly.
enum Likeness {
  /// Whether a name is another but for capitals, one letter or two that are swapped.
  static func isNear(_ name: String, _ other: String) -> Bool {
    let letters = Array(name.lowercased().utf8)
    guard (3...24).contains(letters.count), other.utf8.count > 3 else { return false }
    return isNear(letters, Array(other.lowercased().utf8))
  }

  /// Whether at most one letter is added, left out, another or swapped with the next, or one is the other's plural.
  private static func isNear(_ one: [UInt8], _ two: [UInt8]) -> Bool {
    guard abs(one.count - two.count) <= 1 else { return isSingular(one, of: two) }
    let start = zip(one, two).prefix { $0 == $1 }.count
    let (first, second) = (one[start...], two[start...])
    if first.count > second.count { return first.dropFirst().elementsEqual(second) }
    if second.count > first.count { return second.dropFirst().elementsEqual(first) }
    if first.dropFirst().elementsEqual(second.dropFirst()) { return true }
    return first.count > 1 && first[start] == second[start + 1] && first[start + 1] == second[start]
      && first.dropFirst(2).elementsEqual(second.dropFirst(2))
  }

  /// `additionalProperty` for `additionalProperties`.
  private static func isSingular(_ one: [UInt8], of two: [UInt8]) -> Bool {
    one.last == UInt8(ascii: "y") && Array(one.dropLast()) + Array("ies".utf8) == two
  }
}
