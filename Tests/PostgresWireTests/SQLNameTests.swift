// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import Testing

@Suite struct SQLNameTests {
  @Test(arguments: [
    ("plain", #""plain""#), ("Or\"der", #""Or""der""#), ("a\\b", #""a\b""#), ("\"\u{301}", "\"\"\"\u{301}\""),
    ("a\nb", #"U&"a\+00000ab""#), ("\u{1B}[2J\\", #"U&"\+00001b[2J\\""#), ("\u{202E}\"", #"U&"\+00202e""""#),
    ("ü ß", #""ü ß""#),
  ])
  func `a name in a statement can be shown and pasted`(name: String, quoted: String) {
    #expect(SQLName.inStatement(name) == quoted)
    #expect(SQLName.inStatement(TableName(schema: name, name: "t")) == "\(quoted).\"t\"")
  }

  @Test(arguments: [
    ("plain", "E'plain'"), ("it's", "E'it''s'"), ("a\\b", #"E'a\\b'"#),
    ("a\u{7}\u{E0001}", #"E'a\U00000007\U000e0001'"#),
  ])
  func `a value that is shown can be pasted`(value: String, quoted: String) {
    #expect(SQLName.shown(value: value) == quoted)
  }
}
