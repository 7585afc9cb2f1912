// SPDX-License-Identifier: Apache-2.0

import Glibc
public import OutboxMapping
import PostgresClient
public import PostgresWire
import Replication

/// Looks at all that a stream needs of a server, with the code by which set-up and stream judge it, and changes nothing.
public struct Doctor: Sendable {
  /// What was found.
  public struct Examination: Sendable {
    /// The checks, in their order.
    public var checks: [Check]
    /// Which stream it would be; nil where the server did not tell.
    public var identity: StreamIdentity?
    /// Up to where the slot is confirmed; nil where there is none.
    public var confirmed: LSN?
    /// What becomes of the rows of each table that was found.
    package var meanings: [(table: TableName, meaning: TableMeaning)] = []
  }

  /// What is to be there.
  public let plan: Administration.Plan
  private let mapping: MappingConfiguration
  private let database: String
  private let isCancelled: @Sendable () -> Bool

  /// Makes one; nothing is asked yet.
  ///
  /// - Parameters:
  ///   - plan: what is to be there.
  ///   - mapping: how rows become events.
  ///   - database: a connection string, as libpq takes it.
  ///   - isCancelled: asked about every fifth of a second while waiting for the server: true gives up.
  public init(
    _ plan: Administration.Plan, _ mapping: MappingConfiguration, database: String,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    (self.plan, self.mapping, self.database, self.isCancelled) = (plan, mapping, database, isCancelled)
  }

  /// How long an answer may take.
  private static let patience: Duration = .seconds(20)

  /// The checks of a server, all of which need a connection.
  private static let ofServer: [Check.ID] = [
    .pooler, .tls, .replicationConnection, .clock, .serverVersion, .role, .walLevel, .replicationSlots, .walSenders,
    .walSenderTimeout, .walLimit, .idleSlotTimeout, .decodingMemory, .synchronousStandby, .serverDisk, .table,
    .tableColumns, .publication, .publicationInserts, .publicationTables, .rowFilter, .columnList, .slot, .slotUse,
    .slotWAL,
    .twoPhase, .failover, .publicationAge,
  ]

  /// Looks. Takes a second, in which it is measured how fast is written.
  ///
  /// Errors: a connection string that cannot be read, and being stopped.
  public func examine() throws(Failure) -> Examination {
    let server: Connection
    var refusal: Failure?
    do throws(Failure) {
      server = try connect(.statements(within: Self.patience))
    } catch {
      guard error.kind != .connectionString, !isCancelled() else { throw error }
      // What a role or database loads into each session, the server loads into none that replicates.
      guard error.sqlState != nil, error.kind != .authentication, let other = connectBesides() else {
        let unseen = Unseen(found: "there is no connection to the server")
        return Examination(checks: [.connection(error)] + Self.ofServer.map(unseen.check))
      }
      server = other
      refusal = error
    }
    var look = ServerLook(plan, mapping, server)
    look.run()
    if isCancelled() { throw Failure(.connection, "stopped while waiting for the server") }
    let (check, identity) = replicationConnection()
    var checks = look.checks
    checks[.replicationConnection] = check
    checks[.tls] = .tls(look.server.transport, leavesMachine: look.server.socket.leavesMachine)
    checks[.connection] = .connection(besides: refusal)
    if checks[.role]?.state == .unknown, identity != nil {
      checks[.role] = Check(
        .role, .ok, "a replication connection can be opened, so the role has REPLICATION; it may not read pg_roles",
        means: "it may open a stream; it needs no SELECT for that")
    }
    checks[.serverDisk] = Check(
      .serverDisk, .unknown, "how much room its disk has, SQL does not tell",
      means: "log that a slot holds is on it, and a full one stops the server", todo: ["look there yourself (df)"])
    return Examination(
      checks: Check.ID.allCases.compactMap { checks[$0] }, identity: identity, confirmed: look.slot?.confirmed,
      meanings: look.meanings)
  }

  /// A stream tries again what may heal, such as a session that the server ends when it has been idle for a moment.
  private func connect(_ purpose: Connection.Purpose) throws(Failure) -> Connection {
    let deadline = ContinuousClock.now + .seconds(2)
    while true {
      do throws(Failure) {
        return try Connection.connect(database, for: purpose, as: plan.slot, isCancelled: isCancelled)
      } catch {
        guard error.isRetryable, !isCancelled(), ContinuousClock.now < deadline else { throw error }
        usleep(50_000)
      }
    }
  }

  private func connectBesides() -> Connection? {
    do throws(Failure) { return try connect(.replication) } catch { return nil }
  }

  /// Opens what a stream opens, and asks which system it is.
  private func replicationConnection() -> (Check, StreamIdentity?) {
    do throws(Failure) {
      let server = try connect(.replication)
      let system = try ServerChecks.identifySystem(server)
      let identity = StreamIdentity(
        systemIdentifier: system.identifier, timeline: system.timeline, database: system.database, slot: plan.slot,
        publication: plan.publication)
      return (
        Check(
          .replicationConnection, .ok, "it can be opened, to system \(system.identifier), timeline \(system.timeline)",
          means: "a stream gets through to the server"), identity
      )
    } catch {
      return (Check(.replicationConnection, error, means: "a stream does not get through to the server"), nil)
    }
  }
}
