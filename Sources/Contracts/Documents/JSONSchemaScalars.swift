// SPDX-License-Identifier: Apache-2.0

/// Texts and numbers by a JSON Schema's rules.
enum JSONSchemaScalars {
  /// The longest text that is made because it must be long, in characters.
  private static let longest = 4096

  private static let formats = [
    "date-time": ExampleText.timestamp, "date": ExampleText.date, "time": ExampleText.time + "Z", "duration": "P1D",
    "email": ExampleText.email, "idn-email": ExampleText.email, "uuid": ExampleText.uuid,
    "uri": "https://example.com/", "iri": "https://example.com/", "uri-reference": "/path", "iri-reference": "/path",
    "uri-template": "/path/{id}", "hostname": "example.com", "idn-hostname": "example.com", "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1", "json-pointer": "/member", "relative-json-pointer": "1", "regex": "^text$",
  ]

  /// A text; nil where none was found.
  ///
  /// - Parameters:
  ///   - joint: What it is held to.
  ///   - place: Its place among others that have to differ.
  static func text(_ joint: JointSchemas, _ place: Int) -> String? {
    let least = joint.values("minLength").compactMap(\.double).max() ?? 0
    let most = joint.values("maxLength").compactMap(\.double).min() ?? .infinity
    guard least <= most, least <= Double(longest) else { return nil }
    if let pattern = joint.values("pattern").first?.text {
      return PatternExample.text(pattern, length: Int(least)...Int(min(most, Double(longest))), place)
    }
    let format = joint.values("format").first?.text.flatMap { formats[$0] }
    if let format, place == 0, (least...most).contains(Double(format.unicodeScalars.count)) { return format }
    let contents = joint.values("contentEncoding").first?.text == "base64" ? ExampleText.base64 : ExampleText.word
    var text = contents
    if place > 0 { text = "\(place)\(contents)" }
    while Double(text.unicodeScalars.count) < least { text += contents }
    return String(text.prefix(max(Int(least), Int(min(most, Double(contents.count + 4))))))
  }

  /// A number; nil where none was found.
  static func number(_ joint: JointSchemas, isWhole: Bool, _ place: Int) -> SchemaDocument? {
    let low = joint.values("minimum").compactMap(\.double).max() ?? -.infinity
    let high = joint.values("maximum").compactMap(\.double).min() ?? .infinity
    let above = joint.values("exclusiveMinimum").compactMap(\.double).max() ?? -.infinity
    let below = joint.values("exclusiveMaximum").compactMap(\.double).min() ?? .infinity
    let steps = joint.values("multipleOf").compactMap(\.double).filter { $0 > 0 }
    let (least, greatest) = (max(low, above), min(high, below))
    var candidates = [Double(place + 1), 1, 0, least, greatest, least + 1, greatest - 1, (least + greatest) / 2, -1]
    candidates += [least.rounded(.down) + 1, greatest.rounded(.up) - 1]
    for step in steps {
      let first = least.isFinite ? (least / step).rounded(.up) : 1
      candidates += (0..<3).map { (first + Double($0 + place)) * step }
      if greatest.isFinite { candidates.append((greatest / step).rounded(.down) * step) }
    }
    let found = candidates.first { number in
      number.isFinite && number >= low && number <= high && number > above && number < below
        && (!isWhole || number == number.rounded()) && steps.allSatisfy { isMultiple(number, of: $0) }
    }
    return found.map { SchemaDocument(.number(digits($0))) }
  }

  private static func isMultiple(_ number: Double, of step: Double) -> Bool {
    let quotient = number / step
    return abs(quotient - quotient.rounded()) < 1e-9
  }

  private static func digits(_ number: Double) -> String {
    Int(exactly: number).map { "\($0)" } ?? "\(number)"
  }
}
