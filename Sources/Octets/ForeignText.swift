// SPDX-License-Identifier: Apache-2.0

/// Text that somebody else wrote: what a row, a name, a message's prefix, a server or a receiver says.
///
/// It may hold anything, so it moves no boundary: beside other things it is kept with its length, never up to a separator,
/// and where people read it, whatever could end a line or steer a terminal is escaped.
/// Two are equal when their bytes are: Swift's strings also are when they only look alike.
package struct ForeignText: Sendable {
  /// The text as it came.
  package let raw: String

  package init(_ raw: String) {
    self.raw = raw
  }

  /// Its beginning, at most so many bytes of it, ending with a whole character.
  package func prefix(_ count: Int) -> ForeignText {
    var end = raw.utf8.count <= count ? raw.endIndex : raw.utf8.index(raw.startIndex, offsetBy: count)
    while end.samePosition(in: raw.unicodeScalars) == nil { end = raw.utf8.index(before: end) }
    return ForeignText(String(raw[..<end]))
  }

  /// Its beginning for words about it, with a mark where it goes on.
  package func shortened(to count: Int = 256) -> String { raw.utf8.count <= count ? raw : prefix(count).raw + "…" }

  /// Appends its length, then its bytes.
  package func append(to bytes: inout [UInt8]) {
    bytes.appendBigEndian(Int64(raw.utf8.count))
    bytes.append(contentsOf: raw.utf8)
  }

  /// How many bytes `append` adds.
  package var encodedSize: Int { 8 + raw.utf8.count }

  /// Reads what `append` wrote.
  package init(from bytes: inout RawSpan) throws(LayoutError) {
    let count = Int(try bytes.readInteger(Int64.self))
    guard count >= 0, count <= bytes.byteCount else { throw .invalidCount(count) }
    raw = try bytes.string(0..<count)
    try bytes.skip(count)
  }
}

extension ForeignText: Hashable {
  package static func == (left: ForeignText, right: ForeignText) -> Bool { left.raw.utf8.elementsEqual(right.raw.utf8) }

  package func hash(into hasher: inout Hasher) {
    for byte in raw.utf8 { hasher.combine(byte) }
    hasher.combine(raw.utf8.count)
  }
}

extension ForeignText: CustomStringConvertible {
  /// As people may read it: controls, line ends, and marks that change a line's direction or are not seen are escaped as JSON
  /// has them.
  package var description: String {
    guard raw.unicodeScalars.contains(where: Self.isEscaped) else { return raw }
    var shown = ""
    for scalar in raw.unicodeScalars {
      guard Self.isEscaped(scalar) else {
        shown.unicodeScalars.append(scalar)
        continue
      }
      switch scalar {
      case "\n": shown += "\\n"
      case "\r": shown += "\\r"
      case "\t": shown += "\\t"
      default: shown += scalar.jsonEscape
      }
    }
    return shown
  }

  /// Whether a character could end a line, steer a terminal or change what is seen.
  package static func isEscaped(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: return true
    default: return false
    }
  }
}

extension Unicode.Scalar {
  /// As JSON escapes it: `\uXXXX`, beyond the first 65,536 as a surrogate pair.
  package var jsonEscape: String {
    (UTF16.encode(self) ?? .init()).map { unit in
      let digits = String(unit, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }.joined()
  }
}
