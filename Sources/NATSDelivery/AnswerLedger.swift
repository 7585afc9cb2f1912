// SPDX-License-Identifier: Apache-2.0

import DequeModule

/// What has been asked and not been answered, by the number that the subject for its answer ends with. Answers come in any order.
struct AnswerLedger<Element> {
  /// Nil for what is answered while something before it is not.
  private var entries: Deque<Element?> = []
  /// The number of the first of the entries.
  private var first: UInt64 = 1
  /// How many are open.
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  /// The one that has waited longest, and its number.
  var oldest: (number: UInt64, element: Element)? {
    guard let head = entries.first, let element = head else { return nil }
    return (first, element)
  }

  /// Takes one in; gives its number.
  mutating func add(_ element: Element) -> UInt64 {
    entries.append(element)
    count += 1
    return first + UInt64(entries.count - 1)
  }

  /// Takes out what a number stands for; nil where it is not open: it was given up, or is answered twice.
  mutating func take(_ number: UInt64) -> Element? {
    guard number >= first, number - first < UInt64(entries.count) else { return nil }
    let index = Int(number - first)
    guard let element = entries[index] else { return nil }
    entries[index] = nil
    count -= 1
    while let head = entries.first, head == nil {
      entries.removeFirst()
      first += 1
    }
    return element
  }

  /// The number of the first that is so.
  func first(where isSo: (Element) -> Bool) -> UInt64? {
    entries.firstIndex { $0.map(isSo) ?? false }.map { first + UInt64($0) }
  }

  /// Takes out all.
  mutating func drain() -> [Element] {
    let open = entries.compactMap { $0 }
    first += UInt64(entries.count)
    (entries, count) = ([], 0)
    return open
  }
}
