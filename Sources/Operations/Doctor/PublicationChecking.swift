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
  let idleSlot: SlotFacts?

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
    let making = Administration.publicationStatement(plan, findings)
    let found: Wording = "\(name) does not exist in database \"\(database)\""
    guard let idleSlot else {
      return Check(
        .publication, .failure, found, means: "the server would not know what to send", mend: [making])
    }
    return Check(
      .publication, .failure, found,
      means:
        "the server does not know what to send; what the slot has to read from before a new publication is made cannot be "
        + "read through it, so the second statement moves the slot past that: rows that were committed after "
        + "\(idleSlot.confirmed ?? .zero) and before that statement are skipped",
      mend: [making, ServerChecks.advance(plan.slot)], todo: [Self.skipped(since: idleSlot.confirmed)])
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
          mend: differences.first { $0.what.hasPrefix("it publishes") }?.remedies ?? [])
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
    let more = differences.filter { $0.kind == .more && !$0.what.hasPrefix("it publishes") }
    guard lost.isEmpty else {
      let stops = lost.contains { $0.kind != .notViaRoot }
      return Check(
        .publicationTables, stops ? .failure : .warning, Wording(words(lost)),
        means: stops
          ? "rows of it never come, and a stream ends at once"
          : "rows come under the names of partitions, and new partitions may not be published",
        mend: statements(lost),
        todo: stops
          ? ["rows that were written meanwhile will not come: look for them in the outbox table"]
            + lost.filter(\.remedies.isEmpty).compactMap(\.advice)
          : [])
    }
    guard more.isEmpty else {
      return Check(
        .publicationTables, .warning, Wording("\(name): \(words(more))"),
        means: "the server sends rows that are no events, which are passed over", mend: statements(more),
        todo: more.contains(where: \.remedies.isEmpty)
          ? ["if nobody else reads it, make another publication for the outbox alone, and name it"] : [])
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
          + "(\(setting: "accept-row-filter"))", mend: statements(faults),
        todo: ["rows that were taken out will not come: look for them in the outbox table"])
    }
    let isMeant = findings.tables.contains(where: \.hasRowFilter)
    return Check(
      .rowFilter, .ok, isMeant ? "there is one, which is accepted" : "there is none",
      means: isMeant ? "rows that it takes out never become events" : "every row comes")
  }

  private var columnsCheck: Check {
    let faults = differences.filter {
      switch $0.kind {
      case .fault(.columns, _), .fault(.generated, _): true
      default: false
      }
    }
    guard faults.isEmpty else {
      let hopeless = faults.filter(\.remedies.isEmpty).compactMap(\.advice)
      guard hopeless.isEmpty, let idleSlot else {
        return Check(
          .columnList, .failure, Wording(words(faults)), means: "no row can become an event",
          mend: statements(faults), todo: hopeless)
      }
      return Check(
        .columnList, .failure, Wording(words(faults)),
        means:
          "no row can become an event; rows that were written while it was so never can, so the last statement moves the "
          + "slot past them: what was committed after \(idleSlot.confirmed ?? .zero) and before that statement is skipped",
        mend: statements(faults) + [ServerChecks.advance(plan.slot)], todo: [Self.skipped(since: idleSlot.confirmed)])
    }
    let useful = findings.tables.flatMap { $0.unpublished(of: plan.needs.usefulColumns) }.sorted()
    guard useful.isEmpty else {
      return Check(
        .columnList, .warning, "columns that would be used are not published: \(useful.joined(separator: ", "))",
        means: "events come without what is in them",
        mend: findings.tables.filter {
          !$0.unpublished(of: plan.needs.usefulColumns).isEmpty && $0.generatedColumns.isEmpty
        }
        .flatMap { TableFault.columns([]).remedies($0.name, plan.publication) })
    }
    return Check(.columnList, .ok, "all columns that are used are published", means: "events are whole")
  }

  private func words(_ differences: [PublicationDifference]) -> String {
    differences.map(\.what).joined(separator: ", ")
  }

  /// Each statement by itself, in order; `BEGIN` and `COMMIT` too.
  private func statements(_ differences: [PublicationDifference]) -> [String] {
    var all: [String] = []
    for remedies in differences.map(\.remedies) where !remedies.allSatisfy(all.contains) { all += remedies }
    return all
  }
}
