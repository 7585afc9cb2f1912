// SPDX-License-Identifier: Apache-2.0

/// Names for places in a document: of letters, digits, hyphens and underscores alone, which every reader of AsyncAPI takes.
enum DocumentKey {
  /// A key of a text. No two texts have one: what cannot stand there is `_XX` for each byte, and so is an underscore that
  /// would look like the beginning of such.
  static func of(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var key = ""
    for (index, byte) in bytes.enumerated() {
      let isPlain: Bool
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"): isPlain = true
      case UInt8(ascii: "_"):
        isPlain = !(index + 2 < bytes.count && isHexadecimal(bytes[index + 1]) && isHexadecimal(bytes[index + 2]))
      default: isPlain = false
      }
      if isPlain {
        key.unicodeScalars.append(UnicodeScalar(byte))
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        key += "_" + (digits.count < 2 ? "0" : "") + digits
      }
    }
    return key
  }

  /// Of the digits that are written here.
  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte)
  }
}
