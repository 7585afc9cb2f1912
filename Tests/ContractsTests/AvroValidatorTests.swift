// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Contracts

struct AvroValidatorTests {
  private static let types: [(schema: String, taken: [String], refused: [String])] = [
    (#""null""#, ["null", " null\n"], ["nul", "0", "", "nullx", "null null"]),
    (#""boolean""#, ["true", "false"], ["tru", "fals", "1", "\"true\""]),
    (
      #""int""#, ["0", "-0", "2147483647", "-2147483648", " 7 "],
      ["2147483648", "-2147483649", "1.0", "1e2", "01", "-", "+1", "\"1\"", "99999999999999999999999999", "1,"]
    ),
    (
      #""long""#, ["9223372036854775807", "-9223372036854775808", "9007199254740993"],
      ["9223372036854775808", "-9223372036854775809", "18446744073709551617", "0.5", "1E2"]
    ),
    (#""float""#, ["1", "-1.5", "1e400", "1E-5"], ["\"NaN\"", "1.", ".5", "1e", "-", "01", "NaN"]),
    (#""double""#, ["0.1"], ["null"]),
    (
      #""string""#, ["\"\"", "\"aä€😀\"", #""\ud83d\ude00\n\u0000""#],
      [
        #""\ud83d""#, #""\ude00""#, #""\ude00\ude00""#, #""\ud83d\u0041""#, "\"\u{1}\"", "\"a", "1", #""\x""#,
        #""\u12"#,
      ]
    ),
    (#""bytes""#, ["\"\"", "\"aÿ\"", #""\u00ff""#], [#""\u0100""#, "\"€\"", "[1]"]),
    (#"{"type":"fixed","name":"F","size":2}"#, ["\"ab\"", #""\u0000ÿ""#], ["\"a\"", "\"abc\"", "\"a€\""]),
    (
      #"{"type":"enum","name":"E","symbols":["OPEN","CLOSED_FOR_EVER","A"],"default":"A"}"#,
      ["\"OPEN\"", "\"CLOSED_FOR_EVER\"", #""O\u0050EN""#],
      ["\"open\"", "\"OPE\"", "\"OPENS\"", "0", #""O\u00c4EN""#, "\"\""]
    ),
    (#"{"type":"array","items":"int"}"#, ["[]", "[ ]", "[1 , 2]"], ["[1,]", "[,]", "[1", "[1}", "{}", "[\"\"]"]),
    (
      #"{"type":"map","values":"int"}"#, ["{}", "{ \"ä\" : 1 }"],
      ["{\"a\":}", "{\"a\":\"\"}", "{\"a\"}", "[]", "{\"a\":1,}"]
    ),
    (#"["null","int","string"]"#, ["null", "1", "\"\""], ["true", "[]", "{}", "1.5", "2147483648"]),
    (#"["int","long"]"#, ["1", "2147483648"], ["9223372036854775808"]),
    (#"["int","double"]"#, ["1", "1.5", "2147483648"], ["\"\""]),
    (
      #"{"type":"string","logicalType":"uuid"}"#, ["\"6ba7b810-9dad-11d1-80b4-00C04FD430C8\""],
      [
        "\"6ba7b8109dad11d180b400c04fd430c8\"", "\"6ba7b810-9dad-11d1-80b4-00c04fd430c\"", "\"\"",
        "\"6ba7b810-9dad-11d1-80b4-00c04fd430c88\"", "\"gba7b810-9dad-11d1-80b4-00c04fd430c8\"",
      ]
    ),
    (
      #"{"type":"fixed","name":"U","size":16,"logicalType":"uuid"}"#, ["\"6ba7b810-9dad-11d1-80b4-00c04fd430c8\""],
      [
        "\"0123456789012345\""
      ]
    ),
    (
      #"{"type":"int","logicalType":"date"}"#, ["\"2024-02-29\"", "\"2000-02-29\"", "-1", "19000"],
      [
        "\"2023-02-29\"", "\"1900-02-29\"", "\"2023-04-31\"", "\"2023-13-01\"", "\"2023-00-01\"", "\"2023-1-01\"",
        "\"2023-01-01T\"", "3000000000", "1.0",
      ]
    ),
    (
      #"{"type":"int","logicalType":"time-millis"}"#, ["\"23:59:60\"", "\"00:00:00.123456\"", "0", "86399999"],
      [
        "86400000", "-1", "\"24:00:00\"", "\"10:60:00\"", "\"10:00\"", "\"10:00:00.\"", "\"10:00:00Z\"",
      ]
    ),
    (#"{"type":"long","logicalType":"time-micros"}"#, ["86399999999"], ["86400000000"]),
    (
      #"{"type":"long","logicalType":"timestamp-micros"}"#,
      [
        "\"2026-11-23T06:30:00Z\"", "\"2026-11-23t06:30:00.123456+01:30\"", "1763879400000000", "-1",
      ],
      [
        "\"2026-11-23T06:30:00\"", "\"2026-11-23 06:30:00Z\"", "\"2026-11-23T06:30:00+1:30\"",
        "\"2026-11-23T06:30:00+24:00\"",
        "\"2026-11-23T06:30:00Z \"", "\"2026-11-23\"", "1e3", "9223372036854775808",
      ]
    ),
    (
      #"{"type":"long","logicalType":"local-timestamp-nanos"}"#, ["\"2026-11-23T06:30:00.5\"", "1"],
      ["\"2026-11-23T06:30:00Z\""]
    ),
    (#"{"type":"fixed","name":"D","size":12,"logicalType":"duration"}"#, ["\"012345678901\""], ["\"P1D\""]),
    (
      #"{"type":"bytes","logicalType":"decimal","precision":5,"scale":2}"#,
      [
        "0", "999.99", "-999.99", "\"999.99\"", "1.5", "1.500", "0.00", "1e2", "99999e-2", "\"-0.01\"",
        "0e999999999999",
      ],
      [
        "1000", "1e3", "0.001", "\"0.001\"", "\"1e2\"", "\"\"", "\"007\"", "\"+1\"", "\".5\"", "\"1.\"", "1e-3",
        "1e99999999999999999999",
        "null", "\"\\u0001\"",
      ]
    ),
    (
      #"{"type":"bytes","logicalType":"big-decimal"}"#, ["1e400", "\"123456789012345678901234567890.5\""],
      ["\"\"", "\"x\""]
    ),
  ]

  @Test(arguments: types.indices)
  func `each type takes its forms and no others`(_ index: Int) throws {
    let (schema, taken, refused) = Self.types[index]
    let validator = try AvroSchema(text: schema).validator()
    for text in taken { #expect(validator.mismatch(text) == nil, "\(schema) \(text)") }
    for text in refused { #expect(validator.mismatch(text) != nil, "\(schema) \(text)") }
  }

  static let order = """
    {"type":"record","name":"shop.Order","fields":[
      {"name":"id","type":{"type":"string","logicalType":"uuid"}},
      {"name":"cents","type":"long"},
      {"name":"note","type":["null","string"],"default":null},
      {"name":"lines","type":{"type":"array","items":{"type":"record","name":"Line","fields":[
        {"name":"sku","type":"string"},{"name":"count","type":"int"}]}}},
      {"name":"tags","type":{"type":"map","values":"string"},"default":{}}]}
    """

  private static let id = #""id":"6ba7b810-9dad-11d1-80b4-00c04fd430c8""#

  @Test(arguments: [
    #"{\#(id),"cents":1,"note":null,"lines":[{"sku":"a","count":2}],"tags":{"a":"b"}}"#,
    #"{ "lines" : [ ] , "cents":1, \#(id) }"#,
    #"{\#(id),"c\u0065nts":1,"lines":[{"count":2,"\u0073\u006b\u0075":"a"}]}"#,
  ])
  func `a record's members may come in any order, escaped, and without those that have a default`(_ text: String) throws
  {
    #expect(try AvroSchema(text: Self.order).validator().mismatch(text) == nil)
  }

  @Test(arguments: [
    (#"{\#(id),"cents":1}"#, "", "record shop.Order: the field lines is missing and has no default"),
    (#"{\#(id),"cents":1,"cent":2,"lines":[]}"#, "/cent", "record shop.Order: no such field"),
    (#"{\#(id),"cents":1,"c/~ent\u0073":2,"lines":[]}"#, "/c~1~0ents", "record shop.Order: no such field"),
    (#"{\#(id),"cents":1,"c\u0065nts":2,"lines":[]}"#, "/cents", "record shop.Order: a field that is there twice"),
    (#"{\#(id),"cents":1,"note":3,"lines":[]}"#, "/note", "null or string"),
    (#"{"id":"x","cents":1,"lines":[]}"#, "/id", "uuid"),
    (
      #"{\#(id),"tags":{"a,]":"}","b":"\""},"cents":1,"lines":[{"sku":"a","count":2},{"sku":"a","count":"2"}]}"#,
      "/lines/1/count", "int"
    ),
    (
      #"{\#(id),"cents":1,"lines":[{"sku":"a"}]}"#, "/lines/0",
      "record shop.Line: the field count is missing and has no default"
    ),
    (#"{\#(id),"cents":1,"lines":[],"tags":{"x y":"","z":0}}"#, "/tags/z", "string"),
    ("[]", "", "record shop.Order"), ("{", "", "this is no JSON"), ("", "", "this is no JSON"),
    (#"{\#(id),"cents":1,"lines":[]} x"#, "", "this is no JSON"),
    (#"{\#(id),"cents":"secret","lines":[]}"#, "/cents", "long"),
  ])
  func `a mismatch has its place and rule, and not the value`(_ text: String, _ pointer: String, _ rule: String) throws
  {
    let mismatch = try AvroSchema(text: Self.order).validator().mismatch(text)
    #expect(mismatch == Mismatch(pointer, rule))
  }

  @Test func `PostgreSQL's order of members is taken as well as the schema's, in records of many fields`() throws {
    let names = (0..<700).map { "field_\($0)" + String(repeating: "x", count: $0 % 20) }
    let fields = names.map { #"{"name":"\#($0)","type":"int"}"# }.joined(separator: ",")
    let validator = try AvroSchema(text: #"{"type":"record","name":"R","fields":[\#(fields)]}"#).validator()
    func object(_ names: [String]) -> String { "{" + names.map { "\"\($0)\":1" }.joined(separator: ",") + "}" }
    #expect(validator.mismatch(object(names)) == nil)
    #expect(validator.mismatch(object(names.sorted { ($0.count, $0) < ($1.count, $1) })) == nil)
    #expect(validator.mismatch(object(names.reversed())) == nil)
    for index in [0, 255, 256, 300, 699] {
      var fewer = names
      let name = fewer.remove(at: index)
      #expect(validator.mismatch(object(fewer))?.rule == "record R: the field \(name) is missing and has no default")
      #expect(validator.mismatch(object(names + [name]))?.rule == "record R: a field that is there twice")
    }
  }
}
