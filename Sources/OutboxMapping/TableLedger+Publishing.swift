// SPDX-License-Identifier: Apache-2.0

import PostgresWire

/// How outboxes are published, held against how they were. The stream says nothing of rows that are not in it: only the
/// versions of the catalogue's rows tell that what is so again was not so for a while.
extension TableLedger {
  private static let late: Wording = "rows that it got in between will not come"

  /// Checks the publications, and gives what is to be remembered of them.
  func publications(
    _ findings: TableFindings, _ warnings: inout Warnings
  ) throws(Failure) -> [ObjectID: OutboxTables.Publication] {
    var seen: [ObjectID: OutboxTables.Publication] = [:]
    for found in findings.publications {
      guard found.publishesInserts else {
        throw Failure(
          .tableNotPublished, "publication \"\(found.name)\" does not publish inserts",
          advice: "ALTER PUBLICATION \(SQLName.inStatement(found.name)) SET (publish = 'insert'); rows written until "
            + "then will not come: look for them in the table")
      }
      let before = known.publications[found.id]
      if let before, before.change != found.change {
        warnings.append(
          "publication \"\(found.name)\" was altered (transaction \(found.change)): rows that were written while it published no "
            + "inserts, if it did so, will not come")
      }
      seen[found.id] = .init(
        change: found.change, isExclusive: found.isExclusive && before?.isExclusive ?? true)
    }
    return seen
  }

  /// What was taken out of a publication and put in again was not published in between.
  ///
  /// - Parameter isGrown: whether it has become a part of the outbox, which may be how it is published now.
  func checkLinks(
    of name: TableName, _ isGrown: Bool, _ before: Set<OutboxTables.Link>, _ now: Set<OutboxTables.Link>,
    _ warnings: inout Warnings
  ) throws(Failure) {
    guard before.isDisjoint(with: now) else { return }
    func share<Value: Hashable>(_ value: (OutboxTables.Link) -> Value) -> Bool {
      !Set(before.map(value)).isDisjoint(with: now.map(value))
    }
    // The same row of the catalogue: what has changed is how the table is a part of another.
    if share({ [$0.publication, $0.mark] }) {
      warnings.append(
        "table \(name) was detached from the table above it, and attached again: \(Self.late)")
      return
    }
    // Another row that says the same: what else but that would it have been made for?
    guard share({ [$0.publication, $0.content] }), !isGrown else {
      warnings.append("table \(name) is published otherwise than before: \(Self.late)")
      return
    }
    let what: Wording = "table \(name) was taken out of the publication and put in again"
    guard !acceptsChange else {
      warnings.append("\(what); \(Self.late)")
      return
    }
    throw Failure(
      .tableReplaced, what,
      advice: "\(Self.late): look for them, then go on with \(setting: "accept-gap")")
  }
}
