// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire
import Replication

/// The publication, as `setup` and `stream` judge it.
struct PublicationChecking {
  let plan: Administration.Plan
  let database: String
  /// Nil when there is none.
  let facts: PublicationFacts?
  let findings: TableFindings
  /// A slot that could be read; nil when there is none, or a client has it.
  var idleSlot: SlotFacts?
  /// What that has to give first.
  var next = SlotTrial.Next.unclear

  private var differences: [PublicationDifference] {
    facts.map { PublicationDifference.all(plan, $0, findings) } ?? []
  }

  private var name: String { "publication \"\(plan.publication)\"" }

  var checks: [Check] {
    guard facts != nil else {
      let unseen = Unseen(found: "there is no publication to look at")
      return [missingCheck]
        + [Check.ID.publicationInserts, .publicationTables, .rowFilter, .columnList].map(unseen.check)
    }
    return [
      Check(.publication, .ok, "\(name) is in database \"\(database)\"", means: "the server knows what to send"),
      insertsCheck, tablesCheck, filterCheck, columnsCheck,
    ]
  }

  /// What a slot has to read from before its publication was made cannot be read: it is moved past that.
  private var missingCheck: Check {
    let found: Wording = "\(name) does not exist in database \"\(database)\""
    guard plan.tables.indices.allSatisfy({ findings.root($0)?.canBePublished ?? true }) else {
      return Check(
        .publication, .failure, found, means: "the server would not know what to send",
        todo: ["when a table is named that can be published, \(command: "setup")"])
    }
    let making = Administration.publicationStatement(plan, findings)
    guard let idleSlot else {
      return Check(
        .publication, .failure, found, means: "the server would not know what to send", mend: [making])
    }
    guard !next.mayBeDelivered else {
      return Check(
        .publication, .failure, found,
        means:
          "the server does not know what to send; what the slot has to read from between the end of the publication "
          + "before and its new making cannot be read through it",
        mend: [making], todo: delivering)
    }
    return Check(
      .publication, .failure, found,
      means:
        "the server does not know what to send; what the slot has to read from before a new publication is made cannot be "
        + "read through it, so the second statement moves the slot past that: rows that were committed after "
        + "\(idleSlot.confirmed ?? .zero) and before that statement are skipped",
      mend: [making, ServerChecks.advance(plan.slot)], todo: [Self.skipped(since: idleSlot.confirmed)])
  }

  /// What is delivered first need not be skipped.
  private var delivering: [Wording] {
    PublicationAge.first(next) + ["then \(command: "doctor") says how what is left is passed"]
  }

  /// Whether rows are in the log that will never come through the publication.
  var losesRows: Bool { facts == nil || !columnFaults.isEmpty }

  private var columnFaults: [PublicationDifference] {
    differences.filter {
      switch $0.kind {
      case .fault(.columns, _), .fault(.generated, _): true
      default: false
      }
    }
  }

  static func skipped(since lsn: LSN?) -> Wording {
    "look in the outbox table for rows that were committed after \(lsn ?? .zero) and are not delivered; where a file or a "
      + "checkpoint keeps the position, start the stream once with \(setting: "accept-gap")"
  }

  private var insertsCheck: Check {
    guard let wrong = differences.first(where: { $0.kind == .noInserts }) else {
      let more = facts?.otherOperations ?? []
      guard more.isEmpty else {
        return Check(
          .publicationInserts, .warning, "\(name) publishes inserts, and \(more.joined(separator: ", ")) too",
          means: "changes of the outbox that are no events are sent and passed over",
          todo: [suggestion(differences.filter { $0.kind == .moreOperations })])
      }
      return Check(
        .publicationInserts, .ok, "\(name) publishes inserts alone", means: "that is what events are made of")
    }
    return Check(
      .publicationInserts, .failure, "\(name) does not publish inserts",
      means: "no row comes, and a stream ends at once",
      mend: wrong.remedies,
      todo: ["rows that were written while it published none will not come: look for them in the outbox table"])
  }

  private var tablesCheck: Check {
    let lost = differences.filter { difference in
      switch difference.kind {
      case .missingTable, .notViaRoot, .fault(.notPublished, _), .fault(.published, _), .fault(.notLogged, _): true
      default: false
      }
    }
    let more = differences.filter { $0.kind == .moreTables }
    guard lost.isEmpty else {
      let stops = lost.contains { $0.kind != .notViaRoot }
      let ours = lost.filter { !$0.concernsOthers }
      let suggestions = ours.count == lost.count ? [] : [suggestion(lost.filter(\.concernsOthers))]
      return Check(
        .publicationTables, stops ? .failure : .warning, Wording(words(lost)),
        means: stops
          ? "rows of it never come, and a stream ends at once"
          : "rows come under the names of partitions, and new partitions may not be published",
        mend: PublicationDifference.statements(ours),
        todo: suggestions
          + (stops
            ? ["rows that were written meanwhile will not come: look for them in the outbox table"]
              + lost.filter(\.remedies.isEmpty).compactMap(\.advice)
            : []))
    }
    guard more.isEmpty else {
      return Check(
        .publicationTables, .warning, Wording("\(name): \(words(more))"),
        means: "the server sends rows that are no events, which are passed over", todo: [suggestion(more)])
    }
    return Check(
      .publicationTables, .ok,
      facts?.publishesInserts == true ? "\(name) has the outbox alone" : "not seen, since no insert is published",
      means: "rows of the outbox come")
  }

  private var filterCheck: Check {
    let faults = differences.filter { if case .fault(.rowFilter, _) = $0.kind { true } else { false } }
    guard faults.isEmpty else {
      return Check(
        .rowFilter, .failure, Wording(words(faults)),
        means: "rows that it takes out never become events; a stream refuses that unless it is meant "
          + "(\(setting: "accept-row-filter"))", mend: PublicationDifference.statements(faults),
        todo: ["rows that were taken out will not come: look for them in the outbox table"])
    }
    let isMeant = findings.tables.contains(where: \.hasRowFilter)
    return Check(
      .rowFilter, .ok, isMeant ? "there is one, which is accepted" : "there is none",
      means: isMeant ? "rows that it takes out never become events" : "every row comes")
  }

  private var columnsCheck: Check {
    let faults = columnFaults
    guard faults.isEmpty else {
      let hopeless = faults.filter(\.remedies.isEmpty).compactMap(\.advice)
      guard hopeless.isEmpty, let idleSlot else {
        return Check(
          .columnList, .failure, Wording(words(faults)), means: "no row can become an event",
          mend: PublicationDifference.statements(faults), todo: hopeless)
      }
      guard !next.mayBeDelivered else {
        return Check(
          .columnList, .failure, Wording(words(faults)),
          means: "no row can become an event; rows that were written while it was so never can",
          mend: PublicationDifference.statements(faults), todo: delivering)
      }
      return Check(
        .columnList, .failure, Wording(words(faults)),
        means:
          "no row can become an event; rows that were written while it was so never can, so the last statement moves the "
          + "slot past them: what was committed after \(idleSlot.confirmed ?? .zero) and before that statement is skipped",
        mend: PublicationDifference.statements(faults) + [ServerChecks.advance(plan.slot)],
        todo: [Self.skipped(since: idleSlot.confirmed)])
    }
    let useful = findings.tables.flatMap { $0.unpublished(of: plan.needs.usefulColumns) }.sorted()
    guard useful.isEmpty else {
      let change = findings.tables.filter {
        !$0.unpublished(of: plan.needs.usefulColumns).isEmpty && $0.generatedColumns.isEmpty
          && facts?.members[$0.id] != nil
      }
      .flatMap { facts?.keepingFilter(of: $0, TableFault.columns([]).remedies($0.name, plan.publication)) ?? [] }
      return Check(
        .columnList, .warning, "columns that would be used are not published: \(useful.joined(separator: ", "))",
        means: "events come without what is in them",
        todo: change.isEmpty
          ? [] : ["leave it as it is if they are left out on purpose; else \(sql: change.joined(separator: " "))"])
    }
    return Check(.columnList, .ok, "all columns that are used are published", means: "events are whole")
  }

  private func words(_ differences: [PublicationDifference]) -> String {
    differences.map(\.what).joined(separator: ", ")
  }

  /// What can be done about what is too much, which is there for somebody perhaps.
  private func suggestion(_ differences: [PublicationDifference]) -> Wording {
    guard differences.allSatisfy({ !$0.remedies.isEmpty }) else {
      return
        "leave it as it is if another relay streams through it; else make a publication for the outbox alone, and name it with "
        + "\(setting: "publication")"
    }
    return
      "leave it as it is if another relay streams through it, which would no longer get what is taken out; else "
      + "\(sql: PublicationDifference.statements(differences).joined(separator: " "))"
  }
}
