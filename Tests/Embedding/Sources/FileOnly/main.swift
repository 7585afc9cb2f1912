// SPDX-License-Identifier: Apache-2.0

import Capture
import FileDelivery
import Logging
import OutboxMapping
import PostgresWire
import Relay

// Relays a recording into a file.
let (recording, output) = (CommandLine.arguments[1], CommandLine.arguments[2])
var relay = Relay(RelayConfiguration(mapping: MappingConfiguration()), log: Logger(label: "embedding"))
let outcome = try relay.run(
  open: { (_) throws(Failure) in try CaptureReader(path: recording) },
  sink: { (stream) throws(Failure) in try FileSink(FileSink.Configuration(path: output), of: stream) })
print("\(outcome.events) events")
