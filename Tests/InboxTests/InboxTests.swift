// SPDX-License-Identifier: Apache-2.0

import Foundation
import Inbox
import IntegrationEvents
import SQLTransactions
import Testing

struct InboxTests {
  @Test func `an event costs one statement besides its effect`() async throws {
    let inbox = try Inbox(consumer: "billing", retention: ninetyDays())
    var transaction = ScriptedTransaction()
    let result = try await inbox.handle(event(), in: &transaction) { _ = try await $0.execute("effect", []) }
    #expect(result == .done)
    #expect(transaction.statements.count == 2 && transaction.statements[1] == "effect")
    #expect(transaction.parameters[0] == ["billing", "/shop", "1"])
  }

  @Test func `no rows affected means a duplicate, whose effect is not made`() async throws {
    let inbox = try Inbox(consumer: "billing", retention: ninetyDays())
    var transaction = ScriptedTransaction(affected: [0])
    let result = try await inbox.handle(event(), in: &transaction) { _ = try await $0.execute("effect", []) }
    #expect(result == .duplicate && transaction.statements.count == 1)
  }

  @Test func `what the effect throws is thrown on`() async throws {
    let inbox = try Inbox(consumer: "billing", retention: ninetyDays())
    var transaction = ScriptedTransaction()
    await #expect(throws: EventRefusal("no such order")) {
      try await inbox.handle(event(), in: &transaction) { _ in throw EventRefusal("no such order") }
    }
  }

  private struct Refused: ValueError { let isOfValues: Bool }

  @Test func `a value that no transaction takes is the event's, and another error is not`() async throws {
    let inbox = try Inbox(consumer: "billing", retention: ninetyDays())
    var transaction = ScriptedTransaction()
    await #expect(throws: EventRefusal.self) {
      try await inbox.handle(event(), in: &transaction) { _ in throw Refused(isOfValues: true) }
    }
    await #expect(throws: Refused.self) {
      try await inbox.handle(event(), in: &transaction) { _ in throw Refused(isOfValues: false) }
    }
  }

  @Test(arguments: [(-91, false), (-90, true), (0, true), (7, true), (8, false), (100_000, false)])
  func `an event of a day that has no partition here is refused`(days: Int64, isTaken: Bool) async throws {
    let inbox = try Inbox(consumer: "billing", layout: .days, retention: ninetyDays())
    var transaction = ScriptedTransaction()
    var ofThatDay = event()
    ofThatDay.time = EventTime(unixMicroseconds: (Int64(Date().timeIntervalSince1970) + days * 86_400) * 1_000_000)
    do {
      let result = try await inbox.handle(ofThatDay, in: &transaction) { _ in }
      #expect(isTaken && result == .done)
    } catch {
      #expect(!isTaken && error is EventRefusal)
    }
  }

  @Test func `an event that no handler is for is ignored without a statement`() async throws {
    let inbox = try Inbox(consumer: "billing", retention: ninetyDays())
    var handlers = EventHandlers<ScriptedTransaction>()
    handlers.on(try Upcasters(to: Shipped.self)) { _, _, _ in }
    var transaction = ScriptedTransaction()
    #expect(try await inbox.handle(event(), with: handlers, in: &transaction) == .ignored)
    #expect(transaction.statements.isEmpty)
  }

  @Test func `an event that no handler is for moves its aggregate's version on, or is behind a gap`() async throws {
    let inbox = try Inbox(consumer: "billing", retention: ninetyDays(), versionAttribute: "v")
    let second = event(extensions: ["v": "2", "aggregatetype": "order"])
    let cases: [(Int, String?, InboxResult)] = [
      (1, nil, .ignored), (0, "2", .ignored), (0, "7", .ignored), (0, "0", .outOfOrder(.init(last: 0, found: 2))),
      (0, nil, .outOfOrder(.init(last: nil, found: 2))),
    ]
    for (affected, last, result) in cases {
      var transaction = ScriptedTransaction(affected: [affected], rows: last.map { [[$0]] } ?? [])
      let handlers = EventHandlers<ScriptedTransaction>()
      #expect(try await inbox.handle(second, with: handlers, in: &transaction) == result)
      #expect(transaction.parameters.first == ["billing", "/shop", "order", "k1", "2"])
      #expect(transaction.statements.allSatisfy { $0.contains("inbox_versions") })
    }
    // A version that is none is not for this consumer to refuse.
    var transaction = ScriptedTransaction()
    let none = EventHandlers<ScriptedTransaction>()
    #expect(try await inbox.handle(event(extensions: ["v": "x"]), with: none, in: &transaction) == .ignored)
    #expect(transaction.statements.isEmpty)
  }

  @Test func `an event that cannot be read is refused before anything is recorded`() async throws {
    let inbox = try Inbox(consumer: "billing", retention: ninetyDays())
    var handlers = EventHandlers<ScriptedTransaction>()
    handlers.on(try Upcasters(to: PlacedV1.self)) { _, _, _ in }
    var transaction = ScriptedTransaction()
    await #expect(throws: EventRefusal.self) { try await inbox.handle(event(), with: handlers, in: &transaction) }
    #expect(transaction.statements.isEmpty)
  }

  @Test func `records are kept at least as long as redeliveries may come`() throws {
    let day = Duration.seconds(86_400)
    #expect(throws: InboxSettingError.retention) { try Retention(day * 7, longestRedelivery: day * 8) }
    #expect(throws: InboxSettingError.retention) { try Retention(.seconds(3600), longestRedelivery: .seconds(60)) }
    #expect(throws: InboxSettingError.retention) { try Retention(.seconds(Int64.max), longestRedelivery: day) }
    #expect(try Retention(day * 8, longestRedelivery: day * 8).seconds == 8 * 86_400)
    // Up, so that they are.
    let longer = Duration.milliseconds(86_400_900)
    #expect(try Retention(longer, longestRedelivery: longer).seconds == 86_401)
  }

  @Test(arguments: ["", "a.b.c", "a b", "a\"", "1a", ".a", "a.", "ä", String(repeating: "a", count: 41)])
  func `a table's name that is none is refused`(name: String) {
    #expect(throws: InboxSettingError.table) { try InboxTable(name) }
  }

  @Test(arguments: ["", "a\nb", String(repeating: "a", count: 201)])
  func `a consumer's name that is none is refused`(name: String) throws {
    #expect(throws: InboxSettingError.consumer) { try Inbox(consumer: name, retention: ninetyDays()) }
  }

  @Test func `all statements that make tables may run again`() throws {
    let layouts: [InboxLayout] = [.rows, .days, .positions(source: "/shop")]
    for layout in layouts {
      let inbox = try Inbox(
        consumer: "billing", table: InboxTable("app.seen"), layout: layout, retention: ninetyDays(),
        versionAttribute: "v")
      let statements = inbox.creation + inbox.partitions()
      #expect(statements.allSatisfy { $0.contains(" IF NOT EXISTS ") })
      #expect(inbox.partitions().count == (layout == .days ? 98 : 0))
    }
  }
}
