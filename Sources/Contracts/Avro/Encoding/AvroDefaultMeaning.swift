// SPDX-License-Identifier: Apache-2.0

import Octets

extension AvroLogicalType {
  /// Whether a default, which is a value of what the type lies upon, means something in it.
  func allows(_ document: SchemaDocument, on shape: AvroType.Shape) -> Bool {
    switch (self, document.value) {
    case (.time(let perSecond), .number(let digits)):
      return Int64(digits).map { (0..<86_400 * Int64(perSecond)).contains($0) } ?? false
    case (.uuid, .string(let text)):
      let bytes = Array(text.utf8)
      if case .fixed = shape { return true }
      return bytes.count == 36
        && bytes.indices.allSatisfy { place in
          [8, 13, 18, 23].contains(place)
            ? bytes[place] == UInt8(ascii: "-") : Hexadecimal.value(of: bytes[place]) != nil
        }
    case (.decimal(let precision, _), .string(let text)):
      return Self.digits(text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }) <= precision
    default: return true
    }
  }

  /// How many decimal digits an integer has, in two's complement with its highest byte first; no more than that of a very large one.
  private static func digits(_ bytes: [UInt8]) -> Int {
    let isNegative = bytes.first.map { $0 >= 0x80 } ?? false
    var magnitude = bytes.map { isNegative ? ~$0 : $0 }
    if isNegative {
      for place in magnitude.indices.reversed() {
        magnitude[place] &+= 1
        if magnitude[place] != 0 { break }
      }
    }
    magnitude = Array(magnitude.drop { $0 == 0 })
    // Each byte has more than two.
    guard magnitude.count <= 1024 else { return magnitude.count * 2 }
    var count = 0
    while !magnitude.isEmpty {
      var rest = 0
      for place in magnitude.indices {
        rest = rest << 8 | Int(magnitude[place])
        magnitude[place] = UInt8(truncatingIfNeeded: rest / 10)
        rest %= 10
      }
      magnitude = Array(magnitude.drop { $0 == 0 })
      count += 1
    }
    return count
  }
}
