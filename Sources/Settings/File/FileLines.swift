// SPDX-License-Identifier: Apache-2.0

/// The lines of a text, cut by bytes where the parser cuts them: at CR LF, CR, LF, and Unicode's NEL, LS and PS. A text is not
/// cut by characters, of which CR LF is one.
///
/// Source: YAML 1.1, section 4.1.4; libyaml, `IS_BREAK`.
struct FileLines: Sequence, IteratorProtocol {
  private let bytes: [UInt8]
  private var start = 0
  private var isOver = false

  init(_ text: some Collection<UInt8>) { bytes = Array(text) }

  /// The next line, without its break.
  mutating func next() -> ArraySlice<UInt8>? {
    guard !isOver else { return nil }
    for place in start..<bytes.count {
      let length = Self.breakLength(bytes, place)
      guard length > 0 else { continue }
      defer { start = place + length }
      return bytes[start..<place]
    }
    isOver = true
    return bytes[start...]
  }

  /// How many bytes the line break has that begins somewhere; 0 where none does.
  static func breakLength(_ bytes: [UInt8], _ place: Int) -> Int {
    func byte(_ offset: Int) -> UInt8 { place + offset < bytes.count ? bytes[place + offset] : 0 }
    switch byte(0) {
    case 0x0A: return 1
    case 0x0D: return byte(1) == 0x0A ? 2 : 1
    case 0xC2: return byte(1) == 0x85 ? 2 : 0
    case 0xE2: return byte(1) == 0x80 && (byte(2) == 0xA8 || byte(2) == 0xA9) ? 3 : 0
    default: return 0
    }
  }
}

extension FilePosition {
  /// Where a text ends that begins at the first line; columns are counted in characters of Unicode.
  init(endOf text: some Collection<UInt8>) {
    self.init()
    for (number, line) in FileLines(text).enumerated() {
      self = FilePosition(line: number + 1, column: line.count { $0 & 0xC0 != 0x80 } + 1)
    }
  }
}
