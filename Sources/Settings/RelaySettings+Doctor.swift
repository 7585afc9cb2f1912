// SPDX-License-Identifier: Apache-2.0

import FileDelivery
import HTTPDelivery
public import Operations
import OutboxMapping
public import PostgresWire

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
    let (output, recorded) = outputChecks(found.identity)
    let ours = [
      checkpointCheck(found, besides: recorded), lettersCheck(isCancelled: isCancelled),
      cleanUpCheck(isCancelled: isCancelled), contracts.check(found.meanings),
    ]
    return found.checks + ours.compactMap(\.self) + output
  }

  /// What is to be said of the output, and up to where it has confirmed events itself.
  private func outputChecks(_ stream: StreamIdentity?) -> (checks: [Check], recorded: LSN?) {
    switch try? sink.place() {
    case .file(let path):
      let inspection = FileInspection(sink.fileConfiguration(path, outbox.envelope), of: stream)
      return (FileChecking(path: path, inspection: inspection).checks, inspection.confirmed)
    case .http(let url):
      let probe = ReceiverProbe(
        sink.http.configuration(url: url, sink.certificates, connections: sink.delivery.maxInFlight))
      let now = PostgresTimestamp.now.unixSeconds
      return (ReceiverChecking(probe: probe, warnings: sink.warnings + admin.warnings, now: now).checks, nil)
    case .kafka, .amqp, .redis: return (BrokerChecking(sink).checks, nil)
    case .standardOutput, nil: return ([], nil)
    }
  }
}
