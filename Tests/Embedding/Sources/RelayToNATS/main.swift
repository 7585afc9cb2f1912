// SPDX-License-Identifier: Apache-2.0

import Capture
import Delivery
import Logging
import NATSDelivery
import OutboxMapping
import PostgresWire
import Relay

// Relays a recording to a stream of NATS.
var nats = NATSConfiguration(address: CommandLine.arguments[2])
nats.mode = .structured
// An event without a key has no token for one.
nats.route = Route("outbox.event.", then: "aggregatetype")
let publisher = try NATSPublisher(nats)
try await publisher.check()
let sink = NATSSink(publisher, KeyedDelivery(), deadLetters: DeadLetterOffice())
var relay = Relay(RelayConfiguration(mapping: MappingConfiguration()), log: Logger(label: "embedding"))
let recording = CommandLine.arguments[1]
let outcome = try relay.run(
  open: { (_) throws(Failure) in try CaptureReader(path: recording) }, sink: { (_) throws(Failure) in sink })
print("\(outcome.events) events stored by \(publisher.destination)")
