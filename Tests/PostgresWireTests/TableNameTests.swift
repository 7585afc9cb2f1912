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

  @Test func `described without quotes`() {
    #expect(TableName(schema: "a b", name: "C").description == "a b.C")
  }
}
