// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What is shown again and again in the same place of a terminal, or one below another elsewhere.
struct Screen {
  private let isTerminal = isatty(1) == 1
  private var shown = ""

  mutating func show(_ text: String) {
    let text = text.hasSuffix("\n") ? String(text.dropLast()) : text
    if isTerminal, !shown.isEmpty {
      // By the width that the terminal has now, for it has broken the lines anew if that has changed.
      print(Self.erasing(shown, Self.size), terminator: "")
    }
    shown = text
    print(text)
    StandardOutput.flush()
  }

  /// What takes a text away that was printed last, where the terminal has so many columns and rows.
  static func erasing(_ text: String, _ size: (columns: Int, rows: Int)) -> String {
    let rows = height(of: text, columns: size.columns)
    // Above its first row a terminal cannot go.
    return rows < size.rows ? "\u{1B}[\(rows)A\u{1B}[J" : "\u{1B}[H\u{1B}[J"
  }

  /// How many rows a text takes.
  static func height(of text: String, columns: Int) -> Int {
    text.split(separator: "\n", omittingEmptySubsequences: false).reduce(0) { rows, line in
      let width = line.reduce(0) { $0 + Self.width(of: $1) }
      return rows + max(1, (width + columns - 1) / max(1, columns))
    }
  }

  /// East Asian characters and pictures take two columns.
  private static func width(of character: Character) -> Int {
    guard let scalar = character.unicodeScalars.first else { return 0 }
    return switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
      0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
      2
    default: 1
    }
  }

  private static var size: (columns: Int, rows: Int) {
    var size = winsize()
    guard unsafe ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
    return (Int(size.ws_col), Int(size.ws_row))
  }
}
