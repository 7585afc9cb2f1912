// SPDX-License-Identifier: Apache-2.0

import Foundation
import PostgresWire
import Synchronization
import TestStream
import Testing

@testable import Relay

/// A catalogue that answers what it is told to.
private final class Catalogue: TableCatalogue {
  private let state: Mutex<(answers: [Result<TableFindings, Failure>], questions: [TableQuestion])>
  private let delay: Double

  init(_ answers: [Result<TableFindings, Failure>], delay: Double = 0) {
    state = Mutex((answers, []))
    self.delay = delay
  }

  var questions: [TableQuestion] { state.withLock(\.questions) }

  /// The answers in turn, and the last one from then on.
  func look(_ question: TableQuestion) throws(Failure) -> TableFindings {
    Thread.sleep(forTimeInterval: delay)
    return try state.withLock { state in
      state.questions.append(question)
      return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
    }.get()
  }
}

@Suite struct TableWatchTests {
  private static func table(_ id: ObjectID, _ name: String, root: ObjectID = 1) -> TableFindings.Table {
    TableFindings.Table(
      root: root, id: id, depth: id == root ? 0 : 1, name: TableName(schema: "public", name: name))
  }

  private static func findings(_ tables: TableFindings.Table...) -> Result<TableFindings, Failure> {
    var findings = TableFindings()
    findings.tables = tables
    findings.publications = [.init(name: "events", isExclusive: false)]
    return .success(findings)
  }

  private static let outbox = table(1, "outbox")
  private static let part = table(2, "part")

  private static let messages =
    OutboxStream.transaction(0x10, "a") + [
      HandBuilt.begin(0x20), HandBuilt.relation(2, "public", "part", columns: OutboxStream.columns),
      HandBuilt.insert(2, ["b", "orders", "order-1", "OrderPlaced", "x"]), HandBuilt.commit(0x20, end: 0x28),
    ]

  private func deliver(_ catalogue: Catalogue, retries: Bool = false) async -> (
    MemorySink, Result<RelayOutcome, Failure>
  ) {
    let sink = MemorySink()
    let result = await run({ $0.retries = retries }, sink: sink) { (_) in
      var source = MemorySource(Self.messages)
      source.catalogue = catalogue
      return source
    }
    return (sink, result)
  }

  @Test func `rows of a relation that nobody knows wait for the catalogue`() async throws {
    let catalogue = Catalogue([Self.findings(Self.outbox), Self.findings(Self.outbox, Self.part)], delay: 0.1)
    let (sink, result) = await deliver(catalogue)
    #expect(try result.get().events == 2)
    #expect(sink.content.delivered == ["a@10-1", "b@20-1"])
    #expect(catalogue.questions.map(\.relations) == [[], [2]])
  }

  @Test func `rows of another table's are passed over`() async throws {
    let (sink, result) = await deliver(Catalogue([Self.findings(Self.outbox)]))
    // Not there any more, not published by itself, and the publication is not the outbox's alone.
    guard case .failure(let failure) = result else {
      Issue.record("\(result)")
      return
    }
    #expect(failure.kind == .tableReplaced)
    #expect(sink.content.delivered == ["a@10-1"])
  }

  @Test func `what is wrong only for a moment ends nothing`() async throws {
    let catalogue = Catalogue([
      Self.findings(Self.outbox), Self.findings(Self.outbox), Self.findings(Self.outbox, Self.part),
    ])
    let (sink, result) = await deliver(catalogue)
    #expect(try result.get().events == 2)
    #expect(sink.content.delivered == ["a@10-1", "b@20-1"])
  }

  @Test func `a look that has no answer is tried again while rows wait`() async throws {
    let catalogue = Catalogue([
      Self.findings(Self.outbox), .failure(Failure(.connection, "no room")), Self.findings(Self.outbox, Self.part),
    ])
    let (sink, result) = await deliver(catalogue)
    #expect(try result.get().events == 2)
    #expect(sink.content.delivered == ["a@10-1", "b@20-1"])
  }

  @Test func `a look that is not allowed ends the stream`() async throws {
    let catalogue = Catalogue([Self.findings(Self.outbox), .failure(Failure(.privilege, "no"))])
    let (sink, result) = await deliver(catalogue)
    guard case .failure(let failure) = result else {
      Issue.record("\(result)")
      return
    }
    #expect(failure.kind == .privilege)
    #expect(sink.content.delivered == ["a@10-1"])
  }
}
