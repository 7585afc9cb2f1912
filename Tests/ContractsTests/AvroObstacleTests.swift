// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Contracts

struct AvroObstacleTests {
  private static func record(_ type: String, _ more: String = "") -> String {
    #"{"type":"record","name":"R","fields":[{"name":"f","type":\#(type)\#(more)}]}"#
  }

  /// A reader's type, a writer's, where what keeps it from reading stands, the rule and advice, and the reader's when the advice
  /// was followed.
  private static let cases:
    [(reader: String, writer: String, path: String, rule: String, advice: String, followed: [String])] = [
      (
        #""int""#, #""string""#, "/fields/0/type", "int does not read string",
        "write a union that has string too, or a type that reads both", [#"["int","string"]"#]
      ),
      (
        #""int""#, #"["int","long"]"#, "/fields/0/type", "int does not read long",
        "write a union that has long too, or a type that reads both", [#"["int","long"]"#, #""long""#]
      ),
      (
        #"["null","int"]"#, #"["null","string"]"#, "/fields/0/type", "no branch of the reader's union reads string",
        "add string to the union", [#"["null","int","string"]"#]
      ),
      (
        #"{"type":"array","items":"int"}"#, #"{"type":"array","items":"long"}"#, "/fields/0/type/items",
        "int does not read long", "write a union that has long too, or a type that reads both",
        [#"{"type":"array","items":["int","long"]}"#]
      ),
      (
        #"{"type":"enum","name":"E","symbols":["A"]}"#, #"{"type":"enum","name":"E","symbols":["A","B","C"]}"#,
        "/fields/0/type", "enum E has neither the writer's symbols B, C nor a default",
        "add the symbols, or a \"default\" to the enum",
        [
          #"{"type":"enum","name":"E","symbols":["A","B","C"]}"#,
          #"{"type":"enum","name":"E","symbols":["A"],"default":"A"}"#,
        ]
      ),
      (
        #"{"type":"fixed","name":"F","size":4}"#, #"{"type":"fixed","name":"F","size":8}"#, "/fields/0/type",
        "fixed F has another size than the writer's 8",
        "write 8 again, and use a fixed of another name for the new size",
        [#"{"type":"fixed","name":"F","size":8}"#]
      ),
      (
        #"{"type":"fixed","name":"a.G","size":4}"#, #"{"type":"fixed","name":"b.F","size":4}"#, "/fields/0/type",
        "fixed a.G is another than the writer's fixed b.F", "name it b.F again, or add \"b.F\" to its \"aliases\"",
        [#"{"type":"fixed","name":"b.F","size":4}"#, #"{"type":"fixed","name":"a.G","aliases":["b.F"],"size":4}"#]
      ),
      (
        #"{"type":"fixed","name":"a.G","size":4}"#, #"{"type":"fixed","name":"F","size":4}"#, "/fields/0/type",
        "fixed a.G is another than the writer's fixed F", "name it F again", [#"{"type":"fixed","name":"F","size":4}"#]
      ),
      (
        #"{"type":"record","name":"S","fields":[{"name":"new","type":"int"}]}"#,
        #"{"type":"record","name":"S","fields":[{"name":"old","type":"int"}]}"#, "/fields/0/type/fields/0",
        "reader's field has no default: new, which the writer does not have",
        "give it a \"default\", or the writer's name for it in its \"aliases\"",
        [
          #"{"type":"record","name":"S","fields":[{"name":"new","type":"int","default":1}]}"#,
          #"{"type":"record","name":"S","fields":[{"name":"new","type":"int","aliases":["old"]}]}"#,
        ]
      ),
      (
        #"{"type":"bytes","logicalType":"decimal","precision":8,"scale":3}"#,
        #"{"type":"bytes","logicalType":"decimal","precision":8,"scale":2}"#, "/fields/0/type",
        "decimal(8,3) is not the writer's decimal(8,2)",
        "write decimal(8,2) again, and use another field for decimal(8,3)",
        [#"{"type":"bytes","logicalType":"decimal","precision":8,"scale":2}"#]
      ),
    ]

  @Test(arguments: cases.indices)
  func `what cannot be read is told with its place, and can be when the advice is followed`(_ index: Int) throws {
    let (reader, writer, path, rule, advice, followed) = Self.cases[index]
    let obstacles = try avroObstacles(Self.record(reader), reading: Self.record(writer))
    #expect(obstacles.map { [$0.path, $0.rule, $0.advice] } == [[path, rule, advice]])
    #expect(!obstacles.contains { !$0.isProved })
    for reader in followed { #expect(try avroObstacles(Self.record(reader), reading: Self.record(writer)) == []) }
  }

  @Test func `every obstacle is told, in the order of the reader's schema`() throws {
    let reader = """
      {"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":"int"},
       {"name":"c","type":{"type":"enum","name":"E","symbols":["A"]}},{"name":"d","type":["null","E"]},
       {"name":"e","type":{"type":"map","values":"boolean"}}]}
      """
    let writer = """
      {"type":"record","name":"S","fields":[{"name":"a","type":"string"},
       {"name":"c","type":{"type":"enum","name":"E","symbols":["B"]}},{"name":"d","type":["null","E","int"]},
       {"name":"e","type":{"type":"map","values":["boolean","null"]}}]}
      """
    #expect(
      try avroObstacles(reader, reading: writer).map { "\($0.path) \($0.rule)" } == [
        " record R is another than the writer's record S",
        "/fields/0/type int does not read string",
        "/fields/1 reader's field has no default: b, which the writer does not have",
        "/fields/2/type enum E has neither the writer's symbols B nor a default",
        "/fields/3/type no branch of the reader's union reads int",
        "/fields/4/type/values boolean does not read null",
      ])
  }

  @Test func `what the specification leaves open cannot be told`() throws {
    let alias = try avroObstacles(
      Self.record(#""int""#, #","aliases":["g"]"#),
      reading: #"{"type":"record","name":"R","fields":[{"name":"f","type":"int"},{"name":"g","type":"int"}]}"#)
    #expect(alias.count == 1 && alias.first?.isProved == false && alias.first?.path == "/fields/0")
    let shared = try avroObstacles(
      #"{"type":"record","name":"R","fields":[{"name":"f","type":"int"},{"name":"g","type":"int","aliases":["f"]}]}"#,
      reading: Self.record(#""int""#))
    #expect(shared.count == 1 && shared.first?.isProved == false && shared.first?.path == "/fields/1")
    let unit = try avroObstacles(
      Self.record(#"{"type":"long","logicalType":"timestamp-millis"}"#),
      reading: Self.record(#"{"type":"long","logicalType":"timestamp-micros"}"#))
    #expect(
      unit.map(\.rule) == ["timestamp-millis is not the writer's timestamp-micros"] && unit.first?.isProved == false)
    let wider = try avroObstacles(
      Self.record(#"{"type":"bytes","logicalType":"decimal","precision":9}"#),
      reading: Self.record(#"{"type":"bytes","logicalType":"decimal","precision":8}"#))
    #expect(wider.first?.isProved == false)
  }

  @Test func `a branch that reads only as long as another does is none`() throws {
    // T can be read if its own t can, which needs B; so of the union neither record reads what is written.
    let reader = """
      {"type":"record","name":"T","fields":[{"name":"u","type":["null",
        {"type":"record","name":"B","fields":[{"name":"t","type":["null","T"]}]}]},{"name":"x","type":"int"}]}
      """
    let writer = reader.replacing("\"int\"", with: "\"long\"")
    #expect(try avroObstacles(reader, reading: writer).map(\.path) == ["/fields/1/type"])
    #expect(try avroObstacles(reader, reading: reader).isEmpty && avroObstacles(writer, reading: reader).isEmpty)
  }

  @Test func `types without end and long chains of them are compared once for each pair`() throws {
    func chain(_ leaf: String) -> String {
      let types = (0..<3000).map { index in
        #"{"type":"record","name":"R\#(index)","fields":[{"name":"f","type":\#(index == 0 ? leaf : "\"R\(index - 1)\"")},"#
          + #"{"name":"g","type":["null","R\#(index)"],"default":null}]}"#
      }
      return "[\(types.joined(separator: ","))]"
    }
    #expect(try avroObstacles(chain("\"long\""), reading: chain("\"int\"")).isEmpty)
    #expect(try avroObstacles(chain("\"int\""), reading: chain("\"long\"")).map(\.path) == ["/0/fields/0/type"])
  }

  @Test func `what is the same for reading and writing is, however it is written`() throws {
    let one = try AvroSchema(
      text:
        #"{"type":"record","name":"R","namespace":"a","doc":"x","fields":[{"name":"f","type":{"type":"int"},"default":1}]}"#
    )
    let other = try AvroSchema(
      text:
        "{\"name\":\"a.R\",\n\"fields\":[{\"default\":1,\"type\":\"int\",\"name\":\"f\",\"order\":\"ignore\"}],\"type\":\"record\"}"
    )
    #expect(
      one.isSame(as: other)
        && one.canonicalForm == #"{"name":"a.R","type":"record","fields":[{"name":"f","type":"int"}]}"#)
    for different in [
      #"{"type":"record","name":"a.R","fields":[{"name":"f","type":"int","default":2}]}"#,
      #"{"type":"record","name":"a.R","fields":[{"name":"f","type":"int"}]}"#,
      #"{"type":"record","name":"a.R","fields":[{"name":"f","type":{"type":"int","logicalType":"date"},"default":1}]}"#,
      #"{"type":"record","name":"a.R","fields":[{"name":"f","type":"int","default":1,"aliases":["g"]}]}"#,
      #"{"type":"record","name":"a.R","aliases":["S"],"fields":[{"name":"f","type":"int","default":1}]}"#,
    ] {
      let schema = try AvroSchema(text: different)
      #expect(!schema.isSame(as: one))
    }
    #expect(try AvroSchema(text: "\"int\"").fingerprint == 0x7275_D51A_3F39_5C8F)
  }
}
