import Octets

/// Appending pieces of JSON text.
extension LineWriter {
  /// Appends an attribute value and its closing quote, refusing what CloudEvents forbids in one.
  @inline(__always)
  mutating func appendAttribute(
    _ bytes: RawSpan, _ range: Range<Int>, _ field: @autoclosure () -> EventField
  ) throws(EnvelopeError) {
    if !appendPlain(bytes, range) {
      do throws(EnvelopeError.Problem) {
        self = try appendingEscaped(bytes, range, refusingForbidden: true)
      } catch {
        throw EnvelopeError(field(), error)
      }
    }
    append(UInt8(ascii: "\""))
  }

  /// Appends text inside JSON quotes; the quotes are the caller's.
  @inline(never)
  func appendingEscaped(
    _ bytes: RawSpan, _ range: Range<Int>, refusingForbidden: Bool
  ) throws(EnvelopeError.Problem) -> LineWriter {
    var line = self
    try line.appendEscaped(bytes, range, refusingForbidden: refusingForbidden)
    return line
  }

  private mutating func appendEscaped(
    _ bytes: RawSpan, _ range: Range<Int>, refusingForbidden: Bool
  ) throws(EnvelopeError.Problem) {
    var offset = range.lowerBound
    while offset < range.upperBound {
      let plain = TextScanning.plainEnd(bytes, offset..<range.upperBound)
      if plain > offset {
        append(bytes, offset..<plain)
        offset = plain
        continue
      }
      guard let scalar = TextScanning.scalar(bytes, at: offset, end: range.upperBound) else { throw .invalidUTF8 }
      if refusingForbidden, TextScanning.isForbidden(scalar.value) { throw .controlCharacter }
      if scalar.length > 1 {
        append(bytes, offset..<(offset + scalar.length))
      } else {
        appendEscape(UInt8(truncatingIfNeeded: scalar.value))
      }
      offset += scalar.length
    }
  }

  private mutating func appendEscape(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"):
      append(UInt8(ascii: "\\"))
      append(byte)
    case 0x0A: append("\\n")
    case 0x0D: append("\\r")
    case 0x09: append("\\t")
    case 0..<0x20, 0x7F:
      append("\\u00")
      append(Hexadecimal.digit(byte >> 4))
      append(Hexadecimal.digit(byte & 15))
    default: append(byte)
    }
  }

  /// Appends JSON as it is, but for raw newlines, carriage returns and tabs, which valid JSON holds only between tokens and
  /// which become spaces: to some readers they end a line or a field.
  @inline(never)
  func appendingJSONLine(_ bytes: RawSpan, _ range: Range<Int>) throws(EnvelopeError.Problem) -> LineWriter {
    var line = self
    try line.appendJSONLine(bytes, range)
    return line
  }

  private mutating func appendJSONLine(_ bytes: RawSpan, _ range: Range<Int>) throws(EnvelopeError.Problem) {
    if TextScanning.isPlainLine(bytes, range) { return append(bytes, range) }
    var offset = range.lowerBound
    while offset < range.upperBound {
      let plain = TextScanning.plainLineEnd(bytes, from: offset, to: range.upperBound)
      append(bytes, offset..<plain)
      offset = plain
      // Text outside ASCII comes in runs: walk to the run's end, then copy it whole.
      while offset < range.upperBound, bytes.byte(at: offset) >= 0x80 {
        guard let scalar = TextScanning.scalar(bytes, at: offset, end: range.upperBound) else { throw .invalidUTF8 }
        offset += scalar.length
      }
      append(bytes, plain..<offset)
      if offset < range.upperBound, bytes.byte(at: offset) < 0x20 {
        append(UInt8(ascii: " "))
        offset += 1
      }
    }
  }

  /// Appends `\x…` as base64 inside JSON quotes; the quotes are the caller's.
  @inline(never)
  func appendingBase64(hexadecimal bytes: RawSpan, _ range: Range<Int>) throws(EnvelopeError.Problem) -> LineWriter {
    var line = self
    try line.appendBase64(hexadecimal: bytes, range)
    return line
  }

  private mutating func appendBase64(hexadecimal bytes: RawSpan, _ range: Range<Int>) throws(EnvelopeError.Problem) {
    guard range.count >= 2, range.count % 2 == 0, bytes.byte(at: range.lowerBound) == UInt8(ascii: "\\"),
      bytes.byte(at: range.lowerBound + 1) == UInt8(ascii: "x")
    else { throw .invalidHexadecimal }
    var offset = range.lowerBound + 2
    while offset < range.upperBound {
      var group: UInt32 = 0
      var count = 0
      while count < 3, offset < range.upperBound {
        guard let high = Hexadecimal.value(of: bytes.byte(at: offset)),
          let low = Hexadecimal.value(of: bytes.byte(at: offset + 1))
        else { throw .invalidHexadecimal }
        group |= UInt32(high << 4 | low) << UInt32(16 - 8 * count)
        count += 1
        offset += 2
      }
      for place in 0..<4 {
        append(place <= count ? Base64.digit(UInt8(group >> UInt32(18 - 6 * place) & 63)) : UInt8(ascii: "="))
      }
    }
  }
}
