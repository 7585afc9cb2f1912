// SPDX-License-Identifier: Apache-2.0

import Foundation
import PostgresWire
import TestStream
import Testing

@testable import Relay

@Suite struct CheckpointTests {
  private let directory: TemporaryDirectory
  private let identity = StreamIdentity(
    systemIdentifier: "7", timeline: 1, database: "shop", slot: "slot", publication: "publication")

  init() throws { directory = try TemporaryDirectory() }

  private func checkpoint() throws -> Checkpoint { try Checkpoint(path: directory.file("checkpoint")) }

  private func written(_ lsn: UInt64) throws {
    var checkpoint = try checkpoint()
    try checkpoint.write(Confirmation(lsn: LSN(rawValue: lsn)), OutboxTables(), of: identity)
  }

  @Test func `what was written is read back`() throws {
    #expect(try checkpoint().resume?.lsn == nil)
    try written(0x16_B374_D848)
    let again = try checkpoint()
    #expect(again.resume?.lsn == LSN(rawValue: 0x16_B374_D848))
    #expect(throws: Never.self) { try again.check(identity) }
  }

  @Test(arguments: ["check x", "a\nb", "a\ncheck 1", "a\u{2028}b", "\u{301}", "a\r\nb", "p%0ab"])
  func `whatever a publication or a table is called, the checkpoint is read back`(name: String) throws {
    let tables = OutboxTables([.init(name: TableName(schema: "public", name: name), holder: 1, members: [])])
    let confirmed = Confirmation(lsn: LSN(rawValue: 20), publication: name)
    var checkpoint = try checkpoint()
    try checkpoint.write(confirmed, tables, of: identity)
    let again = try self.checkpoint()
    #expect(again.resume?.publication.map { Array($0.utf8) } == Array(name.utf8) && again.tables == tables)
  }

  @Test func `a position does not go back`() throws {
    var checkpoint = try checkpoint()
    try checkpoint.write(Confirmation(lsn: LSN(rawValue: 20)), OutboxTables(), of: identity)
    try checkpoint.write(Confirmation(lsn: LSN(rawValue: 10)), OutboxTables(), of: identity)
    #expect(try self.checkpoint().resume?.lsn == LSN(rawValue: 20))
  }

  @Test func `a lower position than the file's does not replace it after a start either`() throws {
    try written(20)
    try written(10)
    #expect(try checkpoint().resume?.lsn == LSN(rawValue: 20))
  }

  @Test func `whoever is behind does not take back what another process has written meanwhile`() throws {
    var (first, second) = (try checkpoint(), try checkpoint())
    try first.write(Confirmation(lsn: LSN(rawValue: 10)), OutboxTables(), of: identity)
    try second.write(Confirmation(lsn: LSN(rawValue: 30)), OutboxTables(), of: identity)
    try first.write(Confirmation(lsn: LSN(rawValue: 20)), OutboxTables(), of: identity)
    #expect(try checkpoint().resume?.lsn == LSN(rawValue: 30))
    try first.write(Confirmation(lsn: LSN(rawValue: 40)), OutboxTables(), of: identity)
    #expect(try checkpoint().resume?.lsn == LSN(rawValue: 40))
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["checkpoint"])
  }

  @Test(arguments: ["damaged", "another slot's", "of a later timeline"])
  func `what is put in its place while it is in use is not replaced unasked`(what: String) throws {
    var checkpoint = try checkpoint()
    try checkpoint.write(Confirmation(lsn: LSN(rawValue: 10)), OutboxTables(), of: identity)
    var other = identity
    switch what {
    case "damaged": _ = try directory.write(Array("tailrace-checkpoint 1\n".utf8), "checkpoint")
    case "another slot's": other.slot = "other"
    default: other.timeline = 2
    }
    if other != identity {
      try FileManager.default.removeItem(atPath: directory.file("checkpoint"))
      var another = try self.checkpoint()
      try another.write(Confirmation(lsn: LSN(rawValue: 5)), OutboxTables(), of: other)
    }
    let before = try directory.read("checkpoint")
    let write = { try checkpoint.write(Confirmation(lsn: LSN(rawValue: 20)), OutboxTables(), of: identity) }
    let error = #expect(throws: Failure.self) { try write() }
    #expect(error?.kind == .wrongStream)
    #expect(try directory.read("checkpoint") == before)
  }

  @Test func `the newest transaction is kept with the position`() throws {
    let commit = CommitMark(lsn: LSN(rawValue: 0x10), time: PostgresTimestamp(rawValue: -7))
    var checkpoint = try checkpoint()
    try checkpoint.write(Confirmation(lsn: LSN(rawValue: 0x18), commit: commit), OutboxTables(), of: identity)
    #expect(try self.checkpoint().resume?.commit == commit)
  }

  @Test func `a file that cannot be looked at is no missing file`() throws {
    try FileManager.default.createSymbolicLink(
      atPath: directory.file("loop"), withDestinationPath: directory.file("loop"))
    #expect(throws: Failure.self) { try Checkpoint(path: directory.file("loop")) }
  }

  @Test func `without a file any stream will do`() throws {
    #expect(throws: Never.self) { try checkpoint().check(identity) }
  }

  @Test(arguments: ["system", "timeline", "slot"])
  func `another stream is refused`(what: String) throws {
    try written(10)
    var other = identity
    switch what {
    case "system": other.systemIdentifier = "8"
    case "timeline": other.timeline = 2
    default: other.slot = "other"
    }
    let error = #expect(throws: Failure.self) { try checkpoint().check(other) }
    #expect(error?.kind == .wrongStream)
  }

  @Test func `every flipped bit and every cut is noticed`() throws {
    try written(0x1234_5678)
    let bytes = try directory.read("checkpoint")
    for index in bytes.indices {
      #expect(throws: Failure.self, "cut at \(index)") {
        _ = try Checkpoint(path: directory.write(Array(bytes[..<index]), "damaged"))
      }
      for bit in 0..<8 {
        var damaged = bytes
        damaged[index] ^= 1 << UInt8(bit)
        #expect(throws: Failure.self, "byte \(index), bit \(bit)") {
          _ = try Checkpoint(path: directory.write(damaged, "damaged"))
        }
      }
    }
  }
}
