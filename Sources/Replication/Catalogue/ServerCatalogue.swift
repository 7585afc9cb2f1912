// SPDX-License-Identifier: Apache-2.0

import PostgresClient
package import PostgresWire

/// The catalogue of the server behind a stream, over a connection of its own.
///
/// Not over the one that streams: looking at a table makes the server's process remember its present shape, in which it
/// would then decode also the rows that are older. It is a replication connection too, because a server that shuts down
/// waits for others to end by themselves.
package struct ServerCatalogue: TableCatalogue {
  private let session: SQLSession
  private let publications: [String]
  private let serverVersion: Int
  private let isStandby: Bool

  package init(
    _ settings: ReplicationSettings, serverVersion: Int, isStandby: Bool = false,
    isCancelled: @escaping @Sendable () -> Bool
  ) {
    session = SQLSession(database: settings.database, for: .replication, isCancelled: isCancelled)
    publications = settings.publications
    self.serverVersion = serverVersion
    self.isStandby = isStandby
  }

  /// What a slot has confirmed.
  func confirmed(_ slot: String) throws(Failure) -> LSN {
    let rows = try session.query(
      "SELECT confirmed_flush_lsn FROM pg_catalog.pg_replication_slots WHERE slot_name = \(SQLQuoting.literal(slot))")
    guard let lsn = rows.first?.first.flatMap({ $0 }).flatMap({ LSN($0) }) else {
      throw Failure(.slotMissing, "replication slot \"\(slot)\" has no confirmed position", sqlState: "42704")
    }
    return lsn
  }

  package func look(_ question: TableQuestion) throws(Failure) -> TableFindings {
    var findings = try CatalogueQuery.findings(
      try session.query(
        CatalogueQuery.statement(question, publications: publications, serverVersion: serverVersion)))
    // One that is promoted goes on with the stream, on another timeline.
    if isStandby {
      findings.timeline = try session.query("IDENTIFY_SYSTEM").first?.dropFirst().first.flatMap { $0 }.flatMap {
        UInt32($0)
      }
    }
    return findings
  }
}
