// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Settings

/// Configuration files before anybody knows what they are about.
@Suite struct FileReadingTests {
  private func mistakes(_ text: String) -> [String] {
    FileReading.parse(text).mistakes.map { "\($0.position) \($0.text)" }
  }

  @Test(arguments: ["a:\n\tb: 1\n", "a: 1\n\tb: 2\n", "a:\n  - x\n\t- y\n", "a:\n \t b: 1\n"])
  func `a tab that indents is named, with its line`(text: String) {
    let found = mistakes(text)
    #expect(found.count == 1 && found[0].contains("tab"), "\(found)")
    #expect(found.first?.hasPrefix(text.contains("- y") ? "3:" : "2:") == true, "\(found)")
  }

  @Test func `JSON is read too, with tabs between its words`() {
    let (node, mistakes) = FileReading.parse("{\n\t\"a\": {\"b\": [1, \"x\\u00e9\"],\n\t\t\"c\": true}\n}\n")
    #expect(mistakes.isEmpty && node?["a"]?["b"]?.parts?.map(\.text) == ["1", "xé"])
    #expect(node?["a"]?["c"]?.truth == true && node?["a"]?["c"]?.position == FilePosition(line: 3, column: 8))
  }

  @Test(arguments: [
    ("a: &x 1\nb: *x\n", "1:4"), ("a: &x {}\nb: *x\n", "1:4"), ("a: &x [1]\n", "1:4"),
    ("a:\n  b: &x\n    c: 1\n", "2:6"),
  ])
  func `anchors and aliases are refused where they begin`(text: String, place: String) {
    let found = mistakes(text)
    #expect(found.count == 1 && found[0].hasPrefix(place) && found[0].contains("anchors"), "\(found)")
  }

  @Test func `a bomb of aliases is refused before it goes off, also as a key`() {
    let levels = (1...40).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n" }.joined()
    for bomb in ["a0: &a0 [x]\n\(levels)", "a0: &a0 [x]\n\(levels)? *a40\n: 1\n? *a40\n: 2\n"] {
      let found = mistakes(bomb)
      #expect(found.count == 1 && found[0].contains("aliases"), "\(found.count)")
    }
    // A few in comments and in text are none.
    #expect(mistakes("# *a *b *c *d *e *f *g *h *i *j *k *l *m *n *o *p *q *r\na: 1\n").isEmpty)
  }

  @Test(arguments: ["\r\n", "\r", "\n", "\u{85}", "\u{2028}", "\u{2029}"])
  func `a bomb of aliases is refused whatever ends its lines, also behind a comment and at a line's beginning`(
    end: String
  ) {
    let letters = Array("abcdefghijkl")
    var lines = ["# made elsewhere", "a: &a [x,x,x,x,x,x,x,x,x]"]
    for (before, letter) in zip(letters, letters.dropFirst()) {
      let aliases = Array(repeating: "*\(before)", count: 9)
      lines.append("\(letter): &\(letter) [\(aliases.joined(separator: before == "b" ? ",\(end)" : ","))]")
    }
    lines += ["? *l", ": 1", ""]
    let found = mistakes(lines.joined(separator: end))
    #expect(found.count == 1 && found[0].contains("aliases"), "\(found)")
    #expect(found.first?.hasPrefix("11:") == true, "\(found)")
    #expect(mistakes("a: 1\(end)\tb: 2\(end)").first?.hasPrefix("2:") == true)
    #expect(mistakes("a: é\(end)b: \u{1}\(end)").first?.hasPrefix("2:4 ") == true, "\(mistakes("a: é\(end)b: \u{1}"))")
    #expect(mistakes("#\(end)a: 1\(end)\(end)a: 2").first?.hasPrefix("2:1 ") == true)
  }

  @Test func `a tab that indents is named also where lines end as on Windows`() {
    #expect(mistakes("a:\r\n\tb: 1\r\n").first?.contains("tab") == true)
  }

  @Test func `JSON's two escapes for one character are that character, and places stay`() {
    let smile = #"\ud83d\ude00"#
    let (node, wrong) = FileReading.parse(#"{"\#(smile)a\#(smile)": ["\#(smile)", "\\ud83d", "x"], "b": 1}"#)
    #expect(wrong.isEmpty, "\(wrong)")
    #expect(node?["😀a😀"]?.parts?.map(\.text) == ["😀", "\\ud83d", "x"])
    #expect(node?["😀a😀"]?.parts?.map(\.position.column) == [32, 48, 59])
    #expect(node?["b"]?.position == FilePosition(line: 1, column: 70))
    let (two, _) = FileReading.parse("{\"a\": \"\(smile)\",\r\n\"b\": \"\(smile)\", \"c\": 1}")
    #expect(two?["c"]?.position == FilePosition(line: 2, column: 27))
    // Half of one is no character, and what is no JSON has YAML's escapes alone.
    #expect(mistakes(#"{"a": "\ud83d"}"#).count == 1)
    #expect(mistakes("a: \"\(smile)\"\n").count == 1)
    #expect(FileReading.parse("a: '\(smile)'\n").node?["a"]?.text == smile)
  }

  @Test(arguments: ["[", "{a: ", "- "])
  func `nesting without end is refused, and deep nesting does not overflow`(opening: String) {
    #expect(mistakes(String(repeating: opening, count: 100_000)).count == 1)
    let closing = ["[": "]", "{a: ": "}"][opening] ?? "x\n"
    let text =
      String(repeating: opening, count: 900) + (opening == "- " ? closing : String(repeating: closing, count: 900))
    #expect(mistakes(text).isEmpty)
  }

  @Test func `a key that is given twice, a second document and a tag are refused`() {
    #expect(mistakes("a: 1\nb: 2\na: 3\n") == ["1:1 'a': given here, and again in the same map"])
    #expect(mistakes("a: 1\n---\nb: 1\n").first?.hasPrefix("2:1 a second document") == true)
    #expect(mistakes("a: !secret x\n").first?.hasPrefix("1:4 tags") == true)
    #expect(mistakes("? [a]\n: 1\n").first?.contains("plain text") == true)
  }

  @Test(arguments: ["a: [1, 2\nb: 3\n", "a: b: c\n", "\"a\n", "a: 'b\n", "}", "a: \u{1}\n", "a: @b\n", "%x\n", "*b\n"])
  func `what cannot be read is one mistake with its place`(text: String) {
    let found = mistakes(text)
    #expect(found.count == 1 && found[0].prefixMatch(of: /\d+:\d+ \S/) != nil && !found[0].contains("\n"), "\(found)")
  }

  @Test func `whatever bytes there are, reading ends`() {
    let pieces = [
      "a", ":", " ", "\n", "-", "[", "]", "{", "}", "'", "\"", "#", "&a", "*a", "|", ">", "?", "!", "%", "\t", "é", ",",
    ]
    var random = SystemRandomNumberGenerator()
    for _ in 0..<500 {
      let text = (0..<Int.random(in: 0...40, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
      let (node, mistakes) = FileReading.parse(text.joined())
      #expect(node != nil || !mistakes.isEmpty)
    }
  }
}
