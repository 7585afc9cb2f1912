// SPDX-License-Identifier: Apache-2.0

import Capture
import Delivery
import Logging
import OutboxMapping
import PostgresWire
import Relay

/// Prints the type and id of each event, one batch after another.
actor Printer: Sink {
  private nonisolated let open = OpenBatches()

  nonisolated func submit(_ batch: EventBatch, done: @escaping Done) {
    guard let number = open.open(done) else { return }
    Task {
      await write(batch)
      open.finish(number)
    }
  }

  private func write(_ batch: EventBatch) {
    for event in batch.events { print(batch.text(event.type), batch.text(event.id)) }
  }

  nonisolated func close() { open.fail(.closed) }
}

let path = CommandLine.arguments[1]
let relay = Relay(RelayConfiguration(mapping: MappingConfiguration()), log: Logger(label: "embedding"))
let outcome = try await relay.run(
  open: { (_) throws(Failure) in try CaptureReader(path: path) }, sink: { (_) throws(Failure) in Printer() })
print("\(outcome.events) events, \(outcome.reason)")
