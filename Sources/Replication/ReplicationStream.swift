// SPDX-License-Identifier: Apache-2.0

import PostgresClient
public import PostgresWire

/// The live source: a replication slot of a running server.
public struct ReplicationStream: FrameSource, ~Copyable {
  /// Which stream this is.
  public let identity: StreamIdentity
  /// How often the server wants to hear from us: half of its `wal_sender_timeout`, but at least every ten seconds.
  public let heartbeat: Duration?
  /// The server's end of WAL when the stream was opened.
  public let flushLSN: LSN
  /// Whether the server is a standby.
  public let isStandby: Bool
  /// On which timelines the log was written.
  public let timelineHistory: TimelineHistory
  /// The server's version, such as 150018.
  public let serverVersion: Int
  /// The slot's confirmed position when the stream was opened.
  public let confirmedFlush: LSN

  /// The same, unless the slot goes with the connection.
  public var confirmedLSN: LSN? { isTemporary ? nil : confirmedFlush }
  private let isTemporary: Bool
  /// The server checks JSON before it stores it, unless its text has no encoding.
  public let isChecked: Bool
  /// The database's encoding.
  public let encoding: String?

  /// How what the server sends travels, in words.
  public var transport: String { server.transport.description }
  /// What an operator should know about the connection; nil where there is nothing to say.
  public var warning: Wording? { server.transport.warning }

  /// The options that were given to the plugin.
  public let options: String

  /// Where its tables can be asked for as they are now.
  public let catalogue: (any TableCatalogue)?

  private var server: Connection
  private let (database, slot): (String, String)
  /// How far the server has been told that everything is durable.
  private var told: LSN
  private var pacing: ReadPacing
  /// How many bytes of frames have come since the socket was empty.
  private var gathered = 0
  private let patience: Duration
  /// The server has ended the stream with an error, and the connection is left.
  private var hasFailed = false
  /// Since when nothing has come, and when we last looked.
  private var silence: (since: ContinuousClock.Instant, seen: ContinuousClock.Instant)?

  /// Connects, checks that everything is there, and starts streaming.
  ///
  /// The server starts at the slot's confirmed position.
  /// Errors carry the server's SQLSTATE and what to do.
  ///
  /// - Parameters:
  ///   - settings: where to connect and what to stream.
  ///   - isCancelled: asked about every fifth of a second while connecting: true gives up.
  public init(
    _ settings: ReplicationSettings, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(Failure) {
    let server = try Connection.connect(
      settings.database, for: .replication, as: settings.slot, isCancelled: isCancelled)
    let (findings, options, catalogue, confirmed): Start
    do throws(Failure) {
      (findings, options, catalogue, confirmed) = try Self.start(server, settings, isCancelled)
    } catch {
      throw server.transport.warned(error)
    }
    identity = StreamIdentity(
      systemIdentifier: findings.system, timeline: findings.timeline, database: findings.database, slot: settings.slot,
      publication: settings.publications.joined(separator: ","))
    let timeout = findings.walSenderTimeout
    heartbeat = timeout == .zero ? .seconds(10) : max(.milliseconds(10), min(timeout / 2, .seconds(10)))
    // The server gives us up after its timeout; so do we, but not before it was asked and had time to answer.
    patience = timeout == .zero ? .seconds(60) : max(timeout, (heartbeat ?? .zero) + .seconds(10))
    flushLSN = findings.flushLSN
    isStandby = findings.isStandby
    timelineHistory = findings.history
    confirmedFlush = confirmed
    serverVersion = server.serverVersion
    isChecked = !server.hasPlainBytes
    encoding = server.encoding
    isTemporary = settings.createsTemporarySlot || settings.copiesSlot
    self.options = options
    pacing = ReadPacing(settings.readPacing)
    self.catalogue = catalogue
    self.server = server
    (database, slot) = (settings.database, settings.slot)
    told = confirmedFlush
  }

  private typealias Start = (ServerChecks.Findings, options: String, ServerCatalogue, confirmed: LSN)

  private static func start(
    _ server: borrowing Connection, _ settings: ReplicationSettings, _ isCancelled: @escaping @Sendable () -> Bool
  ) throws(Failure) -> Start {
    // Text forms must not depend on the role's or the database's settings.
    _ = try server.query(
      "SET datestyle = 'ISO'; SET timezone = 'UTC'; SET intervalstyle = 'postgres'; SET extra_float_digits = 3; "
        + "SET bytea_output = 'hex'")
    // Asked for UTF-8, it would end the stream at bytes that are none, and not say in which row.
    if server.hasPlainBytes { _ = try server.query("SET client_encoding = 'SQL_ASCII'") }
    try settings.check(serverVersion: server.serverVersion)
    let findings = try ServerChecks.run(server, settings)
    let options = settings.options(serverVersion: server.serverVersion)
    var streamed = settings
    if settings.copiesSlot { streamed.slot = ServerChecks.copy(server) }
    try server.startCopy(streamed.startCommand(options: options))
    let catalogue = ServerCatalogue(
      settings, serverVersion: server.serverVersion, isStandby: findings.isStandby, isCancelled: isCancelled)
    // Somebody may have moved it since it was looked at; from now on nobody can.
    let confirmed =
      settings.createsTemporarySlot || settings.copiesSlot
      ? findings.confirmedFlush : try catalogue.confirmed(settings.slot)
    return (findings, options, catalogue, confirmed)
  }

  /// The connection's socket.
  public var descriptor: PollDescriptor? {
    PollDescriptor(descriptor: server.socket.descriptor, wantsWrite: server.wantsWrite)
  }

  /// Hands over the frames that have arrived.
  public mutating func receive(_ visit: (RawSpan) -> FrameVerdict) throws(Failure) -> FrameSupply {
    let supply: Connection.Supply
    do throws(Failure) {
      supply = try server.receive(isWindowSmall: pacing.isWindowSmall) { frame in
        gathered += frame.byteCount
        pacing.note(frame)
        return visit(frame)
      }
    } catch {
      hasFailed = error.sqlState != nil
      if error.kind == .encoding { throw unsendable(error) }
      throw error.sqlState == "42704" ? unreadable(error.what, error.sqlState) : undecodable(error)
    }
    if server.wantsWrite { try server.flush() }
    try checkNotices()
    switch supply {
    case .paused:
      silence = nil
      return .paused
    case .ended: throw Failure(.connection, "the server ended the stream")
    case .drained(let isSilent):
      defer { gathered = 0 }
      if !isSilent { silence = nil }
      if let pause = pacing.pause(afterGathering: gathered, on: server.socket) { return .paced(pause) }
      silence = (silence?.since ?? .now, .now)
      return .drained(until: nil)
    }
  }

  /// Sends a status update; asks for an answer when the server has been silent, and gives it up when none comes.
  public mutating func send(_ status: StandbyStatus) throws(Failure) {
    var status = status
    if let silence, case let length = silence.seen - silence.since, length > .seconds(5) {
      if length > patience {
        throw Failure(
          .connection, "the server has been silent for \(length.components.seconds) s")
      }
      status.replyRequested = true
    }
    told = max(told, status.flush)
    if hasFailed { return }
    try server.send(status.encoded(at: .now))
  }

  /// Whether the server turns new clients away, as it does while it waits for us in order to shut down.
  public var isServerLeaving: Bool { Connection.isRefusingClients(database) }

  /// A row that the server cannot send ends the stream each time: it says neither where the row is nor in which table.
  private func unsendable(_ failure: Failure) -> Failure {
    var failure = failure
    failure.what = "the server cannot send a row that was committed after \(told) in UTF-8: " + failure.what
    failure.advice =
      "find it in the outbox, then pass its transaction " + passing
    return failure
  }

  /// What the plugin stumbles over, such as a row filter that divides by zero, it stumbles over each time.
  private func undecodable(_ failure: Failure) -> Failure {
    guard failure.kind == .server, failure.advice == nil else { return failure }
    var failure = failure
    failure.what = "the server cannot decode what was committed after \(told): " + failure.what
    failure.advice =
      "where it is a publication's row filter, take that away for later rows; the log is read with the filter of its time, so pass "
      + "the transaction " + passing
    return failure
  }

  /// How a transaction is passed that nobody can read.
  private var passing: Wording {
    "and what is before it with SELECT pg_catalog.pg_replication_slot_advance(\(SQLQuoting.literal(slot)), the position behind "
      + "its commit), and go on once with \(setting: "accept-gap")"
  }

  /// Ends the stream, so that the server has read our last status.
  ///
  /// Where the server has ended it with an error, it is told in another way: else all that was delivered would come again each time.
  public mutating func finish() throws(Failure) {
    guard hasFailed else { return try server.finishCopy() }
    guard !isTemporary, told > confirmedFlush else { return }
    try server.settle()
    _ = try server.query(
      "SELECT pg_catalog.pg_replication_slot_advance(\(SQLQuoting.literal(slot)), '\(told)')")
  }

  /// PostgreSQL 18 only warns about a dropped publication and then leaves its rows out, which would lose them.
  private func checkNotices() throws(Failure) {
    for notice in server.takeNotices() where notice.tellsOfSomethingMissing {
      throw unreadable(Wording(notice.message), notice.sqlState)
    }
  }

  /// What was written while there was no publication cannot be read through one that is made later.
  private func unreadable(_ what: Wording, _ sqlState: String?) -> Failure {
    Failure(
      .publicationMissing, what + ": it is gone, or younger than what is to be read",
      advice:
        "where it is gone, \(command: "setup"); rows that were written without it will not come: look for them in the "
        + "table, pass them as \(command: "doctor") says, and go on once with \(setting: "accept-gap")",
      sqlState: sqlState)
  }
}
