// SPDX-License-Identifier: Apache-2.0

import Inbox
import IntegrationEvents
import SQLTransactions

/// A client of a database that knows two statements: what an inbox records, and an effect.
struct Client: SQLTransaction {
  var recorded: Set<[String?]> = []
  var effects: [String?] = []

  mutating func execute(_ statement: String, _ parameters: [String?]) async throws -> Int {
    if statement.contains("ON CONFLICT DO NOTHING") { return recorded.insert(parameters).inserted ? 1 : 0 }
    effects += parameters
    return 1
  }

  mutating func query(_ statement: String, _ parameters: [String?]) async throws -> [[String?]] { [] }

  mutating func savepoint<Result>(_ body: (inout Self) async throws -> Result) async throws -> Result {
    try await body(&self)
  }
}

struct OrderPlacedV1: VersionedEvent {
  static let type = "OrderPlaced"
  static let version = 1
  var key: String { orderID }
  let orderID: String
  let euros: Int
}

struct OrderPlacedV2: VersionedEvent {
  static let type = "OrderPlaced"
  static let version = 2
  var key: String { orderID }
  let orderID: String
  let cents: Int
}

try await handleTwice()

func handleTwice() async throws {
  let retention = try Retention(.seconds(90 * 86_400), longestRedelivery: .seconds(30 * 86_400))
  let inbox = try Inbox(consumer: "billing", retention: retention)
  var handlers = EventHandlers<Client>()
  handlers.on(
    try Upcasters(
      to: OrderPlacedV2.self,
      [
        Upcaster(OrderPlacedV1.self, to: OrderPlacedV2.self) {
          OrderPlacedV2(orderID: $0.orderID, cents: $0.euros * 100)
        }
      ]
    )
  ) { order, event, transaction in
    _ = try await transaction.execute("INSERT INTO invoices VALUES ($1)", ["\(order.orderID): \(order.cents)"])
  }
  let event = ReceivedEvent(
    id: "1", source: "/shop", type: "OrderPlaced", data: Array(#"{"orderID":"7","euros":9}"#.utf8))
  var client = Client()
  for _ in 1...2 { print(try await inbox.handle(event, with: handlers, in: &client)) }
  print(client.effects.compactMap { $0 }.joined(separator: ", "))
}
