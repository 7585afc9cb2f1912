import PostgresWire

/// How outboxes are published, held against how they were. The stream says nothing of rows that are not in it: only the
/// versions of the catalogue's rows tell that what is so again was not so for a while.
extension TableLedger {
  /// Checks the publications, and gives what is to be remembered of them.
  func publications(
    _ findings: TableFindings, _ warnings: inout Warnings
  ) throws(Failure) -> [ObjectID: OutboxTables.Publication] {
    var seen: [ObjectID: OutboxTables.Publication] = [:]
    for found in findings.publications {
      guard found.publishesInserts else {
        throw Failure(
          .tableNotPublished, "publication \"\(found.name)\" does not publish inserts",
          advice: "ALTER PUBLICATION \(SQLName.quoted(found.name)) SET (publish = 'insert');")
      }
      let before = known.publications[found.id]
      if let before, before.change != found.change { try tell(of: found, before, &warnings) }
      seen[found.id] = .init(
        change: found.change, content: found.content, isExclusive: found.isExclusive && before?.isExclusive ?? true)
    }
    return seen
  }

  /// A change that can be seen is what it is; after one that cannot, something is as it was before, and was otherwise.
  private func tell(
    of found: TableFindings.Publication, _ before: OutboxTables.Publication, _ warnings: inout Warnings
  ) throws(Failure) {
    let name = "publication \"\(found.name)\""
    if before.content != found.content {
      warnings.append(
        "\(name) has been altered: rows that were written while it published no inserts, if it did so, will not come")
      return
    }
    guard !acceptsChange else {
      warnings.append("\(name) was altered and is as before; rows that were written in between may not come")
      return
    }
    throw Failure(
      .tableReplaced, Wording("\(name) was altered and is as before"),
      advice:
        "if it published no inserts meanwhile, rows of that time will not come: look for them, then go on with "
        + "\(setting: "accept-gap")")
  }

  /// What was taken out of a publication and put in again was not published in between.
  ///
  /// - Parameter isGrown: whether it has become a part of the outbox, which may be how it is published now.
  func checkLinks(
    of name: TableName, _ isGrown: Bool, _ before: Set<OutboxTables.Link>, _ now: Set<OutboxTables.Link>,
    _ warnings: inout Warnings
  ) throws(Failure) {
    guard before.isDisjoint(with: now) else { return }
    let isSame = !Set(before.map(\.publication)).isDisjoint(with: now.map(\.publication))
    guard isSame, !isGrown else {
      warnings.append("table \(name) is published otherwise than before; rows that it got in between will not come")
      return
    }
    let what: Wording = "table \(name) was taken out of the publication and put in again"
    guard !acceptsChange else {
      warnings.append(what + "; rows that it got in between will not come")
      return
    }
    throw Failure(
      .tableReplaced, what,
      advice: "rows that it got in between will not come: look for them, then go on with \(setting: "accept-gap")")
  }
}
