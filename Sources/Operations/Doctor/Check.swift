// SPDX-License-Identifier: Apache-2.0

public import PostgresWire

/// What was found about one thing that a stream needs, what that means, and how it is mended.
public struct Check: Hashable, Sendable {
  /// How things stand.
  public enum State: String, CaseIterable, Sendable {
    /// As it should be.
    case ok
    /// A stream goes on, but somebody should know.
    case warning
    /// A stream would not start, or would not deliver.
    case failure
    /// It could not be seen.
    case unknown
  }

  /// What it is about.
  public let id: ID
  /// How things stand.
  public let state: State
  /// What was found.
  public let found: Wording
  /// What that means for a stream.
  public let means: Wording
  /// Complete SQL statements that mend it, in order.
  public let mend: [String]
  /// What only a person can do, in order.
  public let todo: [Wording]

  /// Makes a check.
  public init(
    _ id: ID, _ state: State, _ found: Wording, means: Wording, mend: [String] = [], todo: [Wording] = []
  ) {
    (self.id, self.state, self.found, self.means) = (id, state, found, means)
    (self.mend, self.todo) = (mend, todo)
  }

  /// What a failure of the code that a stream runs means.
  public init(_ id: ID, _ failure: Failure, means: Wording) {
    let statements = failure.advice?.statements ?? []
    self.init(
      id, .failure, failure.what, means: means, mend: statements,
      todo: statements.isEmpty ? [failure.advice].compactMap(\.self) : [])
  }
}

extension Check {
  /// The checks that there are, in their order.
  public enum ID: String, CaseIterable, Sendable {
    case connection
    case pooler
    case tls
    case replicationConnection = "replication-connection"
    case clock
    case serverVersion = "server-version"
    case role
    case walLevel = "wal-level"
    case replicationSlots = "replication-slots"
    case walSenders = "wal-senders"
    case walSenderTimeout = "wal-sender-timeout"
    case walLimit = "wal-limit"
    case idleSlotTimeout = "idle-slot-timeout"
    case decodingMemory = "decoding-memory"
    case synchronousStandby = "synchronous-standby"
    case serverDisk = "server-disk"
    case table
    case tableColumns = "table-columns"
    case publication
    case publicationInserts = "publication-inserts"
    case publicationTables = "publication-tables"
    case rowFilter = "row-filter"
    case columnList = "column-list"
    case slot
    case slotUse = "slot-use"
    case slotWAL = "slot-wal"
    case twoPhase = "two-phase"
    case failover
    case publicationAge = "publication-age"
    case checkpoint
    case deadLetters = "dead-letters"
    case cleanUp = "clean-up"
    case initialRows = "initial-rows"
    case contracts
    case registry
    case sinkDirectory = "sink-directory"
    case sinkSpace = "sink-space"
    case sinkFile = "sink-file"
    case sinkCredentials = "sink-credentials"
    case sinkName = "sink-name"
    case sinkConnection = "sink-connection"
    case sinkDestination = "sink-destination"
    case sinkTLS = "sink-tls"
  }
}

/// Why something could not be seen, and the grant that would show it.
struct Unseen: Error {
  var found: Wording
  var mend: [String] = []
  var todo: [Wording] = []

  func check(_ id: Check.ID) -> Check {
    Check(id, .unknown, found, means: "nothing can be said about this", mend: mend, todo: todo)
  }
}
