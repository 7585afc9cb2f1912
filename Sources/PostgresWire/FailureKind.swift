// SPDX-License-Identifier: Apache-2.0

/// The kinds of failure. This is the one table of what each means: whether the same attempt may succeed later, the exit code
/// (sysexits), the manual's section, and what to do where a failure does not know better.
public enum FailureKind: String, CaseIterable, Hashable, Sendable {
  /// A connection string that libpq cannot read.
  case connectionString
  /// What is asked of the connection cannot be had: a service, a way to prove who is there.
  case connectionSettings
  /// The server does not let us in.
  case authentication
  /// TLS with the server cannot be had, or its certificate is not to be trusted.
  case certificate
  /// The server cannot be reached, is silent, or has closed the connection.
  case connection
  /// The role may not do what it has to.
  case privilege
  /// There is no such database.
  case database
  /// The log does not hold enough for logical decoding.
  case walLevel
  /// The server is too old for what is asked.
  case serverVersion
  /// There is no such outbox table.
  case tableMissing
  /// The outbox table, or a part of it, is not published, or not whole.
  case tableNotPublished
  /// Another table has the outbox's name, or a table's part in it cannot be known any more.
  case tableReplaced
  /// There is no such publication, or rows were lost to a missing one.
  case publicationMissing
  /// There is no such slot.
  case slotMissing
  /// The slot is another program's or another database's.
  case slotForeign
  /// The server has removed what the slot still needed.
  case slotLost
  /// The slot has events that nobody has read.
  case slotUnread
  /// The server has no room for another slot.
  case slotLimit
  /// The server has no room for a copy of the slot.
  case slotCopy
  /// Another client has the slot.
  case slotInUse
  /// Another client has the slot, most likely our own lost connection.
  case slotHeld
  /// What is to be made is there and different.
  case differs
  /// The server refuses a statement.
  case server
  /// The server cannot turn bytes into text.
  case encoding
  /// Frames or messages that make no sense.
  case `protocol`
  /// A row or message cannot become an event.
  case row
  /// A rolled-back subtransaction may have taken messages back.
  case abortUnclear
  /// A recording cannot be read, or is damaged.
  case recording
  /// The receiver will never take an event.
  case refused
  /// Nothing can be sent to the receiver as things are set up.
  case receiver
  /// What events are to go to is not there, or we may not send there.
  case destination
  /// The registry of schemas does not answer, or not yet.
  case registry
  /// The receiver says that it is gone for good.
  case receiverGone
  /// An end that was asked for did not wait any longer for the receiver.
  case drainGivenUp
  /// A file of credentials or certificates cannot be used.
  case credentials
  /// A file, a checkpoint or a server belongs to another stream.
  case wrongStream
  /// The server's log ends before what we hold already: it was set back.
  case serverRewound
  /// The slot is ahead of what we have confirmed: somebody else has moved it, or made it anew.
  case gap
  /// Another process has the output.
  case outputHeld
  /// An output cannot be opened or made.
  case cannotCreate
  /// Writing to an output failed.
  case writeFailed
  /// The checkpoint cannot be written.
  case checkpointWrite
  /// Rows of transactions in progress cannot be kept.
  case spool
  /// Dead letters cannot be kept or read.
  case letters
  /// The dead letters' table is missing.
  case lettersMissing
  /// Settings that do not go together.
  case settings
  /// Whoever read our output has gone: a clean end.
  case readerGone
  /// The sink was closed before the batch was done.
  case closed
  /// A defect of this program, or an answer that makes no sense.
  case `internal`

  private struct Row {
    let exitCode: Int32
    let isRetryable: Bool
    let section: String
    let advice: Wording?

    init(_ exitCode: Int32, _ section: String, retry isRetryable: Bool = false, _ advice: Wording? = nil) {
      self.exitCode = exitCode
      self.isRetryable = isRetryable
      self.section = section
      self.advice = advice
    }
  }

  private var row: Row {
    switch self {
    case .connectionString: Row(64, "Connecting", "write postgresql://user@host:port/database or host=… dbname=…")
    case .connectionSettings:
      Row(78, "Connecting", "check PGSERVICE, channel_binding, require_auth and gssencmode, in the environment too")
    case .authentication: Row(77, "Connecting", "check user, password (PGPASSWORD, ~/.pgpass) and pg_hba.conf")
    case .certificate: Row(78, "Connecting", "check sslmode, sslrootcert and the server's certificate")
    case .connection: Row(69, "Connecting", retry: true)
    case .privilege:
      Row(
        77, "Set-up",
        "give the role what it lacks: ALTER ROLE … REPLICATION, GRANT SELECT; see \(command: "setup", [.init("dry-run")])"
      )
    case .database: Row(78, "Connecting", "check the database name")
    case .walLevel: Row(78, "Set-up", "run ALTER SYSTEM SET wal_level = 'logical'; and restart the server")
    case .serverVersion: Row(78, "Set-up")
    case .tableMissing: Row(78, "Set-up")
    case .tableNotPublished: Row(78, "Set-up")
    case .tableReplaced: Row(78, "Set-up")
    case .publicationMissing: Row(78, "Set-up")
    case .slotMissing: Row(78, "Slots")
    case .slotForeign: Row(78, "Slots", "name another slot")
    case .slotLost: Row(78, "Slots")
    case .slotUnread: Row(78, "Slots")
    case .slotLimit: Row(78, "Slots")
    case .slotCopy: Row(69, "Slots", "try again when a slot is free")
    case .slotInUse: Row(69, "Slots", "stop the other client, or wait for it to end")
    case .slotHeld: Row(69, "Slots", retry: true)
    case .differs: Row(78, "Set-up")
    case .server: Row(78, "Connecting")
    case .encoding: Row(65, "Rows")
    case .protocol: Row(65, "Rows")
    case .row: Row(65, "Rows")
    case .abortUnclear: Row(65, "Rows", retry: true)
    case .recording: Row(65, "Recordings")
    case .refused: Row(65, "Receivers")
    case .receiver: Row(78, "Receivers")
    case .destination: Row(78, "Receivers", "make what the sink names, and let us send there")
    case .registry: Row(69, "Receivers", retry: true)
    case .receiverGone: Row(65, "Receivers")
    case .drainGivenUp: Row(69, "Receivers")
    case .credentials: Row(78, "Receivers")
    case .wrongStream: Row(78, "Files")
    case .serverRewound: Row(78, "Slots")
    case .gap: Row(78, "Slots")
    case .outputHeld: Row(69, "Files", retry: true)
    case .cannotCreate: Row(73, "Files")
    case .writeFailed: Row(74, "Files")
    case .checkpointWrite: Row(74, "Files")
    case .spool: Row(74, "Files")
    case .letters: Row(74, "Dead letters")
    case .lettersMissing:
      Row(78, "Dead letters", "make the table with \(command: "setup", [.init("dead-letter-table")])")
    case .settings: Row(78, "Settings")
    case .readerGone: Row(0, "Files")
    case .closed: Row(69, "Files")
    case .internal: Row(70, "Defects", "this is a defect; tell its makers")
    }
  }

  /// The program's exit code for it; 0 where it is a clean end.
  public var exitCode: Int32 { row.exitCode }

  /// Whether the same attempt may succeed later.
  public var isRetryable: Bool { row.isRetryable }

  /// The section of the manual's page on troubleshooting that speaks of it.
  public var section: String { row.section }

  /// What can be done about it, where a failure does not know better.
  public var advice: Wording? { row.advice }
}
