// SPDX-License-Identifier: Apache-2.0

import Contracts
import Testing

struct AvroReadingTests {
  @Test(arguments: [
    (#"{"type":"record","name":"R"}"#, "", "the member fields is missing"),
    (#"{"type":"record","name":"R","fields":{}}"#, "/fields", "fields is no array"),
    (#"{"type":"record","name":"1R","fields":[]}"#, "/name", "the name 1R is not as Avro wants them"),
    (#"{"type":"record","name":"a..R","fields":[]}"#, "/name", "the name a..R is not as Avro wants them"),
    (#"{"type":"record","name":"int","fields":[]}"#, "/name", "int is the name of a primitive type"),
    (#"{"type":"record","name":"R","namespace":"a.","fields":[]}"#, "/namespace", "the namespace is none"),
    (
      #"{"type":"record","name":"R","fields":[{"name":"f","type":"S"}]}"#, "/fields/0/type",
      "no type S is defined before this"
    ),
    (
      #"{"type":"record","name":"a.R","fields":[{"name":"f","type":"S"}]}"#, "/fields/0/type",
      "no type a.S is defined before this"
    ),
    (
      #"{"type":"record","name":"R","fields":[{"name":"f","type":"int"},{"name":"f","type":"int"}]}"#, "/fields/1",
      "the record R has the field f twice"
    ),
    (
      #"{"type":"record","name":"R","fields":[{"name":"f","type":"int","order":"up"}]}"#, "/fields/0/order",
      "the order is none"
    ),
    (
      #"{"type":"record","name":"R","fields":[{"name":"f","type":"int","aliases":["1"]}]}"#, "/fields/0/aliases/0",
      "an alias is no name"
    ),
    (#"{"type":"record","name":"R","fields":["f"]}"#, "/fields/0", "a field is no object"),
    (#"{"type":"enum","name":"E","symbols":["A","A"]}"#, "/symbols/1", "the enum E has the symbol A twice"),
    (#"{"type":"enum","name":"E","symbols":["A-B"]}"#, "/symbols/0", "the symbol A-B is not as Avro wants them"),
    (
      #"{"type":"enum","name":"E","symbols":["A"],"default":"B"}"#, "/default",
      "the default of the enum E is none of its symbols"
    ),
    (#"{"type":"fixed","name":"F","size":-1}"#, "/size", "the size is no number of bytes"),
    (#"{"type":"fixed","name":"F","size":"16"}"#, "/size", "the size is no number of bytes"),
    (#"{"type":"fixed","name":"F","size":1e400}"#, "/size", "the size is no number of bytes"),
    (#"["int","int"]"#, "/1", "the union has int twice"),
    (#"["int",["string"]]"#, "/1", "a union stands in a union"),
    (#"[{"type":"array","items":"int"},{"type":"array","items":"long"}]"#, "/1", "the union has array twice"),
    (#"{"type":"array"}"#, "", "the member items is missing"),
    (#"{"type":{"type":"int"}}"#, "/type", "the type of a type's object is no name"),
    (#"{"items":"int"}"#, "", "a type's object has no member type"),
    (#""record""#, "", "record is no type by itself"),
    ("5", "", "this is no type"),
    (
      #"[{"type":"fixed","name":"F","size":1},{"type":"enum","name":"F","symbols":[]}]"#, "/1",
      "F is defined twice; the first is in line 1"
    ),
  ])
  func `a fault is told with its place`(_ schema: String, _ path: String, _ problem: String) {
    let fault = avroFault(schema)
    #expect(fault?.path == path && fault?.problem == problem, "\(String(describing: fault))")
    #expect(fault?.advice.isEmpty == false)
  }

  @Test func `a namespace with a name that begins with a digit is told what to write`() {
    let fault = avroFault(#"{"type":"record","name":"R","namespace":"example.1.0","fields":[]}"#)
    #expect(fault?.advice.contains("none of which begins with a digit") == true)
  }

  @Test func `characters that are but equal to a letter are none of a name`() {
    // The sign for kelvin is equal to K, to Swift.
    let text = #"[{"type":"enum","name":"K","symbols":["K"]},{"type":"array","items":"K"}]"#
    #expect(avroFault(text) == nil)
    #expect(avroFault(text.replacing("\"items\":\"K\"", with: "\"items\":\"\u{212A}\"")) != nil)
    #expect(avroFault("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"K\"],\"default\":\"\u{212A}\"}") != nil)
  }

  @Test func `a fault is told with its line`() {
    #expect(avroFault("[\n\"int\",\n\"int\"]")?.line == 3)
  }

  @Test(arguments: [
    (#""int""#, "1", true), (#""int""#, "2147483648", false), (#""int""#, "1.0", false), (#""int""#, "null", false),
    (#""long""#, "-9223372036854775808", true), (#""long""#, "9223372036854775808", false),
    (#""float""#, "1", true), (#""double""#, "\"NaN\"", false), (#""string""#, "1", false),
    (#""bytes""#, "\"\\u00ff\"", true), (#""bytes""#, "\"\\u0100\"", false),
    (#"{"type":"fixed","name":"F","size":2}"#, "\"ab\"", true),
    (#"{"type":"fixed","name":"F","size":2}"#, "\"a\"", false),
    (#"{"type":"enum","name":"E","symbols":["A"]}"#, "\"A\"", true),
    (#"{"type":"enum","name":"E","symbols":["A"]}"#, "\"B\"", false),
    (#"{"type":"array","items":"int"}"#, "[1,2]", true), (#"{"type":"array","items":"int"}"#, "[1,null]", false),
    (#"{"type":"map","values":"int"}"#, "{\"a\":1}", true), (#"{"type":"map","values":"int"}"#, "{\"a\":\"\"}", false),
    (#"["null","int"]"#, "null", true), (#"["null","int"]"#, "1", true), (#"["null","int"]"#, "\"\"", false),
    (#"{"type":"record","name":"S","fields":[{"name":"a","type":"int"}]}"#, "{\"a\":1}", true),
    (#"{"type":"record","name":"S","fields":[{"name":"a","type":"int"}]}"#, "{}", false),
    (#"{"type":"record","name":"S","fields":[{"name":"a","type":"int","default":3}]}"#, "{}", true),
    (#"{"type":"record","name":"S","fields":[{"name":"a","type":"int","default":3}]}"#, "{\"b\":1}", false),
    (#"{"type":"int","logicalType":"date"}"#, "\"2026-01-01\"", false),
  ])
  func `a default is held to its type`(_ type: String, _ value: String, _ isTaken: Bool) {
    let fault = avroFault(#"{"type":"record","name":"R","fields":[{"name":"f","type":\#(type),"default":\#(value)}]}"#)
    #expect((fault == nil) == isTaken && (fault == nil || fault?.path == "/fields/0/default"))
  }

  @Test(arguments: [
    (#"{"type":"string","logicalType":"date"}"#, "", "its logical type is ignored: date is for int"),
    (
      #"{"type":"bytes","logicalType":"decimal"}"#, "", "its logical type is ignored: decimal needs a precision above 0"
    ),
    (
      #"{"type":"bytes","logicalType":"decimal","precision":2,"scale":3}"#, "",
      "its logical type is ignored: its scale is greater than its precision"
    ),
    (
      #"{"type":"fixed","name":"F","size":4,"logicalType":"decimal","precision":10}"#, "",
      "its logical type is ignored: a fixed of this size holds 9 digits, and precision is 10"
    ),
    (#"{"type":"string","logicalType":"colour"}"#, "", "its logical type is ignored: Avro knows no such logical type"),
    (
      #"{"type":"record","name":"R","fields":[{"name":"f","type":"long","logicalType":"timestamp-millis"}]}"#,
      "/fields/0/logicalType",
      "a logical type beside a field's type is ignored; write it into the type: {\"type\": …, \"logicalType\": …}"
    ),
    (
      #"{"type":"record","name":"R","fields":[{"name":"f","type":["null","int"],"default":1}]}"#, "/fields/0/default",
      "readers before Avro 1.12 take a union's default for its first branch; write that branch first"
    ),
    (
      #"{"type":"record","name":"R","fields":[{"name":"f","type":"R"}]}"#, "",
      "no data matches the record R, which holds itself without end; write [\"null\", …] where it may end"
    ),
    (
      #"[{"type":"fixed","name":"F","size":1},{"type":"record","name":"a.R","fields":[{"name":"f","type":"F"}]}]"#,
      "/1/fields/0/type",
      "F has no namespace and is referred to from within a, which not every reader takes; give it a namespace"
    ),
    ("[]", "", "no data matches a union without branches"),
    (
      #"{"type":"enum","name":"E","symbols":["A"],"logicalType":"uuid"}"#, "",
      "its logical type is ignored: uuid is for string or a fixed of 16"
    ),
    (
      #"{"type":"record","name":"R","fields":[],"logicalType":"date"}"#, "",
      "its logical type is ignored: date is for int"
    ),
    (
      #"[{"type":"fixed","name":"F","size":4},{"type":"map","values":{"type":"F","logicalType":"decimal","precision":4}}]"#,
      "/1/values", "its logical type is ignored: it stands beside a reference; write it where F is defined"
    ),
    (
      #"{"type":"record","name":"R","fields":[{"name":"f","type":["null","int"],"logicalType":"date"}]}"#,
      "/fields/0/logicalType",
      "a logical type beside a field's type is ignored; write it into the type: {\"type\": …, \"logicalType\": …}"
    ),
  ])
  func `what may not be meant is remarked on`(_ schema: String, _ path: String, _ words: String) throws {
    let remarks = try AvroSchema(text: schema).remarks
    #expect(remarks == [SchemaRemark(path, words)])
  }

  @Test func `a recursive schema is read without remarks`() throws {
    let list = try AvroSchema(
      text: #"{"type":"record","name":"L","fields":[{"name":"v","type":"long"},{"name":"n","type":["null","L"]}]}"#)
    #expect(list.remarks.isEmpty)
  }

  @Test func `types lie within each other as deep as a document may, and are used without more of the stack`() throws {
    let depth = SchemaDocument.maximumDepth
    func nested(_ depth: Int) -> String {
      String(repeating: #"{"type":"array","items":"#, count: depth) + "\"int\"" + String(repeating: "}", count: depth)
    }
    let schema = try AvroSchema(text: nested(depth))
    let wider = try AvroSchema(text: nested(depth).replacing("\"int\"", with: "\"long\""))
    #expect(schema.isSame(as: schema) && wider.obstacles(reading: schema).isEmpty)
    #expect(schema.obstacles(reading: wider).map(\.path) == [String(repeating: "/items", count: depth)])
    #expect(avroFault(nested(depth + 1))?.line == 1)
  }
}
