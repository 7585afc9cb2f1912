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
    #expect(lines.text == "database a slot other b\n")
  }

  @Test(arguments: ["word", "a 1\na 2\n", "a 1\nb\n"])
  func `what is not of this form is refused`(text: String) {
    #expect(KeyValueText(text) == nil)
  }
}
