// SPDX-License-Identifier: Apache-2.0

/// The JSON forms of logical types, each of which is a string, or a number too.
extension AvroCheck {
  /// Source: RFC 4122, section 3.
  mutating func uuid(_ bytes: RawSpan) -> Bool {
    guard var form = quoted(bytes), form.uuid(bytes) else { return false }
    return closes(form)
  }

  mutating func date(_ bytes: RawSpan) -> Bool {
    guard var form = quoted(bytes), form.date(bytes) else { return false }
    return closes(form)
  }

  mutating func time(_ bytes: RawSpan) -> Bool {
    guard var form = quoted(bytes), form.time(bytes) else { return false }
    return closes(form)
  }

  /// A date, a `T` and a time. Source: RFC 3339, section 5.6.
  mutating func timestamp(hasZone: Bool, _ bytes: RawSpan) -> Bool {
    guard var form = quoted(bytes), form.date(bytes), form.take("T", bytes) || form.take("t", bytes), form.time(bytes),
      !hasZone || form.zone(bytes)
    else { return false }
    return closes(form)
  }

  /// A number, or a string of digits as numbers have them.
  ///
  /// - Parameters:
  ///   - precision: How many digits its value may have in all; 0 for any.
  ///   - scale: How many of them may be behind the point.
  ///   - bytes: Where it stands.
  mutating func decimal(precision: Int, scale: Int, _ bytes: RawSpan) -> Bool {
    let start = offset
    guard var form = quoted(bytes) else {
      guard number(bytes) else { return false }
      guard precision > 0 else { return true }
      var form = JSONTextForm(start, offset, bytes)
      return AvroDecimalForm(&form, bytes)?.fits(precision: precision, scale: scale) == true
    }
    guard let decimal = AvroDecimalForm(&form, bytes), !decimal.hasExponent, closes(form) else { return false }
    return precision == 0 || decimal.fits(precision: precision, scale: scale)
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
