// SPDX-License-Identifier: Apache-2.0

import DomainEvents
import IntegrationEvents
import PostgresSession
import TransactionalOutbox

// A service in small: an aggregate's work, a handler in its transaction, and what others hear of it.
struct Placed: DomainEvent {
  let id: String
}

struct OrderPlaced: VersionedEvent {
  static let type = "OrderPlaced"
  static let version = 1
  var key: String { id }
  let id: String

  init(_ placed: Placed) { id = placed.id }
}

let session = PostgresSession(PostgresConfiguration(database: CommandLine.arguments[1]))
var handlers = DomainEventHandlers<PostgresTransaction> { print("failed after the commit: \($0.error)") }
handlers.publish(Placed.self, as: OrderPlaced.init)
handlers.write(to: Outbox(aggregateType: "order"))
handlers.beforeCommit(Placed.self) { placed, unit in
  try await unit.transaction.execute("UPDATE placed SET count = count + 1")
}
let units = UnitsOfWork(session, handlers)
try await session.execute("CREATE TABLE orders (id text PRIMARY KEY); CREATE TABLE placed (count int)")
try await session.execute("INSERT INTO placed VALUES (0)")
for id in ["a", "b", "a"] {
  do {
    try await units.run { @Sendable unit in
      try await unit.transaction.execute("INSERT INTO orders VALUES ($1)", [id])
      unit.raise(Placed(id: id))
    }
  } catch {
    print("not placed: \(id)")
  }
}
let counted = try await session.transaction { @Sendable transaction in
  try await transaction.execute("UPDATE placed SET count = count + $1::int", ["0"])
  return try await transaction.query("SELECT count, (SELECT count(*) FROM outbox) FROM placed")
}
print(counted)
await session.close()
