// SPDX-License-Identifier: Apache-2.0

import FileDelivery
import Logging
import OutboxMapping
import PostgresWire
import Relay
import RelayService
import Replication
import ServiceLifecycle

// A relay beside other services of a process, into a file, until SIGTERM.
let arguments = CommandLine.arguments
var replication = ReplicationSettings(database: arguments[1], slot: "embedding", publications: ["embedding"])
replication.tables = [TableName(schema: "public", name: "outbox")]
let settings = replication
let path = arguments[2]
let logger = Logger(label: "embedding")
var configuration = RelayConfiguration(mapping: MappingConfiguration())
configuration.tell = { logger.log(level: $0.level, "\($0.words)") }
let relay = Relay(configuration, log: logger)
let service = RelayService(
  relay, open: { (_) throws(Failure) in try ReplicationStream(settings) },
  sink: { (stream) throws(Failure) in try FileSink(FileSink.Configuration(path: path), of: stream) })
try await ServiceGroup(services: [service], gracefulShutdownSignals: [.sigterm], logger: logger).run()
print("shut down")
