// SPDX-License-Identifier: Apache-2.0

import PostgresWire

/// Messages of `pgoutput` built by hand, field by field as the manual lists them.
package enum HandBuilt {
  /// A column of a Relation message.
  package struct Column: Sendable {
    package var name: String
    package var type: UInt32
    package var flags: UInt8

    package init(_ name: String, _ type: UInt32 = 25, flags: UInt8 = 0) {
      self.name = name
      self.type = type
      self.flags = flags
    }
  }

  package static func begin(_ commit: UInt64, time: Int64 = 0, xid: UInt32 = 1) -> [UInt8] {
    Wire("B").u64(commit).i64(time).u32(xid).bytes
  }

  package static func commit(_ commit: UInt64, end: UInt64, time: Int64 = 0) -> [UInt8] {
    Wire("C").u8(0).u64(commit).u64(end).i64(time).bytes
  }

  package static func relation(
    _ id: UInt32, _ schema: String = "public", _ name: String = "outbox", columns: [Column], xid: UInt32? = nil
  ) -> [UInt8] {
    let head = Wire("R").streamed(xid).u32(id).string(schema).string(name).raw(Array("d".utf8))
    return columns.reduce(head.u16(UInt16(columns.count))) { wire, column in
      wire.u8(column.flags).string(column.name).u32(column.type).i32(-1)
    }.bytes
  }

  /// What names a type that is not built in; of a domain it names the base type.
  package static func type(_ id: UInt32, _ schema: String, _ name: String, xid: UInt32? = nil) -> [UInt8] {
    Wire("Y").streamed(xid).u32(id).string(schema).string(name).bytes
  }

  package static func insert(_ id: UInt32, _ cells: [Cell], xid: UInt32? = nil) -> [UInt8] {
    Wire("I").streamed(xid).u32(id).raw(Array("N".utf8)).tuple(cells).bytes
  }

  package static func update(_ id: UInt32, _ cells: [Cell], xid: UInt32? = nil) -> [UInt8] {
    Wire("U").streamed(xid).u32(id).raw(Array("N".utf8)).tuple(cells).bytes
  }

  package static func delete(_ id: UInt32, key cells: [Cell], xid: UInt32? = nil) -> [UInt8] {
    Wire("D").streamed(xid).u32(id).raw(Array("K".utf8)).tuple(cells).bytes
  }

  package static func truncate(_ ids: [UInt32], options: UInt8 = 0, xid: UInt32? = nil) -> [UInt8] {
    ids.reduce(Wire("T").streamed(xid).i32(Int32(ids.count)).u8(options)) { $0.u32($1) }.bytes
  }

  package static func message(
    _ prefix: String, _ content: String, transactional: Bool = true, at lsn: UInt64 = 0, xid: UInt32? = nil
  ) -> [UInt8] {
    Wire("M").streamed(xid).u8(transactional ? 1 : 0).u64(lsn).string(prefix).i32(Int32(content.utf8.count))
      .raw(Array(content.utf8)).bytes
  }

  package static func streamStart(_ xid: UInt32, first: Bool = true) -> [UInt8] {
    Wire("S").u32(xid).u8(first ? 1 : 0).bytes
  }

  package static let streamStop = Wire("E").bytes

  package static func streamCommit(_ xid: UInt32, _ commit: UInt64, end: UInt64, time: Int64 = 0) -> [UInt8] {
    Wire("c").u32(xid).u8(0).u64(commit).u64(end).i64(time).bytes
  }

  package static func streamAbort(_ xid: UInt32, _ subtransaction: UInt32) -> [UInt8] {
    Wire("A").u32(xid).u32(subtransaction).bytes
  }

  package static func beginPrepare(
    _ prepare: UInt64, end: UInt64, time: Int64 = 0, xid: UInt32, gid: String = "gid"
  ) -> [UInt8] {
    Wire("b").u64(prepare).u64(end).i64(time).u32(xid).string(gid).bytes
  }

  /// With the tag `P` for Prepare, `p` for Stream Prepare, `K` for Commit Prepared.
  package static func prepare(
    _ prepare: UInt64, end: UInt64, time: Int64 = 0, xid: UInt32, gid: String = "gid", tag: String = "P"
  ) -> [UInt8] {
    Wire(tag).u8(0).u64(prepare).u64(end).i64(time).u32(xid).string(gid).bytes
  }

  package static func rollbackPrepared(
    prepareEnd: UInt64, rollbackEnd: UInt64, xid: UInt32, gid: String = "gid"
  ) -> [UInt8] {
    Wire("r").u8(0).u64(prepareEnd).u64(rollbackEnd).i64(0).i64(0).u32(xid).string(gid).bytes
  }

  /// The frame around a message.
  package static func frame(_ message: [UInt8], at lsn: UInt64 = 0) -> [UInt8] {
    ReplicationFrame.xLogData(start: LSN(rawValue: lsn), sentAt: PostgresTimestamp(rawValue: 0), payload: message)
  }

  package static func keepalive(_ end: UInt64, replyRequested: Bool = false) -> [UInt8] {
    Wire("k").u64(end).i64(0).u8(replyRequested ? 1 : 0).bytes
  }
}
