// SPDX-License-Identifier: Apache-2.0

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
    do throws(Failure) {
      server = try Connection.connect(
        database, for: .statements(within: Self.patience), as: plan.slot, isCancelled: isCancelled)
    } catch {
      guard error.kind != .connectionString, !isCancelled() else { throw error }
      let unseen = Unseen(found: "there is no connection to the server")
      return Examination(checks: [.connection(error)] + Self.ofServer.map(unseen.check))
    }
    var look = ServerLook(plan, mapping, server)
    look.run()
    if isCancelled() { throw Failure(.connection, "stopped while waiting for the server") }
    let (check, identity) = replicationConnection()
    var checks = look.checks
    checks[.replicationConnection] = check
    checks[.tls] = .tls(look.server.transport, leavesMachine: look.server.socket.leavesMachine)
    checks[.connection] = Check(
      .connection, .ok, "the server lets us in", means: "address, role and password are right")
    checks[.serverDisk] = Check(
      .serverDisk, .unknown, "how much room its disk has, SQL does not tell",
      means: "log that a slot holds is on it, and a full one stops the server", todo: ["look there yourself (df)"])
    return Examination(
      checks: Check.ID.allCases.compactMap { checks[$0] }, identity: identity, confirmed: look.slot?.confirmed)
  }

  /// Opens what a stream opens, and asks which system it is.
  private func replicationConnection() -> (Check, StreamIdentity?) {
    do throws(Failure) {
      let server = try Connection.connect(database, for: .replication, as: plan.slot, isCancelled: isCancelled)
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
