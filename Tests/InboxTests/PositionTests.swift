// SPDX-License-Identifier: Apache-2.0

import Inbox
import IntegrationEvents
import Testing

struct PositionTests {
  private static let sequence = "000000000152AEA8-0000000001"

  private static func handle(_ event: ReceivedEvent) async throws -> (InboxResult, ScriptedTransaction) {
    let inbox = try Inbox(consumer: "billing", layout: .positions(source: "/shop"), retention: ninetyDays())
    var transaction = ScriptedTransaction()
    return (try await inbox.handle(event, in: &transaction) { _ in }, transaction)
  }

  @Test func `an event is kept as its key's position`() async throws {
    let (result, transaction) = try await Self.handle(
      event(extensions: ["sequence": Self.sequence, "partitionkey": "k9"]))
    #expect(result == .done && transaction.parameters == [["billing", "", "k9", Self.sequence]])
    let (_, typed) = try await Self.handle(
      event(extensions: ["sequence": Self.sequence, "partitionkey": "k9", "aggregatetype": "order"]))
    #expect(typed.parameters == [["billing", "order", "k9", Self.sequence]])
  }

  @Test(arguments: ["", "7", "000000000152aea8-0000000001", "000000000152AEA8-000000001", "000000000152AEA8", "-"])
  func `a sequence of another form is refused`(sequence: String) async throws {
    await #expect(throws: EventRefusal.self) { try await Self.handle(event(extensions: ["sequence": sequence])) }
  }

  @Test func `no sequence, no key, too long a type, another source, and a redelivery are refused`() async throws {
    let long = String(repeating: "t", count: 256)
    await #expect(throws: EventRefusal.self) {
      try await Self.handle(event(extensions: ["sequence": Self.sequence, "aggregatetype": long]))
    }
    await #expect(throws: EventRefusal.self) { try await Self.handle(event()) }
    var keyless = event(extensions: ["sequence": Self.sequence])
    keyless.subject = nil
    await #expect(throws: EventRefusal.self) { try await Self.handle(keyless) }
    var stranger = event(extensions: ["sequence": Self.sequence])
    stranger.source = "/shop2"
    await #expect(throws: EventRefusal.self) { try await Self.handle(stranger) }
    await #expect(throws: EventRefusal.self) {
      try await Self.handle(event(extensions: ["sequence": Self.sequence, "redelivery": "true"]))
    }
  }
}
