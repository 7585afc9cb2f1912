// SPDX-License-Identifier: Apache-2.0

import Octets
import Testing

@Suite struct ForeignTextTests {
  @Test func `what could end a line or steer a terminal is escaped, and nothing else`() {
    #expect("\(ForeignText("a\nb\r\tc"))" == "a\\nb\\r\\tc")
    #expect(
      "\(ForeignText("\u{1b}[2J\u{7f}\u{9b}\u{202e}\u{2028}\u{0}"))" == "\\u001b[2J\\u007f\\u009b\\u202e\\u2028\\u0000")
    #expect("\(ForeignText("\u{e0041}"))" == "\\udb40\\udc41")
    #expect("\(ForeignText("Grüße, 世界 🐦 \\n"))" == "Grüße, 世界 🐦 \\n")
  }

  @Test func `it is read back by its length, whatever it holds`() throws {
    for text in ["", "a\nb", "\u{0}", "\n\n", "世界"] {
      var bytes: [UInt8] = []
      ForeignText(text).append(to: &bytes)
      #expect(bytes.count == ForeignText(text).encodedSize)
      ForeignText("next").append(to: &bytes)
      var span = bytes.span.bytes
      let (first, second) = (try ForeignText(from: &span), try ForeignText(from: &span))
      #expect(first.raw == text)
      #expect(second.raw == "next")
      let rest = span.byteCount
      #expect(rest == 0)
    }
  }

  @Test(arguments: 0..<13)
  func `cut anywhere, it is no text`(count: Int) {
    var bytes: [UInt8] = []
    ForeignText("world").append(to: &bytes)
    bytes.removeLast(bytes.count - count)
    #expect(throws: LayoutError.self) {
      var span = bytes.span.bytes
      _ = try ForeignText(from: &span)
    }
  }

  @Test func `its beginning ends with a whole character`() {
    #expect(ForeignText("äöü").prefix(3).raw == "ä")
    #expect(ForeignText("äöü").prefix(6).raw == "äöü")
    #expect(ForeignText("🐦").prefix(3).raw.isEmpty)
  }

  @Test func `it is another text when it only looks the same`() {
    #expect(ForeignText("caf\u{e9}") != ForeignText("cafe\u{301}"))
  }
}
