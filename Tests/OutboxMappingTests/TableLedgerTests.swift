// SPDX-License-Identifier: Apache-2.0

import PgOutput
import PostgresWire
import TestStream
import Testing

@testable import OutboxMapping

@Suite struct TableLedgerTests {
  private let outbox = TableName(schema: "public", name: "outbox")

  private func table(
    _ id: ObjectID, _ name: String, root: ObjectID? = nil, depth: Int = 0, hasName: Bool = true, place: Int = 0
  ) -> TableFindings.Table {
    TableFindings.Table(
      place: place, root: root ?? id, id: id, depth: depth, name: TableName(schema: "public", name: name),
      rootHasName: hasName)
  }

  private func findings(
    _ tables: [TableFindings.Table], _ entries: [(ObjectID, ObjectID)] = [], isExclusive: Bool = true
  ) -> TableFindings {
    var findings = TableFindings()
    findings.tables = tables
    findings.links = Set(entries.map { OutboxTables.Link(table: $0.0, publication: 5, mark: $0.1) })
    findings.publications = [.init(name: "events", id: 5, isExclusive: isExclusive)]
    return findings
  }

  private func ledger(_ known: OutboxTables = OutboxTables(), acceptsGap: Bool = false) -> TableLedger {
    TableLedger([outbox], PublishingNeeds(), known: known, acceptsGap: acceptsGap)
  }

  private func relation(_ id: UInt32, _ name: String) throws -> Relation {
    var decoder = Decoder()
    let message = HandBuilt.relation(id, "public", name, columns: Mapping().columns)
    guard case .relation(let relation) = try decoder.decode(message.span.bytes) else { throw Missing() }
    return relation
  }

  private struct Missing: Error {}

  private func kind(_ body: () throws(Failure) -> Void) -> FailureKind? {
    do throws(Failure) { try body() } catch { return error.kind }
    return nil
  }

  @Test func `a table that is renamed stays the outbox, told once`() throws {
    var ledger = ledger()
    #expect(try ledger.take(findings([table(1, "outbox")])).isEmpty)
    let renamed = findings([table(1, "other", hasName: false)])
    #expect(try ledger.take(renamed).count == 1)
    #expect(try ledger.take(renamed).isEmpty)
    #expect(ledger.names == [1: outbox])
  }

  @Test func `a publication that was altered is told once, also between two runs`() throws {
    var before = findings([table(1, "outbox")])
    before.publications = [.init(name: "events", id: 7, change: 100)]
    var ledger = ledger()
    #expect(try ledger.take(before).isEmpty)
    #expect(try ledger.take(before).isEmpty)
    var after = before
    after.publications[0].change = 101
    var next = self.ledger(ledger.known)
    #expect(try next.take(after).count == 1)
    #expect(try next.take(after).isEmpty)
    after.publications[0].id = 8
    #expect(try next.take(after).isEmpty, "another one has no past")
  }

  @Test func `what is published otherwise in a way that can be seen is told of, and goes on`() throws {
    for (mark, content) in [(UInt32(50), UInt32(2)), (51, 2)] {
      var ledger = ledger()
      var now = findings([table(1, "outbox")])
      now.links = [.init(table: 1, publication: 5, mark: 50, content: 1)]
      _ = try ledger.take(now)
      now.links = [.init(table: 1, publication: 5, mark: mark, content: content)]
      #expect(try ledger.take(now).count == 1, "\(mark)")
    }
  }

  @Test func `a table that another publication has now is told of, and goes on`() throws {
    var ledger = ledger()
    _ = try ledger.take(findings([table(1, "outbox")], [(1, 50)]))
    var other = findings([table(1, "outbox")])
    other.publications = [.init(name: "others", id: 6)]
    other.links = [.init(table: 1, publication: 6, mark: 9)]
    #expect(try ledger.take(other).count == 1)
  }

  @Test func `what was published with others is taken for no part of an outbox when they are gone`() throws {
    var ledger = ledger()
    _ = try ledger.take(findings([table(1, "outbox")], isExclusive: false))
    var alone = self.ledger(ledger.known)
    var found = findings([table(1, "outbox")])
    found.relations = [7: .init(isThere: true, isPublished: false)]
    _ = try alone.take(found)
    let payments = try relation(7, "payments")
    #expect(kind { () throws(Failure) in _ = try alone.judge(payments, fits: true, found) } == .tableReplaced)
    // Without a record nobody knows what was published, when it is still there.
    var first = self.ledger()
    _ = try first.take(found)
    #expect(kind { () throws(Failure) in _ = try first.judge(payments, fits: true, found) } == .tableReplaced)
  }

  @Test func `without a record, a table that is called otherwise is missing`() {
    var ledger = ledger()
    #expect(kind { () throws(Failure) in _ = try ledger.take(findings([])) } == .tableMissing)
  }

  @Test func `another table under the name is refused, and accepted once at a start`() throws {
    let known = OutboxTables([.init(name: outbox, holder: 1, members: [1])])
    var strict = ledger(known)
    let swapped = findings([table(2, "outbox"), table(1, "old", hasName: false)])
    #expect(kind { () throws(Failure) in _ = try strict.take(swapped) } == .tableReplaced)
    #expect(strict.known == known, "after an error everything is as before")
    var accepting = ledger(known, acceptsGap: true)
    #expect(try accepting.take(swapped).count == 1)
    #expect(accepting.names == [1: outbox, 2: outbox])
    #expect(accepting.known.outboxes.first?.holder == 2)
    let again = findings([table(3, "outbox"), table(2, "old", hasName: false)])
    #expect(kind { () throws(Failure) in _ = try accepting.take(again) } == .tableReplaced)
  }

  @Test func `a table that takes the one before as its part goes on`() throws {
    var ledger = ledger(OutboxTables([.init(name: outbox, holder: 1, members: [1])]))
    var root = table(2, "outbox")
    root.kind = "p"
    root.isPublished = false
    let grown = findings([root, table(1, "first", root: 2, depth: 1), table(1, "first", hasName: false)])
    #expect(try ledger.take(grown).count == 1)
    #expect(ledger.names == [1: outbox, 2: outbox])
  }

  @Test func `a part that is put into the publication anew is refused, or told where that is accepted`() throws {
    var ledger = ledger()
    _ = try ledger.take(findings([table(1, "outbox")], [(1, 50)]))
    _ = try ledger.take(findings([table(1, "outbox")], [(1, 50), (9, 70)]))
    #expect(
      kind { () throws(Failure) in _ = try ledger.take(findings([table(1, "outbox")], [(1, 51)])) } == .tableReplaced)
    var accepting = self.ledger(ledger.known, acceptsGap: true)
    #expect(try accepting.take(findings([table(1, "outbox")], [(1, 51)])).count == 1)
  }

  @Test(arguments: [
    "notPublished", "publishedAsOther", "unlogged", "foreign", "filter", "column",
  ])
  func `a part that is not published as a whole is refused`(fault: String) {
    var part = table(2, "part", root: 1, depth: 1)
    switch fault {
    case "notPublished": part.isPublished = false
    case "publishedAsOther": part.publishedAs = TableName(schema: "public", name: "whole")
    case "unlogged": part.persistence = "u"
    case "foreign": part.kind = "f"
    case "filter": part.hasRowFilter = true
    default: part.unpublishedColumns = ["payload"]
    }
    var ledger = TableLedger([outbox], PublishingNeeds(columns: ["payload"]))
    #expect(
      kind { () throws(Failure) in _ = try ledger.take(findings([table(1, "outbox"), part])) } == .tableNotPublished)
  }

  @Test func `what only one session sees needs no publication`() throws {
    var part = table(2, "part", root: 1, depth: 1)
    (part.persistence, part.isPublished) = ("t", false)
    var ledger = ledger()
    #expect(try ledger.take(findings([table(1, "outbox"), part])).isEmpty)
  }

  @Test func `a part that is named is an outbox of its own`() throws {
    let child = TableName(schema: "public", name: "child")
    var ledger = TableLedger([outbox, child], PublishingNeeds())
    _ = try ledger.take(
      findings([table(1, "outbox"), table(2, "child", root: 1, depth: 1), table(2, "child", place: 1)]))
    #expect(ledger.names == [1: outbox, 2: child])
  }

  @Test func `rows of a table that is gone are the outbox's where nothing else is published`() throws {
    for isExclusive in [true, false] {
      var ledger = ledger()
      var found = findings([table(1, "outbox")], isExclusive: isExclusive)
      found.relations = [7: .init(isThere: false, isPublished: false)]
      _ = try ledger.take(found)
      let gone = try relation(7, "outbox_2024_05")
      let failure = kind { () throws(Failure) in _ = try ledger.judge(gone, fits: true, found) }
      #expect(failure == (isExclusive ? nil : .tableReplaced))
      #expect(ledger.names[7] == (isExclusive ? outbox : nil))
      let plain = try relation(8, "plain")
      #expect(
        try ledger.judge(plain, fits: false, found).count == (isExclusive ? 1 : 0), "its columns are no matter then")
    }
  }

  @Test func `another published table with an outbox's columns is told once`() throws {
    var ledger = ledger()
    var found = findings([table(1, "outbox")])
    found.relations = [7: .init(isThere: true, isPublished: true)]
    _ = try ledger.take(found)
    let other = try relation(7, "letters")
    #expect(try ledger.judge(other, fits: true, found).count == 1)
    #expect(try ledger.judge(other, fits: true, found).isEmpty)
    #expect(ledger.names[7] == nil)
  }

  @Test func `a table that had the name when its rows were written is an outbox`() throws {
    var ledger = ledger()
    var found = findings([table(2, "outbox")])
    found.relations = [1: .init(isThere: false, isPublished: false)]
    _ = try ledger.take(found)
    #expect(try ledger.judge(relation(1, "outbox"), fits: true, found).isEmpty)
    #expect(ledger.names == [1: outbox, 2: outbox])
    #expect(ledger.known.outboxes.first?.members == [1, 2])
  }
}
