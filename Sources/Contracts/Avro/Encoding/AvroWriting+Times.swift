// SPDX-License-Identifier: Apache-2.0

import Octets

/// Dates and times that are written as text, as numbers of days or of parts of a second.
extension AvroWriting {
  mutating func date(_ bytes: RawSpan) -> Bool {
    guard var form = quoted(bytes), let days = form.day(bytes), closes(form) else { return false }
    output.long(Int64(days))
    return true
  }

  mutating func time(_ perSecond: Int, _ bytes: RawSpan) -> Bool {
    guard var form = quoted(bytes), let time = form.timeOfDay(perSecond, bytes), closes(form) else { return false }
    guard let trouble = time.trouble else {
      output.long(Int64(time.seconds * perSecond + time.parts))
      return true
    }
    return fails(trouble)
  }

  mutating func timestamp(_ perSecond: Int, hasZone: Bool, _ bytes: RawSpan) -> Bool {
    guard var form = quoted(bytes), let day = form.day(bytes), form.take("T", bytes) || form.take("t", bytes),
      let time = form.timeOfDay(perSecond, bytes)
    else { return false }
    var seconds = day * 86_400 + time.seconds
    if hasZone {
      guard let zone = form.secondsEast(bytes) else { return false }
      seconds -= zone
    }
    guard closes(form) else { return false }
    if let trouble = time.trouble { return fails(trouble) }
    // The first seconds of a range may be beyond it, and their parts within.
    let whole = Int64(seconds < 0 ? seconds + 1 : seconds)
    let (product, overflows) = whole.multipliedReportingOverflow(by: Int64(perSecond))
    let (sum, isBeyond) = product.addingReportingOverflow(Int64(seconds < 0 ? time.parts - perSecond : time.parts))
    guard !overflows, !isBeyond else { return fails(.outOfRange) }
    output.long(sum)
    return true
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
  /// `YYYY-MM-DD` as days since 1970.
  fileprivate mutating func day(_ bytes: RawSpan) -> Int? {
    guard let century = two(0...99, bytes), let rest = two(0...99, bytes), take("-", bytes),
      let month = two(1...12, bytes), take("-", bytes), let day = two(1...31, bytes)
    else { return nil }
    let year = century * 100 + rest
    return Self.isDay(year, month, day) ? Self.days(year, month, day) : nil
  }

  /// `HH:MM:SS`, with decimals or without: seconds, and parts of one; what of it cannot be told so.
  fileprivate mutating func timeOfDay(
    _ perSecond: Int, _ bytes: RawSpan
  ) -> (seconds: Int, parts: Int, trouble: AvroWriting.Trouble?)? {
    guard let hour = two(0...23, bytes), take(":", bytes), let minute = two(0...59, bytes), take(":", bytes),
      let second = two(0...60, bytes)
    else { return nil }
    var (parts, unit, trouble): (Int, Int, AvroWriting.Trouble?) = (0, perSecond, second == 60 ? .leapSecond : nil)
    if take(".", bytes) {
      guard var digit = digit(bytes) else { return nil }
      while true {
        unit /= 10
        parts += digit * unit
        if unit == 0, digit != 0 { trouble = trouble ?? .fineTime }
        guard let next = self.digit(bytes) else { break }
        digit = next
      }
    }
    return (hour * 3600 + minute * 60 + second, parts, trouble)
  }

  /// `Z`, or an offset of hours and minutes.
  fileprivate mutating func secondsEast(_ bytes: RawSpan) -> Int? {
    if take("Z", bytes) || take("z", bytes) { return 0 }
    let isEast = take("+", bytes)
    guard isEast || take("-", bytes), let hours = two(0...23, bytes), take(":", bytes),
      let minutes = two(0...59, bytes)
    else { return nil }
    return (hours * 60 + minutes) * (isEast ? 60 : -60)
  }
}
