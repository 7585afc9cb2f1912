// SPDX-License-Identifier: Apache-2.0

import Files
import Testing

@Suite struct KeyValueTextTests {
  @Test func `lines come back as they were written`() throws {
    var lines = KeyValueText()
    lines.append("slot", "orders")
    lines.append("count", 3)
    lines.append("empty", "")
    #expect(lines.text == "slot orders\ncount 3\nempty \n")
    let read = try #require(KeyValueText(lines.text))
    #expect(read == lines)
    #expect(read["slot"] == "orders")
    #expect(read["empty"] == "")
    #expect(read["other"] == nil)
  }

  @Test func `a value moves no boundary`() {
    var lines = KeyValueText()
    lines.append("database", "a\nslot other\r\nb")
    #expect(lines.text == "database% a%0aslot other%0d%0ab\n")
    #expect(KeyValueText(lines.text)?["slot"] == nil)
  }

  @Test(arguments: [
    "\n", "\r", "\r\n", "\u{B}", "\u{C}", "\u{85}", "\u{2028}", "\u{2029}", "\u{1C}", "\u{7F}", "\u{301}", "%", "%0a",
    "\u{1}%",
    " ", "check ", "\u{200D}", "\u{A0}",
  ])
  func `whatever a value holds, it comes back byte for byte, and no two are one`(sign: String) throws {
    for value in ["a\(sign)b", sign, "\(sign)a", "a\(sign)"] {
      var lines = KeyValueText()
      lines.append("first", value)
      lines.append("second", "x")
      let read = try #require(KeyValueText(lines.text))
      #expect(read["first"].map { Array($0.utf8) } == Array(value.utf8))
      #expect(read["second"] == "x" && read == lines)
      #expect(lines.text.split(whereSeparator: { $0 == "\n" || $0 == "\r\n" }).count == 2)
    }
  }

  @Test(arguments: ["a\u{2028}b", "p%0ab", "%", "p b"])
  func `what an earlier version wrote is read as it was meant`(value: String) throws {
    #expect(try #require(KeyValueText("publication \(value)\n"))["publication"] == value)
  }

  @Test(arguments: ["word", "a 1\na 2\n", "a 1\nb\n", "a% %0", "a% %xy", "a% %+f", "a 1\na% 2\n"])
  func `what is not of this form is refused`(text: String) {
    #expect(KeyValueText(text) == nil)
  }
}
