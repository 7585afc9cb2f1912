// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Contracts

struct ProtobufReadingTests {
  @Test func `a set that is cut anywhere is refused or read, and nothing else`() throws {
    let set = try #require(try ProtobufFixtures.lines("evolutions").first).bytes("old")
    var read = 0
    for count in set.indices where protobufFault(Array(set[..<count])) == nil { read += 1 }
    // Whole parts may be missing at the end.
    #expect(read < 4)
  }

  @Test func `a set with a byte that is another is refused or read, and nothing else`() throws {
    let set = try #require(try ProtobufFixtures.lines("evolutions").last).bytes("new")
    var refused = 0
    for index in set.indices {
      for value: UInt8 in [0, 1, 0x7F, 0x80, 0xFF, set[index] ^ 8] {
        var other = set
        other[index] = value
        guard let schema = try? ProtobufSchema(other, type: "x.Placed") else {
          refused += 1
          continue
        }
        #expect(schema.isSame(as: schema))
        _ = schema.largest
        _ = try schema.validator().mismatch(Array("{}".utf8))
      }
    }
    #expect(refused > set.count)
  }

  @Test func `what is no set says how to make one`() {
    for bytes: [UInt8] in [
      [], Array("syntax = \"proto3\";".utf8), Array("{}".utf8), [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
    ] {
      #expect(protobufFault(bytes)?.advice.contains("protoc --include_imports --descriptor_set_out=1.binpb") == true)
    }
  }

  @Test func `a type that is not described is missed by name`() {
    let field = Described.field("a", 1, kind: 11).text(6, ".other.Item")
    let fault = protobufFault(Described.set([Described.message("Placed", [field])]))
    #expect(fault?.path == "/Placed/a" && fault?.problem == "other.Item is not described in it")
    #expect(fault?.advice.contains("--include_imports") == true)
  }

  @Test func `a message is found by its full name, by the last part of the type's, or as the only one`() throws {
    let (placed, item) = (Described.message("Placed", []), Described.message("Item", []))
    #expect(try Described.schema([placed, item], type: "shop.v1.Placed").name == "Placed")
    #expect(try Described.schema([placed, item], type: "Item").name == "Item")
    #expect(try Described.schema([item], type: "order-placed").name == "Item")
    let fault = protobufFault(Described.set([placed, item]), type: "Shipped")
    #expect(fault?.problem == "there is no message Shipped in it")
    #expect(fault?.advice.hasSuffix("by the full name of one, or a message so: Placed, Item") == true)
  }

  @Test func `what is there twice is refused`() {
    let twice = [Described.field("a", 1), Described.field("b", 1)]
    #expect(protobufFault(Described.set([Described.message("Placed", twice)]))?.path == "/Placed/b")
    let placed = Described.message("Placed", [])
    #expect(protobufFault(Described.set([placed, placed]))?.problem == "Placed is there twice")
    let (one, other) = (Described.set([placed]), Described.set([Described.message("Item", [])]))
    #expect(protobufFault(one + other)?.problem == "a.proto is there twice")
  }

  @Test func `messages within each other are read to a depth`() {
    func nested(_ depth: Int) -> Described {
      let message = Described.message("M", [])
      return depth == 0 ? message : message.part(3, nested(depth - 1))
    }
    #expect(protobufFault(Described.set([nested(31)]), type: "M") == nil)
    #expect(protobufFault(Described.set([nested(32)]), type: "M")?.problem.contains("within each other") == true)
  }

  @Test func `syntaxes and names that nobody knows are refused`() {
    let placed = [Described.message("Placed", [])]
    #expect(protobufFault(Described.set(placed, syntax: "proto4"))?.problem.contains("not known") == true)
    #expect(protobufFault(Described.set(placed, syntax: "editions"))?.problem.contains("not known") == true)
    for name in ["", "1a", "a b", "ä", "a.b"] {
      #expect(protobufFault(Described.set([Described.message(name, [])]))?.problem.hasSuffix("is no name") == true)
    }
  }

  @Test func `how large data can be is told where something bounds it`() throws {
    let bounded = [Described.field("flag", 1, kind: 8), Described.field("n", 2, kind: 5)]
    #expect(try Described.schema([Described.message("Placed", bounded)]).largest == .bytes(2 + 13 + 18))
    let text = Described.field("a_text", 1)
    #expect(try Described.schema([Described.message("Placed", [text])]).largest == .unbounded("/aText"))
    let own = Described.field("a", 1, kind: 11).text(6, ".Placed")
    #expect(try Described.schema([Described.message("Placed", [own])]).largest == .unbounded("/a"))
  }

  @Test func `what takes long is not looked at for each field again`() throws {
    let count = 6000
    func many(_ name: String, _ parts: [Described]) -> Described {
      Described(bytes: Described().text(1, name).bytes + parts.flatMap(\.bytes))
    }
    let value = many(
      "E", (0..<count).map { Described().part(2, Described().text(1, "V\($0)").number(2, UInt64($0))) })
    let fields = (1...count).map { number in
      let field = Described.field("f\(number)", UInt64(number), kind: 14).text(6, ".E").text(7, "V\(count - 1)")
      return Described().part(2, field.number(9, UInt64(number - 1)))
    }
    let oneofs = many("Placed", fields + (1...count).map { Described().part(8, Described().text(1, "o\($0)")) })
    let ranges = many(
      "Placed",
      (1...count).map { Described().part(9, Described().number(1, UInt64(2 * $0)).number(2, UInt64(2 * $0 + 1))) })
    func schema(_ message: Described) throws -> ProtobufSchema {
      let file = Described().text(1, "a.proto").text(12, "proto2").part(4, message).part(5, value)
      return try ProtobufSchema(Described().part(1, file).bytes, type: "Placed")
    }
    let (all, none) = (try schema(oneofs), try schema(ranges))
    let start = ContinuousClock.now
    #expect(none.obstacles(reading: all).count == count / 2 + count)
    #expect(all.obstacles(reading: all).isEmpty)
    let validator = try all.validator()
    _ = validator.acceptor()
    #expect(validator.mismatch(#"{"f7": "V5999"}"#) == nil)
    #expect(all.largest != .bytes(0))
    // The square of it would be minutes.
    #expect(ContinuousClock.now - start < .seconds(60))
  }
}
