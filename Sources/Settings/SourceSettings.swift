// SPDX-License-Identifier: Apache-2.0

public import PostgresWire
public import Replication

/// Which stream is read.
public struct SourceSettings: Hashable, Sendable {
  /// The database: a connection URI or string; empty to leave everything to libpq.
  public var database = ""
  /// The publication.
  public var publication = ""
  /// The replication slot.
  public var slot = ""
  /// Use a temporary slot that goes with the connection. Default: no.
  public var temporarySlot = false
  /// Wait, as a hot standby, while another client has the slot. Default: no.
  public var waitForSlot = false
  /// When to let the socket fill before reading on. Default: by what it brings.
  public var readPacing = ReadPacing.Mode.automatic
  /// Whether large transactions come while they are in progress. Default: where the server can.
  public var streaming = TransactionStreaming.automatic

  /// Makes settings with the defaults.
  public init() {}

  /// The stream's own settings.
  public func replication(tables: [TableName]) throws(Failure) -> ReplicationSettings {
    let isSlotName = slot.utf8.allSatisfy {
      (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_")
    }
    guard isSlotName, (1...63).contains(slot.utf8.count) else {
      throw .setting("source.slot", "a slot's name has 1 to 63 lower-case letters, digits and underscores")
    }
    guard !publication.isEmpty else { throw .setting("source.publication", "the name is empty") }
    var settings = ReplicationSettings(database: database, slot: slot, publications: [publication])
    settings.tables = tables
    settings.createsTemporarySlot = temporarySlot
    settings.waitsForSlot = waitForSlot
    settings.readPacing = readPacing
    settings.streaming = streaming
    return settings
  }
}
