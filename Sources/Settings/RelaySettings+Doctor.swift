// SPDX-License-Identifier: Apache-2.0

import FileDelivery
import HTTPDelivery
public import Operations
import OutboxMapping
public import PostgresWire
import Relay

/// Looking whether a relay with these settings would run.
extension RelaySettings {
  /// Looks at everything that it needs, and changes nothing.
  ///
  /// Errors: settings that cannot be used, and being stopped.
  ///
  /// - Parameter isCancelled: asked about every fifth of a second while waiting for the server: true gives up.
  public func examine(isCancelled: @escaping @Sendable () -> Bool = { false }) throws(Failure) -> [Check] {
    let mapping = try outbox.configuration()
    var plan = Administration.Plan(publication: source.publication, slot: source.slot, tables: mapping.tables)
    plan.needs = mapping.publishingNeeds
    let found = try Doctor(plan, mapping, database: source.database, isCancelled: isCancelled).examine()
    let (output, recorded, rows) = outputChecks(found.identity)
    let ours = [
      checkpointCheck(found, besides: recorded), lettersCheck(isCancelled: isCancelled),
      cleanUpCheck(isCancelled: isCancelled),
      initialRows ? try initialRowsCheck(found, besides: rows, isCancelled: isCancelled) : nil,
      contracts.check(found.meanings), contracts.registryCheck(sink),
    ]
    return found.checks + ours.compactMap(\.self) + output
  }

  private func initialRowsCheck(
    _ found: Doctor.Examination, besides rows: InitialRows?, isCancelled: @escaping @Sendable () -> Bool
  ) throws(Failure) -> Check {
    let checking = InitialRowsChecking(
      database: source.database, tables: try outbox.tableNames(), time: outbox.timeNames, slot: source.slot,
      publication: source.publication, isCancelled: isCancelled)
    return checking.check(
      confirmed: found.confirmed, known: rows ?? checkpoint.flatMap { RecordInspection.initialRows($0) })
  }

  /// What is to be said of the output, up to where it has confirmed events itself, and how far initial rows have come there.
  private func outputChecks(_ stream: StreamIdentity?) -> (checks: [Check], recorded: LSN?, rows: InitialRows?) {
    switch try? sink.place() {
    case .file(let path):
      let inspection = FileInspection(sink.fileConfiguration(path, outbox.envelope), of: stream)
      return (FileChecking(path: path, inspection: inspection).checks, inspection.confirmed, inspection.initialRows)
    case .http(let url):
      let probe = ReceiverProbe(
        sink.http.configuration(url: url, sink.certificates, connections: sink.delivery.maxInFlight))
      let now = PostgresTimestamp.now.unixSeconds
      return (ReceiverChecking(probe: probe, warnings: sink.warnings + admin.warnings, now: now).checks, nil, nil)
    case .kafka, .amqp, .redis, .nats, .aws: return (BrokerChecking(sink).checks, nil, nil)
    case .standardOutput, nil: return ([], nil, nil)
    }
  }
}
