// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import Testing

@Suite struct TableNameTests {
  @Test(arguments: [
    ("outbox", "public", "outbox"), ("Public.OutBox", "public", "outbox"), ("a.b", "a", "b"),
    (#""Other Schema"."Größe""#, "Other Schema", "Größe"), (#""a.b".c"#, "a.b", "c"),
    (#"x."say ""hi""""#, "x", #"say "hi""#),
    (#""A""#, "public", "A"), ("a_1.b$", "a_1", "b$"),
  ])
  func `as SQL writes it`(text: String, schema: String, name: String) {
    #expect(TableName(text) == TableName(schema: schema, name: name))
  }

  @Test(arguments: [
    "", ".", "a.", ".b", "a.b.c", "a b", " a", "a ", #""a"#, #"a"b"#, #""a"b"#, #""""#, #""".b"#, "a\"", "a\0b", "a\n",
  ])
  func `what names no table`(text: String) {
    #expect(TableName(text) == nil)
  }

  @Test(arguments: [
    ("ÄRGER.Öl", "Ärger", "Öl"), ("e\u{301}t\u{e9}", "public", "e\u{301}t\u{e9}"), ("\"\u{301}a\".b", "\u{301}a", "b"),
    ("A\u{301}", "public", "a\u{301}"), ("a\u{a0}b", "public", "a\u{a0}b"),
  ])
  func `letters beyond ASCII stay as they are`(text: String, schema: String, name: String) {
    #expect(TableName(text) == TableName(schema: schema, name: name))
  }

  @Test func `names are equal when their bytes are`() {
    let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}")
    #expect(composed == decomposed)
    #expect(TableName(schema: "public", name: composed) != TableName(schema: "public", name: decomposed))
    #expect(Set([composed, decomposed].map { TableName(schema: $0, name: "t") }).count == 2)
  }

  @Test(arguments: [("é", 31), ("é", 63), ("字", 21), ("字", 31), ("x", 63)])
  func `a name of more than 63 bytes is stored cut, between two characters, in whatever encoding`(
    letter: String, count: Int
  ) {
    let name = TableName(schema: "public", name: String(repeating: letter, count: 70))
    let cut = TableName(schema: "public", name: String(repeating: letter, count: count))
    #expect(name.isStored(as: cut) && name.isStored(as: name))
    #expect(!cut.isStored(as: name))
    let other = TableName(schema: "public", name: String(repeating: letter, count: 30))
    #expect(!name.isStored(as: other))
  }

  @Test(arguments: [
    ("public", "outbox", "public.outbox"), ("a b", "C", #""a b"."C""#), ("a", "b.c", #"a."b.c""#),
    ("a.b", "c", #""a.b".c"#), ("x", #"say "hi""#, #"x."say ""hi""""#), ("é", "\u{301}", "\"é\".\"\u{301}\""),
  ])
  func `described so that it is read as the same name`(schema: String, name: String, text: String) {
    let table = TableName(schema: schema, name: name)
    #expect(table.description == text)
    #expect(TableName(text) == table)
  }

  @Test func `in a source, quotes stand only where two tables would be one`() {
    #expect(TableName(schema: "a b", name: "C").inSource == "a b.C")
    #expect(TableName(schema: "a", name: "b.c").inSource == #"a."b.c""#)
    #expect(TableName(schema: "a.b", name: "c").inSource == #""a.b".c"#)
    #expect(TableName(schema: "a", name: #""b"#).inSource == #"a."""b""#)
  }
}
