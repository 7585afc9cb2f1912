// SPDX-License-Identifier: Apache-2.0

import Octets
import PostgresWire
import TestStream
import Testing

@testable import PgOutput

extension Sample {
  private static func relation(_ xid: UInt32?) -> Sample {
    Sample(
      xid == nil ? "Relation" : "Relation, streamed",
      Wire("R").streamed(xid).u32(16_384).string("Other Schema").string("Größe").raw(Array("f".utf8)).u16(2)
        .u8(1).string("id").u32(23).i32(-1).u8(0).string("amount").u32(1700).i32(786_438),
      .relation(
        Relation(
          xid: xid, id: 16_384, namespace: "Other Schema", name: "Größe", replicaIdentity: .full,
          columns: [
            .init(isKey: true, name: "id", typeID: 23, typeModifier: -1),
            .init(isKey: false, name: "amount", typeID: 1700, typeModifier: 786_438),
          ])),
      isStreamed: xid != nil)
  }

  static let relations = [relation(nil), relation(5)]
}

@Suite struct RelationTests {
  @Test(arguments: Sample.relations)
  func `table, identity and columns`(sample: Sample) throws {
    #expect(try sample.decode() == sample.expected)
  }

  @Test func `an empty schema is pg_catalog`() throws {
    guard case .relation(let relation) = try decode(HandBuilt.relation(1, "", "t", columns: [])) else {
      Issue.record("no relation")
      return
    }
    #expect(relation.qualifiedName == "pg_catalog.t")
    #expect(relation.columns.isEmpty)
  }

  @Test(arguments: [
    ("d", Relation.ReplicaIdentity.byDefault), ("n", .nothing), ("f", .full), ("i", .index),
  ])
  func `replica identities`(tag: String, identity: Relation.ReplicaIdentity) throws {
    guard
      case .relation(let relation) = try decode(
        Wire("R").u32(1).string("s").string("t").raw(Array(tag.utf8)).u16(0).bytes)
    else {
      Issue.record("no relation")
      return
    }
    #expect(relation.replicaIdentity == identity)
  }

  @Test func `an unknown replica identity`() {
    #expect(
      throws: DecodeError(
        tag: 0x52, offset: 10,
        reason: .layout(.unexpectedTag(0x78, expected: "a replica identity d, n, f or i")))
    ) { try decode(Wire("R").u32(1).string("s").string("t").raw(Array("x".utf8)).u16(0).bytes) }
  }

  @Test func `more columns than there are bytes`() {
    #expect(throws: DecodeError(tag: 0x52, offset: 12, reason: .layout(.invalidCount(0xFFFF)))) {
      try decode(Wire("R").u32(1).string("s").string("t").raw(Array("d".utf8)).u16(0xFFFF).bytes)
    }
  }

  @Test func `names that are not UTF-8`() {
    let head = Wire("R").u32(1)
    for bytes in [
      head.raw([0xFF, 0]).bytes, head.string("s").raw([0xC0, 0x80, 0]).bytes,
      head.string("s").string("t").raw(Array("d".utf8)).u16(1).u8(0).raw([0xE2, 0x82, 0]).u32(25).i32(-1).bytes,
    ] {
      let error = #expect(throws: DecodeError.self) { try decode(bytes) }
      #expect(error?.reason == .layout(.invalidUTF8))
    }
  }
}
