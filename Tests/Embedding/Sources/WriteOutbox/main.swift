// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import SQLTransactions
import TransactionalOutbox

/// What another driver would run, printed.
struct Printed: SQLTransaction {
  mutating func execute(_ statement: String, _ parameters: [String?]) async throws -> Int {
    print(statement.prefix(35), parameters.count)
    return 2
  }

  mutating func query(_ statement: String, _ parameters: [String?]) async throws -> [[String?]] { [] }

  mutating func savepoint<Result>(_ body: (inout Printed) async throws -> Result) async throws -> Result {
    try await body(&self)
  }
}

struct OrderPlaced: VersionedEvent {
  static let type = "OrderPlaced"
  static let version = 1
  var key: String { id }
  let id: String
}

func write() async throws {
  var transaction = Printed()
  try await Outbox(aggregateType: "order").write([OrderPlaced(id: "1"), OrderPlaced(id: "2")], in: &transaction)
}

try await write()
