// SPDX-License-Identifier: Apache-2.0

/// Ranges of numbers that are reserved.
enum ProtobufRanges {
  /// What of some ranges others do not have, in order.
  static func missing(of ranges: [ClosedRange<Int>], in others: [ClosedRange<Int>]) -> [ClosedRange<Int>] {
    let (ranges, others) = (merged(ranges), merged(others))
    var missing: [ClosedRange<Int>] = []
    var index = 0
    for range in ranges {
      var start = range.lowerBound
      while index < others.count, others[index].upperBound < start { index += 1 }
      var next = index
      while next < others.count, others[next].lowerBound <= range.upperBound {
        if others[next].lowerBound > start { missing.append(start...(others[next].lowerBound - 1)) }
        start = others[next].upperBound + 1
        next += 1
      }
      if start <= range.upperBound { missing.append(start...range.upperBound) }
    }
    return missing
  }

  /// Whether a number is in one of some ranges, which are in order.
  static func contain(_ merged: [ClosedRange<Int>], _ number: Int) -> Bool {
    var (low, high) = (0, merged.count)
    while low < high {
      let middle = (low + high) / 2
      if merged[middle].contains(number) { return true }
      if merged[middle].upperBound < number { low = middle + 1 } else { high = middle }
    }
    return false
  }

  /// The same in order, without gaps or overlaps between two.
  static func merged(_ ranges: [ClosedRange<Int>]) -> [ClosedRange<Int>] {
    var merged: [ClosedRange<Int>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      guard let last = merged.last, range.lowerBound <= last.upperBound + 1 else {
        merged.append(range)
        continue
      }
      merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
    }
    return merged
  }

  /// As `reserved` has it.
  static func words(_ range: ClosedRange<Int>) -> String {
    range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
  }
}
