// SPDX-License-Identifier: Apache-2.0

/// Writing commands: lists of bulk texts. Source: Redis serialization protocol specification, "Sending commands".
extension [UInt8] {
  /// Appends how many arguments follow.
  mutating func appendArguments(_ count: Int) {
    append(UInt8(ascii: "*"))
    appendDecimal(count)
    append(0x0D)
    append(0x0A)
  }

  /// Appends an argument.
  mutating func appendArgument(_ text: some Collection<UInt8>) {
    append(UInt8(ascii: "$"))
    appendDecimal(text.count)
    append(0x0D)
    append(0x0A)
    append(contentsOf: text)
    append(0x0D)
    append(0x0A)
  }

  /// Appends an argument of two pieces.
  mutating func appendArgument(prefix: String, _ rest: String) {
    append(UInt8(ascii: "$"))
    appendDecimal(prefix.utf8.count + rest.utf8.count)
    append(0x0D)
    append(0x0A)
    append(contentsOf: prefix.utf8)
    append(contentsOf: rest.utf8)
    append(0x0D)
    append(0x0A)
  }

  /// A whole command.
  static func command(_ words: [String]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendArguments(words.count)
    for word in words { bytes.appendArgument(word.utf8) }
    return bytes
  }

  /// Appends a number that is not negative.
  mutating func appendDecimal(_ number: Int) {
    if number >= 10 { appendDecimal(number / 10) }
    append(UInt8(truncatingIfNeeded: 48 + number % 10))
  }
}
