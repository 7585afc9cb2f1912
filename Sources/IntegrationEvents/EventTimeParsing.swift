/// Reading times as PostgreSQL's ISO date style and RFC 3339 write them, and as epoch numbers.
extension EventTime {
  /// `2026-11-23 06:30:00.5+01`, with a blank or T, any number of decimals up to six, and an offset or Z or nothing,
  /// which means UTC. Years beyond 9999, BC and infinity are refused.
  package static func parse(_ bytes: RawSpan, _ range: Range<Int>) -> EventTime? {
    var reader = DigitReader(offset: range.lowerBound, end: range.upperBound)
    guard let year = reader.number(bytes, digits: 4), reader.take(bytes, "-"),
      let month = reader.number(bytes, digits: 2), (1...12).contains(month), reader.take(bytes, "-"),
      let day = reader.number(bytes, digits: 2), (1...31).contains(day),
      reader.take(bytes, " ") || reader.take(bytes, "T"),
      let hour = reader.number(bytes, digits: 2), hour <= 24, reader.take(bytes, ":"),
      let minute = reader.number(bytes, digits: 2), minute < 60, reader.take(bytes, ":"),
      let second = reader.number(bytes, digits: 2), second <= 60
    else { return nil }
    var microseconds: Int64 = 0
    if reader.take(bytes, ".") {
      guard let fraction = reader.fraction(bytes) else { return nil }
      microseconds = fraction
    }
    var offset: Int64 = 0
    if !reader.take(bytes, "Z"), !reader.isAtEnd {
      let isWest = reader.take(bytes, "-")
      guard isWest || reader.take(bytes, "+"), let hours = reader.number(bytes, digits: 2) else { return nil }
      offset = hours * 3600
      for unit: Int64 in [60, 1] where reader.take(bytes, ":") {
        guard let value = reader.number(bytes, digits: 2) else { return nil }
        offset += value * unit
      }
      if isWest { offset = -offset }
    }
    guard reader.isAtEnd else { return nil }
    let date = CivilDate(year: year, month: month, day: day)
    guard CivilDate(unixDay: date.unixDay) == date else { return nil }
    let seconds = date.unixDay * 86_400 + hour * 3600 + minute * 60 + second - offset
    return EventTime(unixMicroseconds: seconds * 1_000_000 + microseconds)
  }

  /// A count since 1970: its size tells seconds, milliseconds, microseconds or nanoseconds apart, which do not overlap
  /// for times between 1973 and 5138.
  package static func parseEpoch(_ bytes: RawSpan, _ range: Range<Int>) -> EventTime? {
    guard let number = Int64(bytes.text(range)) else { return nil }
    switch number.magnitude {
    case ..<100_000_000_000: return EventTime(unixMicroseconds: number * 1_000_000)
    case ..<100_000_000_000_000: return EventTime(unixMicroseconds: number * 1000)
    case ..<100_000_000_000_000_000: return EventTime(unixMicroseconds: number)
    default: return EventTime(unixMicroseconds: number / 1000)
    }
  }
}

/// Takes fixed numbers of digits from a range.
private struct DigitReader {
  var offset: Int
  let end: Int

  var isAtEnd: Bool { offset == end }

  mutating func take(_ bytes: RawSpan, _ character: UnicodeScalar) -> Bool {
    guard offset < end, bytes.octet(offset) == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  mutating func number(_ bytes: RawSpan, digits: Int) -> Int64? {
    guard end - offset >= digits else { return nil }
    var value: Int64 = 0
    for _ in 0..<digits {
      let digit = bytes.octet(offset) &- 48
      guard digit < 10 else { return nil }
      value = value * 10 + Int64(digit)
      offset += 1
    }
    return value
  }

  /// One to six decimals, as microseconds; further ones, which PostgreSQL never writes, are cut off.
  mutating func fraction(_ bytes: RawSpan) -> Int64? {
    var value: Int64 = 0
    var unit: Int64 = 100_000
    let start = offset
    while offset < end, bytes.octet(offset) &- 48 < 10 {
      value += Int64(bytes.octet(offset) &- 48) * unit
      unit /= 10
      offset += 1
    }
    return offset > start ? value : nil
  }
}
