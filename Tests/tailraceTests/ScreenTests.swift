// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import tailrace

struct ScreenTests {
  @Test(arguments: [
    ("", 80, 1), ("a\nb", 80, 2), (String(repeating: "x", count: 80), 80, 1),
    (String(repeating: "x", count: 81), 80, 2), ("a\n" + String(repeating: "x", count: 200) + "\n\nb", 80, 6),
    (String(repeating: "\u{4E00}", count: 41), 80, 2), ("abc", 1, 3),
  ])
  func `a text takes the rows that a terminal breaks it into`(text: String, columns: Int, rows: Int) {
    #expect(Screen.height(of: text, columns: columns) == rows)
  }

  @Test func `what is higher than the terminal is taken away as far as it is to be seen`() {
    #expect(Screen.erasing("a\nb", (80, 24)) == "\u{1B}[2A\u{1B}[J")
    #expect(Screen.erasing("a\nb\nc", (80, 3)) == "\u{1B}[H\u{1B}[J")
  }
}
