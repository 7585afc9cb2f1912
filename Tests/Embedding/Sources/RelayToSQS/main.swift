// SPDX-License-Identifier: Apache-2.0

import AWSDelivery
import Capture
import Delivery
import Foundation
import Logging
import OutboxMapping
import PostgresWire
import Relay

// Relays a recording to a queue of SQS, as whoever the environment names.
let queue = AWSConfiguration(address: CommandLine.arguments[2], environment: ProcessInfo.processInfo.environment)
let publisher = try AWSPublisher(queue)
try await publisher.check()
var delivery = KeyedDelivery()
(delivery.attemptEvents, delivery.isOneOfEachKey) = (10, true)
let sink = AWSSink(publisher, delivery, deadLetters: DeadLetterOffice())
var relay = Relay(RelayConfiguration(mapping: MappingConfiguration()), log: Logger(label: "embedding"))
let recording = CommandLine.arguments[1]
let outcome = try relay.run(
  open: { (_) throws(Failure) in try CaptureReader(path: recording) }, sink: { (_) throws(Failure) in sink })
print("\(outcome.events) events stored by \(publisher.destination)")
