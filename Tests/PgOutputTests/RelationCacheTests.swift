// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import TestStream
import Testing

@testable import PgOutput

@Suite struct RelationCacheTests {
  private let row: [UInt8] = [0x49]

  private static func relation(_ id: UInt32, _ columns: [String], xid: UInt32? = nil) -> [UInt8] {
    HandBuilt.relation(id, "public", "t\(id)", columns: columns.map { .init($0) }, xid: xid)
  }

  /// The columns that a relation has now.
  private func columns(_ id: UInt32, _ decoder: inout Decoder) throws -> [String] {
    let version = try decoder.relation(id, in: row.span.bytes)
    return decoder.relations[version].columns.map(\.name)
  }

  private func feed(_ message: [UInt8], _ decoder: inout Decoder) throws(DecodeError) {
    _ = try decoder.decode(message.span.bytes)
  }

  private func decoder(_ messages: [UInt8]...) throws -> Decoder {
    var decoder = Decoder()
    for message in messages { try feed(message, &decoder) }
    return decoder
  }

  @Test func `what is kept is counted, each shape once`() throws {
    var decoder = try decoder(Self.relation(1, ["a"]))
    let one = decoder.relations.size
    try feed(Self.relation(1, ["a"]), &decoder)
    #expect(decoder.relations.size == one)
    try feed(Self.relation(1, ["a", "b", "c"]), &decoder)
    #expect(decoder.relations.size == 2 * one + 2)
    for number in 2...100 as ClosedRange<UInt32> { try feed(Self.relation(number, ["a"]), &decoder) }
    #expect(decoder.relations.size == 101 * one + 2)
  }

  @Test func `the last description counts`() throws {
    var decoder = try decoder(Self.relation(1, ["a"]), Self.relation(2, ["b"]), Self.relation(1, ["a", "c"]))
    #expect(try columns(1, &decoder) == ["a", "c"])
    #expect(try columns(2, &decoder) == ["b"])
  }

  @Test func `earlier shapes stay at hand`() throws {
    var decoder = try decoder(Self.relation(1, ["a"]))
    let first = try decoder.relation(1, in: row.span.bytes)
    try feed(Self.relation(1, ["b"]), &decoder)
    let second = try decoder.relation(1, in: row.span.bytes)
    #expect(first != second)
    #expect(decoder.relations[first].columns.map(\.name) == ["a"])
    #expect(decoder.relations[second].columns.map(\.name) == ["b"])
  }

  @Test func `the same shape again is the same version`() throws {
    var decoder = try decoder(Self.relation(1, ["a"]))
    let first = try decoder.relation(1, in: row.span.bytes)
    for message in [HandBuilt.streamStart(7), Self.relation(1, ["a"], xid: 7)] {
      try feed(message, &decoder)
    }
    #expect(try decoder.relation(1, in: row.span.bytes) == first)
  }

  @Test func `a shape of a transaction in progress holds within its blocks only`() throws {
    var decoder = try decoder(Self.relation(1, ["a"]), HandBuilt.streamStart(7), Self.relation(1, ["b"], xid: 7))
    #expect(try columns(1, &decoder) == ["b"])
    try feed(HandBuilt.streamStop, &decoder)
    #expect(try columns(1, &decoder) == ["a"])
    try feed(HandBuilt.streamStart(8), &decoder)
    #expect(try columns(1, &decoder) == ["a"])
    try feed(HandBuilt.streamStop, &decoder)
    try feed(HandBuilt.streamStart(7, first: false), &decoder)
    #expect(try columns(1, &decoder) == ["b"])
  }

  @Test func `commit makes a shape general`() throws {
    var decoder = try decoder(
      Self.relation(1, ["a"]), HandBuilt.streamStart(7), Self.relation(1, ["b"], xid: 7), HandBuilt.streamStop,
      HandBuilt.streamCommit(7, 10, end: 20))
    #expect(try columns(1, &decoder) == ["b"])
  }

  @Test func `prepare makes a shape general`() throws {
    var decoder = try decoder(
      Self.relation(1, ["a"]), HandBuilt.streamStart(7), Self.relation(1, ["b"], xid: 7), HandBuilt.streamStop,
      HandBuilt.prepare(10, end: 20, xid: 7, tag: "p"))
    #expect(try columns(1, &decoder) == ["b"])
  }

  @Test func `rollback forgets a shape`() throws {
    var decoder = try decoder(
      HandBuilt.streamStart(7), Self.relation(1, ["b"], xid: 7), HandBuilt.streamStop, HandBuilt.streamAbort(7, 7))
    #expect(throws: DecodeError(tag: 0x49, offset: 1, reason: .unknownRelation(1))) { try columns(1, &decoder) }
  }

  @Test func `rollback of a subtransaction leaves the transaction's shapes`() throws {
    var decoder = try decoder(
      HandBuilt.streamStart(7), Self.relation(1, ["b"], xid: 7), HandBuilt.streamStop, HandBuilt.streamAbort(7, 8),
      HandBuilt.streamCommit(7, 10, end: 20))
    #expect(try columns(1, &decoder) == ["b"])
  }

  @Test func `a relation that was never described`() throws {
    var decoder = Decoder()
    let error = #expect(throws: DecodeError.self) { try columns(99, &decoder) }
    #expect(
      error?.description == "pgoutput message 'I', byte 1: row of relation 99, which the stream has not described")
  }

  @Test func `a damaged description changes nothing`() throws {
    var decoder = try decoder(Self.relation(1, ["a"]))
    let damaged = Self.relation(1, ["b"]) + [0]
    #expect(throws: DecodeError.self) { try decoder.decode(damaged.span.bytes) }
    #expect(try columns(1, &decoder) == ["a"])
  }

  @Test(arguments: [0, 1, 3])
  func `a row with another number of columns`(count: Int) throws {
    var decoder = try decoder(Self.relation(1, ["a", "b"]))
    let message = HandBuilt.insert(1, [Cell](repeating: nil, count: count))
    guard case .insert(let insert) = try decoder.decode(message.span.bytes) else { return }
    #expect(
      throws: DecodeError(
        tag: 0x49, offset: message.count, reason: .columnCount(relation: "public.t1", expected: 2, found: count))
    ) { try decoder.relation(of: insert.new, 1, in: message.span.bytes) }
  }
}
