// SPDX-License-Identifier: Apache-2.0

/// Takes replies out of what has been received, whatever pieces it comes in. Each byte is looked at once, counts are never
/// believed: what they promise has to come first. Source: Redis serialization protocol specification (RESP2 and RESP3).
package struct ReplyReader {
  /// The longest reply that is taken, with all that is in it.
  package static let limit = 262_144
  private static let deepest = 16
  /// More digits no number has.
  private static let longestNumber = 20

  /// A list that is not complete.
  private struct Frame {
    enum Kind {
      case list, push
      /// What is told beside the reply that follows, and belongs to it.
      case attribute
    }

    let kind: Kind
    /// How many elements are missing.
    var left: Int
    var elements: [Reply] = []

    /// What it is once nothing is missing; nil for what belongs to the next reply.
    var whole: Reply? {
      switch kind {
      case .list: .list(elements)
      case .push: .push(elements)
      case .attribute: nil
      }
    }
  }

  /// What has to come next.
  private enum Wanted {
    /// A line that begins a reply or an element.
    case line
    /// A text of a length, and a line's end behind it.
    case text(Int, Text)
  }

  private enum Text {
    case bulk, error, verbatim
  }

  private var bytes: [UInt8] = []
  /// Where what has not been taken begins.
  private var start = 0
  /// Up to where it has been looked for the end of a line.
  private var seen = 0
  private var wanted = Wanted.line
  private var frames: [Frame] = []
  /// How many bytes the reply has so far that is being read.
  private var taken = 0

  package init() {}

  package mutating func append(_ piece: some Collection<UInt8>) {
    if start == bytes.count {
      bytes.removeAll(keepingCapacity: true)
      (start, seen) = (0, 0)
    } else if start > 65_536 {
      bytes.removeFirst(start)
      seen -= start
      start = 0
    }
    bytes.append(contentsOf: piece)
  }

  /// The next whole reply; nil when more has to come first.
  package mutating func next() throws(ReplyBreach) -> Reply? {
    while let element = try element() {
      if let reply = add(element) {
        taken = 0
        return reply
      }
    }
    return nil
  }

  /// Puts an element where it belongs; gives the reply that is complete with it.
  private mutating func add(_ element: Reply) -> Reply? {
    var element = element
    while var frame = frames.popLast() {
      frame.elements.append(element)
      frame.left -= 1
      guard frame.left == 0 else {
        frames.append(frame)
        return nil
      }
      guard let whole = frame.whole else { return nil }
      element = whole
    }
    return element
  }

  /// The next element that is complete by itself; lists that begin are noted.
  private mutating func element() throws(ReplyBreach) -> Reply? {
    while true {
      switch wanted {
      case .text(let count, let kind):
        guard bytes.count - start >= count + 2 else { return nil }
        let text = start..<(start + count)
        guard bytes[text.upperBound] == 0x0D, bytes[text.upperBound + 1] == 0x0A else { throw .noEnd }
        take(count + 2)
        wanted = .line
        switch kind {
        case .bulk: return .text(Array(bytes[text]))
        case .error: return .error(Array(bytes[text]))
        case .verbatim:
          guard count >= 4, bytes[text.lowerBound + 3] == UInt8(ascii: ":") else { throw .noEnd }
          return .text(Array(bytes[text.dropFirst(4)]))
        }
      case .line:
        guard let line = try line() else { return nil }
        if let reply = try read(line) { return reply }
      }
    }
  }

  private mutating func take(_ count: Int) {
    start += count
    taken += count
    seen = start
  }

  /// The next whole line without its end, which is taken; nil when it has not come.
  private mutating func line() throws(ReplyBreach) -> Range<Int>? {
    while seen < bytes.count, bytes[seen] != 0x0A { seen += 1 }
    guard seen - start + taken <= Self.limit else { throw .tooLong }
    guard seen < bytes.count else { return nil }
    guard seen > start, bytes[seen - 1] == 0x0D else { throw .noEnd }
    let line = start..<(seen - 1)
    guard !line.isEmpty else { throw .noEnd }
    take(line.count + 2)
    return line
  }

  /// Reads a line that begins something; nil when it goes on behind it.
  private mutating func read(_ line: Range<Int>) throws(ReplyBreach) -> Reply? {
    let kind = bytes[line.lowerBound]
    let rest = line.dropFirst()
    switch kind {
    case UInt8(ascii: "+"), UInt8(ascii: "("), UInt8(ascii: ","): return .text(Array(bytes[rest]))
    case UInt8(ascii: "-"): return .error(Array(bytes[rest]))
    case UInt8(ascii: ":"): return .integer(try number(rest))
    case UInt8(ascii: "_"):
      guard rest.isEmpty else { throw .noEnd }
      return .null
    case UInt8(ascii: "#"):
      guard rest.count == 1 else { throw .number }
      switch bytes[rest.lowerBound] {
      case UInt8(ascii: "t"): return .boolean(true)
      case UInt8(ascii: "f"): return .boolean(false)
      default: throw .number
      }
    case UInt8(ascii: "$"), UInt8(ascii: "!"), UInt8(ascii: "="):
      let count = try number(rest)
      if count == -1, kind == UInt8(ascii: "$") { return .null }
      guard count >= 0 else { throw .number }
      guard count <= Self.limit - taken else { throw .tooLong }
      wanted = .text(
        Int(count), kind == UInt8(ascii: "$") ? .bulk : kind == UInt8(ascii: "!") ? .error : .verbatim)
      return nil
    case UInt8(ascii: "*"), UInt8(ascii: "~"): return try begin(.list, rest, pairs: false)
    case UInt8(ascii: "%"): return try begin(.list, rest, pairs: true)
    case UInt8(ascii: ">"): return try begin(.push, rest, pairs: false)
    case UInt8(ascii: "|"): return try begin(.attribute, rest, pairs: true)
    default: throw .kind(kind)
    }
  }

  /// Notes a list; gives it when it is empty.
  private mutating func begin(_ kind: Frame.Kind, _ text: Range<Int>, pairs: Bool) throws(ReplyBreach) -> Reply? {
    let count = try number(text)
    if count == -1, kind == .list, !pairs { return .null }
    // The shortest element has three bytes.
    guard count >= 0 else { throw .number }
    guard count <= (Self.limit - taken) / (pairs ? 6 : 3) else { throw .tooLong }
    guard frames.count < Self.deepest else { throw .tooDeep }
    let frame = Frame(kind: kind, left: Int(count) * (pairs ? 2 : 1))
    if count == 0 { return frame.whole }
    frames.append(frame)
    return nil
  }

  /// A decimal number that fits, with a sign or without.
  private func number(_ text: Range<Int>) throws(ReplyBreach) -> Int64 {
    guard (1...Self.longestNumber).contains(text.count) else { throw .number }
    let hasSign = bytes[text.lowerBound] == UInt8(ascii: "-") || bytes[text.lowerBound] == UInt8(ascii: "+")
    let digits = hasSign ? text.dropFirst() : text
    guard !digits.isEmpty else { throw .number }
    let isNegative = bytes[text.lowerBound] == UInt8(ascii: "-")
    var value: Int64 = 0
    for byte in bytes[digits] {
      guard (0x30...0x39).contains(byte) else { throw .number }
      let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
      let digit = Int64(byte - 0x30)
      let (sum, isStillTooLarge) =
        isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
      guard !isTooLarge, !isStillTooLarge else { throw .number }
      value = sum
    }
    return value
  }
}
