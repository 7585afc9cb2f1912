// SPDX-License-Identifier: Apache-2.0

import Octets

/// Numbers with a point or an exponent. What a type would hold as another number is refused.
extension AvroWriting {
  mutating func double(_ bytes: RawSpan) -> Bool {
    let start = offset
    guard number(bytes) else { return false }
    let digits = AvroDigits(bytes, start..<offset)
    let value: Double
    if let exact = digits.exactDouble {
      value = exact
    } else {
      guard let nearest = Double(bytes.text(start..<offset)), nearest.isFinite else { return fails(.outOfRange) }
      guard digits.isHeld(most: 15, mostOfFractions: 17, as: { "\(nearest)" }) else { return fails(.inexact) }
      value = nearest
    }
    output.fixed(value.bitPattern, 8)
    return true
  }

  mutating func float(_ bytes: RawSpan) -> Bool {
    let start = offset
    guard number(bytes) else { return false }
    let digits = AvroDigits(bytes, start..<offset)
    let value: Float
    if let exact = digits.exactFloat {
      value = exact
    } else {
      guard let nearest = Float(bytes.text(start..<offset)), nearest.isFinite else { return fails(.outOfRange) }
      guard digits.isHeld(most: 6, mostOfFractions: 9, as: { "\(nearest)" }) else { return fails(.inexact) }
      value = nearest
    }
    output.fixed(UInt64(value.bitPattern), 4)
    return true
  }

  /// A number, or a string of digits without an exponent.
  mutating func decimal(_ step: AvroPlan.Step, _ bytes: RawSpan) -> Bool {
    let isQuoted = isQuote(bytes)
    let start = isQuoted ? offset + 1 : offset
    if !isQuoted { guard number(bytes) else { return false } }
    let limit = isQuoted ? end : offset
    var form = JSONTextForm(start, limit, bytes)
    guard let decimal = AvroDecimalForm(&form, bytes) else { return false }
    if isQuoted {
      guard !decimal.hasExponent, form.next == JSONCharacters.end else { return false }
      offset = form.offset
    }
    let value: AvroDecimalBytes?
    if step.kind == .decimal {
      guard decimal.fits(precision: step.first, scale: step.second) else { return false }
      value = AvroDecimalBytes(decimal, scale: step.second, JSONTextForm(start, limit, bytes), bytes)
    } else {
      value = AvroDecimalBytes(decimal, JSONTextForm(start, limit, bytes), bytes)
    }
    guard let value else { return fails(.long) }
    if step.kind == .bigDecimal {
      guard let scale = Int32(exactly: value.scale) else { return fails(.outOfRange) }
      let begun = output.open()
      output.long(Int64(value.octets.count))
      output.append(contentsOf: value.octets[...])
      output.long(Int64(scale))
      output.close(begun, output.count - begun)
      return true
    }
    guard step.third >= 0 else {
      output.long(Int64(value.octets.count))
      output.append(contentsOf: value.octets[...])
      return true
    }
    guard value.octets.count <= step.third else { return fails(.outOfRange) }
    for _ in 0..<(step.third - value.octets.count) { output.append(value.isNegative ? 0xFF : 0) }
    output.append(contentsOf: value.octets[...])
    return true
  }
}
