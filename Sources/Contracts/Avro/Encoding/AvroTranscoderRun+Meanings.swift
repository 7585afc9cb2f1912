// SPDX-License-Identifier: Apache-2.0

/// Days, times and decimals as nearly all are written.
extension AvroTranscoderRun {
  /// `YYYY-MM-DD` in quotes, of days that each year has.
  mutating func date(_ quote: Int) -> Int {
    let (date, tens, ones) = (reader.word(quote + 1), reader.byte(quote + 9), reader.byte(quote + 10))
    guard reader.end - quote >= 12, reader.byte(quote + 11) == UInt8(ascii: "\""), AcceptorRun.isYearAndMonth(date),
      tens &- 0x30 <= 9, ones &- 0x30 <= 9
    else { return -1 }
    let (month, day) = (AcceptorRun.number(date, 5), Int(tens & 0xF) * 10 + Int(ones & 0xF))
    guard month >= 1, month <= 12, day >= 1, day <= AcceptorRun.days(of: month) else { return -1 }
    put(long: Int64(Self.days(date, day)))
    return quote + 12
  }

  private static func days(_ date: UInt64, _ day: Int) -> Int {
    let year = AcceptorRun.number(date, 0) * 100 + AcceptorRun.number(date, 2)
    return JSONTextForm.days(year, AcceptorRun.number(date, 5), day)
  }

  /// A timestamp in quotes, without a leap second and of no more decimals than its unit has.
  mutating func timestamp(_ perSecond: Int64, hasZone: Bool, _ quote: Int) -> Int {
    let behind = reader.timestamp(hasZone: hasZone, quote)
    guard behind >= 0, reader.byte(quote + 18) != UInt8(ascii: "6") else { return -1 }
    let (date, time) = (reader.word(quote + 1), reader.word(quote + 9))
    let ofMinute = two(quote + 18)
    var seconds = Int64(Self.days(date, AcceptorRun.number(time, 0)) * 86_400)
    seconds += Int64(AcceptorRun.number(time, 3) * 3600 + AcceptorRun.number(time, 6) * 60) + ofMinute
    if hasZone, reader.byte(behind - 2) != UInt8(ascii: "Z") {
      let east = (two(behind - 6) * 60 + two(behind - 3)) * 60
      seconds += reader.byte(behind - 7) == UInt8(ascii: "-") ? east : -east
    }
    var (parts, unit, offset) = (Int64(0), perSecond, quote + 21)
    if reader.byte(quote + 20) == UInt8(ascii: ".") {
      while case let digit = reader.byte(offset) &- 0x30, digit <= 9 {
        unit /= 10
        guard unit > 0 || digit == 0 else { return -1 }
        parts += Int64(digit) * unit
        offset += 1
      }
    }
    let (whole, overflows) = seconds.multipliedReportingOverflow(by: perSecond)
    let (value, isBeyond) = whole.addingReportingOverflow(parts)
    guard !overflows, !isBeyond else { return -1 }
    put(long: value)
    return behind
  }

  private func two(_ offset: Int) -> Int64 {
    Int64(reader.byte(offset) & 0xF) * 10 + Int64(reader.byte(offset + 1) & 0xF)
  }

  /// A number, or a string of one without an exponent: its whole number in two's complement, the highest byte first.
  @unsafe
  mutating func decimal(_ step: UnsafePointer<AvroTranscoder.Step>, _ start: Int) -> Int {
    let isQuoted = reader.byte(start) == UInt8(ascii: "\"")
    let first = isQuoted ? start &+ 1 : start
    guard let (digits, decimals, end) = number(first) else { return -1 }
    let next = reader.byte(end)
    guard isQuoted ? next == UInt8(ascii: "\"") : next | 0x20 != UInt8(ascii: "e") else { return -1 }
    let (precision, scale, size) = unsafe (
      Int(step.pointee.first), Int(step.pointee.second), Int(step.pointee.third)
    )
    guard scale >= decimals else { return -1 }
    var magnitude = digits
    for _ in decimals..<scale {
      // What is that large is of no precision that comes here.
      guard magnitude < 100_000_000_000_000_000 else { return -1 }
      magnitude *= 10
    }
    guard unsafe Double(magnitude) < powers[precision] else { return -1 }
    let value = reader.byte(first) == UInt8(ascii: "-") ? -magnitude : magnitude
    let count = (72 - (value ^ value >> 63).leadingZeroBitCount) / 8
    if size >= 0 {
      guard count <= size, written + size + AvroTranscoder.slack <= room else { return -1 }
      for _ in count..<size { put(value < 0 ? 0xFF : 0) }
    } else {
      put(long: Int64(count))
    }
    put(UInt64(bitPattern: value << Int64(64 - 8 * count)).byteSwapped, count)
    return isQuoted ? end &+ 1 : end
  }
}
