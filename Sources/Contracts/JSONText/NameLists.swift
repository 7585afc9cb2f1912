// SPDX-License-Identifier: Apache-2.0

import Octets

/// Names of fields and symbols in lists, to be found by bytes in place.
struct NameLists: Sendable {
  private struct Name {
    /// In bytes, all of them ASCII.
    var length: Int
    /// Where its first eight bytes are among the words.
    var word: Int
    /// Those bytes.
    var head: UInt64
  }

  private var names: [Name] = []
  /// Eight bytes each, the first lowest, filled up with zeros.
  private var words: [UInt64] = []
  /// The names of each list by length, then bytes, in that list's place.
  private var sorted: [Int] = []

  /// Adds a list, and gives the range of its names' numbers.
  mutating func add(_ list: [String]) -> Range<Int> {
    let range = names.count..<(names.count + list.count)
    for name in list {
      let first = words.count
      var word: UInt64 = 0
      for (index, byte) in name.utf8.enumerated() {
        word |= UInt64(byte) << UInt64(index % 8 * 8)
        if index % 8 == 7 || index == name.utf8.count - 1 {
          words.append(word)
          word = 0
        }
      }
      names.append(Name(length: name.utf8.count, word: first, head: name.isEmpty ? 0 : words[first]))
    }
    sorted += range.sorted { isBefore($0, $1) }
    return range
  }

  private func isBefore(_ left: Int, _ right: Int) -> Bool {
    let (first, second) = (names[left], names[right])
    guard first.length == second.length else { return first.length < second.length }
    for index in 0..<((first.length + 7) / 8) {
      let (one, other) = (words[first.word + index].byteSwapped, words[second.word + index].byteSwapped)
      if one != other { return one < other }
    }
    return false
  }

  /// The name of a list that bytes without escapes are; nil for none.
  func find(_ list: Range<Int>, _ bytes: RawSpan, _ text: Range<Int>) -> Int? {
    let head = Self.word(bytes, text.lowerBound, min(8, text.count))
    return search(list) { order($0, bytes, text, head) }
  }

  /// The name of a list that a text with escapes is; nil for none.
  func find(_ list: Range<Int>, _ bytes: RawSpan, escaped text: Range<Int>) -> Int? {
    var characters = JSONCharacters(text.lowerBound)
    var length = 0
    while true {
      let character = characters.next(bytes, text.upperBound + 1)
      if character == JSONCharacters.end { break }
      // No name has others, nor is it so long.
      guard character < 0x80 else { return nil }
      length += 1
    }
    return search(list) { name in
      guard names[name].length == length else { return names[name].length < length ? -1 : 1 }
      var characters = JSONCharacters(text.lowerBound)
      for index in 0..<length {
        let byte = UInt8(truncatingIfNeeded: words[names[name].word + index / 8] >> UInt64(index % 8 * 8))
        let character = characters.next(bytes, text.upperBound + 1)
        if UInt32(byte) != character { return UInt32(byte) < character ? -1 : 1 }
      }
      return 0
    }
  }

  /// - Parameter order: How a name stands to what is looked for: below zero when before it, zero when the same.
  private func search(_ list: Range<Int>, _ order: (Int) -> Int) -> Int? {
    var (low, high) = (list.lowerBound, list.upperBound)
    while low < high {
      let middle = (low + high) / 2
      let found = order(sorted[middle])
      if found == 0 { return sorted[middle] }
      if found < 0 { low = middle + 1 } else { high = middle }
    }
    return nil
  }

  @inline(__always)
  private func order(_ number: Int, _ bytes: RawSpan, _ text: Range<Int>, _ head: UInt64) -> Int {
    let name = names[number]
    guard name.length == text.count else { return name.length < text.count ? -1 : 1 }
    guard name.head == head else { return name.head.byteSwapped < head.byteSwapped ? -1 : 1 }
    return name.length <= 8 ? 0 : orderOfTails(name, bytes, text)
  }

  private func orderOfTails(_ name: Name, _ bytes: RawSpan, _ text: Range<Int>) -> Int {
    var (offset, word) = (text.lowerBound + 8, name.word + 1)
    while offset < text.upperBound {
      let own = words[word]
      let other = Self.word(bytes, offset, min(8, text.upperBound - offset))
      if own != other { return own.byteSwapped < other.byteSwapped ? -1 : 1 }
      offset += 8
      word += 1
    }
    return 0
  }

  /// So many bytes from an offset, at most eight, filled up with zeros.
  @inline(__always)
  private static func word(_ bytes: RawSpan, _ offset: Int, _ count: Int) -> UInt64 {
    if offset + 8 <= bytes.byteCount, count > 0 {
      return bytes.word(at: offset) & (UInt64.max &>> UInt64(64 &- 8 &* count))
    }
    var word: UInt64 = 0
    for index in 0..<count { word |= UInt64(bytes.byte(at: offset + index)) << UInt64(8 * index) }
    return word
  }
}
