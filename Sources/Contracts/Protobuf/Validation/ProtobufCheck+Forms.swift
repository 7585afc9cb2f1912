// SPDX-License-Identifier: Apache-2.0

/// Strings that have a form.
extension ProtobufCheck {
  private static let truths = ["true", "false"].map { Array($0.utf8) }

  mutating func booleanInQuotes(_ bytes: RawSpan) -> Bool {
    for word in Self.truths {
      var form = JSONTextForm(offset + 1, end, bytes)
      if form.take(word, bytes), form.next == JSONCharacters.end {
        offset = form.offset
        return true
      }
    }
    return false
  }

  /// Base64 with one of its two alphabets, padded or not. Source: RFC 4648, sections 4 and 5.
  mutating func base64(_ bytes: RawSpan) -> Bool {
    guard var form = quoted(bytes) else { return false }
    var (digits, padding, isStandard, isURLSafe) = (0, 0, false, false)
    while form.next != JSONCharacters.end {
      switch form.next {
      case 0x41...0x5A, 0x61...0x7A, 0x30...0x39: digits += 1
      case 0x2B, 0x2F: (digits, isStandard) = (digits + 1, true)
      case 0x2D, 0x5F: (digits, isURLSafe) = (digits + 1, true)
      case 0x3D:
        padding += 1
        form.advance(bytes)
        continue
      default: return false
      }
      guard padding == 0 else { return false }
      form.advance(bytes)
    }
    guard !(isStandard && isURLSafe), digits % 4 != 1, padding == 0 || (digits + padding) % 4 == 0 && padding <= 2
    else {
      return false
    }
    return closes(form)
  }

  /// Source: RFC 3339, section 5.6, in upper case; without leap seconds.
  mutating func timestamp(_ bytes: RawSpan) -> Bool {
    guard var form = quoted(bytes), let century = form.two(0...99, bytes), let rest = form.two(0...99, bytes),
      form.take("-", bytes), let month = form.two(1...12, bytes), form.take("-", bytes),
      let day = form.two(1...31, bytes), JSONTextForm.isDay(century * 100 + rest, month, day), form.take("T", bytes),
      let hour = form.two(0...23, bytes), form.take(":", bytes), let minute = form.two(0...59, bytes),
      form.take(":", bytes), form.two(0...59, bytes) != nil
    else { return false }
    if form.take(".", bytes) { guard form.digits(1...9, bytes) else { return false } }
    var shift = 0
    if !form.take("Z", bytes) {
      let isEast = form.take("+", bytes)
      guard isEast || form.take("-", bytes), let hours = form.two(0...23, bytes), form.take(":", bytes),
        let minutes = form.two(0...59, bytes)
      else { return false }
      shift = (hours * 60 + minutes) * (isEast ? -1 : 1)
    }
    // In UTC it must be of a year that has four digits, and no year 0.
    let (year, ofDay) = (century * 100 + rest, hour * 60 + minute + shift)
    if year == 0 { guard month == 12, day == 31, ofDay >= 1440 else { return false } }
    if year == 1, month == 1, day == 1 { guard ofDay >= 0 else { return false } }
    if year == 9999, month == 12, day == 31 { guard ofDay < 1440 else { return false } }
    return closes(form)
  }

  /// Seconds with at most nine decimals, within some 10,000 years.
  mutating func duration(_ bytes: RawSpan) -> Bool {
    guard var form = quoted(bytes) else { return false }
    _ = form.take("-", bytes)
    guard let first = form.digit(bytes) else { return false }
    var (seconds, isZero) = (first, true)
    while let digit = form.digit(bytes) {
      guard first != 0, seconds < 1_000_000_000_000 else { return false }
      seconds = seconds * 10 + digit
    }
    if form.take(".", bytes) {
      var count = 0
      while let digit = form.digit(bytes) { (count, isZero) = (count + 1, isZero && digit == 0) }
      guard count <= 9 else { return false }
    }
    let most = 315_576_000_000
    guard form.take("s", bytes), seconds < most || seconds == most && isZero else { return false }
    return closes(form)
  }

  /// Paths with commas between them, each of lowerCamel names with dots.
  mutating func fieldMask(_ bytes: RawSpan) -> Bool {
    guard var form = quoted(bytes) else { return false }
    guard form.next != JSONCharacters.end else { return closes(form) }
    repeat {
      // A name begins with a letter, and goes on with letters and digits.
      guard form.isLetter else { return false }
      while form.isLetter || (0x30...0x39).contains(form.next) { form.advance(bytes) }
    } while form.take(".", bytes) || form.take(",", bytes)
    return closes(form)
  }

  /// What stands within quotes; nil where there are none.
  private mutating func quoted(_ bytes: RawSpan) -> JSONTextForm? {
    take(UInt8(ascii: "\""), bytes) ? JSONTextForm(offset, end, bytes) : nil
  }

  /// Whether a form has been read to its closing quote.
  private mutating func closes(_ form: JSONTextForm) -> Bool {
    guard form.next == JSONCharacters.end else { return false }
    offset = form.offset
    return true
  }
}

extension JSONTextForm {
  fileprivate var isLetter: Bool { (0x41...0x5A).contains(next) || (0x61...0x7A).contains(next) }

  /// Takes digits; whether there are as many as there may be.
  fileprivate mutating func digits(_ range: ClosedRange<Int>, _ bytes: RawSpan) -> Bool {
    var count = 0
    while digit(bytes) != nil { count += 1 }
    return range.contains(count)
  }
}
