// SPDX-License-Identifier: Apache-2.0

import DomainEvents
import Hummingbird
import Logging
import PostgresSession
import PostgresWire

extension Order: ResponseEncodable {}
extension CustomerTotal: ResponseEncodable {}

/// What clients can ask for.
struct OrdersAPI: Sendable {
  let session: PostgresSession
  let units: UnitsOfWork<PostgresSession>
  let log: Logger

  init(_ session: PostgresSession, _ log: Logger) {
    (self.session, self.log) = (session, log)
    units = UnitsOfWork(session, orderHandlers(log))
  }

  func add(to router: Router<BasicRequestContext>) {
    router.post("/orders") { request, context in
      let command = try await request.decode(as: PlaceOrder.self, context: context)
      let placed = try await answering {
        try await units.run { unit in try await command.run(in: &unit) }
      }
      return EditedResponse(status: placed.isNew ? .created : .ok, response: placed.order)
    }
    router.get("/orders/:id") { _, context in
      let id = try Self.name("id", context)
      return try await found { try await Order.find(id, in: &$0) }
    }
    router.get("/customers/:name") { _, context in
      let name = try Self.name("name", context)
      return try await found { try await CustomerTotal.find(name, in: &$0) }
    }
  }

  private static func name(_ parameter: String, _ context: BasicRequestContext) throws -> String {
    let name = try context.parameters.require(parameter)
    guard Order.isName(name) else { throw HTTPError(.notFound) }
    return name
  }

  private func found<Answer: Sendable>(
    _ look: @Sendable (inout PostgresTransaction) async throws -> Answer?
  ) async throws -> Answer {
    guard let answer = try await answering({ try await session.transaction(look) }) else { throw HTTPError(.notFound) }
    return answer
  }

  /// What is refused for good is the client's to mend, and a statement or a right that is wrong is ours. Anything else is the
  /// database's trouble, and is asked for again with the same id: where the answer to a commit was lost, the order is there or it
  /// is not, and the id tells.
  private func answering<Answer>(_ body: () async throws -> Answer) async throws -> Answer {
    do {
      return try await body()
    } catch let refusal as OrderRefusal {
      let isConflict = refusal == .soldOut || refusal == .otherOrder
      throw HTTPError(isConflict ? .conflict : .unprocessableContent, message: refusal.words)
    } catch let failure as Failure where failure.sqlState?.hasPrefix("22") == true {
      log.warning("\(failure)")
      throw HTTPError(.unprocessableContent, message: "the order has a value that cannot be kept")
    } catch let failure as Failure where failure.sqlState?.hasPrefix("42") == true {
      log.error("\(failure)")
      throw HTTPError(.internalServerError)
    } catch {
      log.warning("\(error)")
      throw HTTPError(.serviceUnavailable, headers: [.retryAfter: "1"], message: "ask again, with the same id")
    }
  }
}
