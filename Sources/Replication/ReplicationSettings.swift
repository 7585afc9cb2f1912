// SPDX-License-Identifier: Apache-2.0

import PostgresClient
public import PostgresWire

/// Whether the server sends large transactions while they are in progress.
public enum TransactionStreaming: String, CaseIterable, Hashable, Sendable {
  /// It does, from version 14 on.
  case automatic = "auto"
  /// It does, or the stream is not opened.
  case on
  /// Every transaction comes after its commit.
  case off
}

/// Which stream to open and how.
public struct ReplicationSettings: Hashable, Sendable {
  /// A libpq connection string or URI; empty to leave everything to libpq's environment variables.
  public var database: String
  /// The replication slot.
  public var slot: String
  /// The publications.
  public var publications: [String]
  /// The outbox tables, for the advice how to set things up.
  public var tables: [TableName] = []
  /// Whether the rows of before are wanted, for the same.
  package var wantsSnapshot = false
  /// Make a temporary slot, which goes with the connection. Default: no.
  public var createsTemporarySlot = false
  /// Read from a temporary copy of the slot, which goes with the connection, and leave the slot where it is. Default: no.
  public var copiesSlot = false
  /// When to let the socket fill before reading on. Default: by what it brings.
  public var readPacing = ReadPacing.Mode.automatic
  /// Whether large transactions come while they are in progress. Default: no.
  public var streaming = TransactionStreaming.off
  /// Wait, as a hot standby, while another client has the slot. Default: no.
  public var waitsForSlot = false

  /// Makes settings with the defaults.
  public init(database: String, slot: String, publications: [String]) {
    self.database = database
    self.slot = slot
    self.publications = publications
  }

  /// The command that starts the stream.
  ///
  /// It starts at the slot's own position: what comes again shows that the server's log is still the one that was read.
  func startCommand(options: String) -> String {
    "START_REPLICATION SLOT \(SQLName.quoted(slot)) LOGICAL 0/0 (\(options))"
  }

  /// The options for the plugin.
  ///
  /// Logical messages are always asked for, because every one counts in its transaction: positions must not depend on
  /// how the client is configured.
  func options(serverVersion: Int) -> String {
    let names = publications.map { SQLName.quoted($0) }.joined(separator: ",")
    let options = [
      "proto_version \(SQLQuoting.optionValue(String(Self.protocolVersion(serverVersion))))",
      "publication_names \(SQLQuoting.optionValue(names))",
    ]
    guard serverVersion >= Self.streamingVersion else { return options.joined(separator: ", ") }
    let streams = streaming == .off ? [] : ["streaming 'on'"]
    return (options + ["messages 'true'"] + streams).joined(separator: ", ")
  }

  /// The first version that has logical messages and sends transactions in progress.
  private static let streamingVersion = 140_000

  /// Refuses what the server cannot do.
  func check(serverVersion: Int) throws(Failure) {
    guard streaming == .on, serverVersion < Self.streamingVersion else { return }
    throw Failure(
      .serverVersion, "the server is of version \(serverVersion / 10_000), which sends no transactions in progress",
      advice: "use PostgreSQL 14 or later, or \(setting: "streaming", "auto")")
  }

  /// The newest version of the `pgoutput` protocol that a server knows. Source: manual, "Logical Streaming Replication
  /// Parameters".
  static func protocolVersion(_ serverVersion: Int) -> Int {
    switch serverVersion {
    case 160_000...: 4
    case 150_000...: 3
    case 140_000...: 2
    default: 1
    }
  }
}
