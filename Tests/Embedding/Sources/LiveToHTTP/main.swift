// SPDX-License-Identifier: Apache-2.0

import Delivery
import HTTPDelivery
import Logging
import Operations
import OutboxMapping
import PostgresWire
import Relay
import Replication
import Settings

// Sets up a database and posts its outbox's present backlog to a receiver.
var settings = RelaySettings()
settings.source.database = CommandLine.arguments[1]
settings.source.publication = "embedding"
settings.source.slot = "embedding"
settings.sink.address = CommandLine.arguments[2]
settings.until = .now
try settings.validate()
let tables = try settings.outbox.tableNames()
let administration = try Administration(database: settings.source.database)
let plan = Administration.Plan(publication: "embedding", slot: "embedding", tables: tables)
for step in try administration.setupSteps(plan) { try administration.run(step) }
print("set up; insert, then press return")
_ = readLine()
let replication = try settings.source.replication(tables: tables)
let sink = settings.sink
let board = StatusBoard()
let relay = Relay(try settings.configuration(), board: board, log: Logger(label: "embedding"))
_ = try await relay.run(
  open: { (request) throws(Failure) in try ReplicationStream(replication) },
  sink: { (stream) throws(Failure) in try sink.make(stream, .cloudevents, DeadLetterOffice()) })
print("\(board.current.deliveredEvents) delivered")
