// SPDX-License-Identifier: Apache-2.0

import OutboxMapping
import PgOutput
import PostgresWire

/// Which tables are outboxes, as somebody beside the stream says.
extension Pipeline {
  /// Takes what the catalogue says of outboxes by OID.
  mutating func know(_ names: [ObjectID: TableName]) {
    knowsCatalogue = true
    mapper.take(names)
  }

  /// Takes what a recording says of them.
  mutating func remember(_ tables: OutboxTables) { mapper.take(tables) }

  /// Counts a change of relations that is no insert, and tells of one that is not our own.
  mutating func change(
    _ what: String, _ ids: [ObjectID], _ xid: TransactionID?, _ message: RawSpan, _ lsn: LSN
  ) throws(Failure) {
    var versions: [RelationVersion] = []
    do {
      for id in ids { versions.append(try decoder.relation(id, in: message)) }
    } catch {
      throw Failure(undecoded: error, at: lsn)
    }
    try beginRow(xid, lsn)
    let isOwn = isOwnChange?(what, begun?.xid ?? open.current?.id, lsn) ?? false
    do { try mapper.change(what, of: versions, in: decoder.relations, lsn: lsn, isOwn: isOwn) } catch {
      try keepBadRow(error) { BadRow($0) }
    }
    try open.bound()
  }

  /// Takes note of a relation that is not known by its OID: the catalogue is asked, or where there is none an operator is told.
  mutating func meet(_ relation: Relation) {
    if knowsCatalogue {
      unknownRelation = relation
    } else if !mapper.isNamed(relation), mapper.fits(relation) {
      strangers.insert(relation.tableName)
    }
  }

  /// The outboxes of which no row has come.
  var absentTables: [TableName] { mapper.absentTables }

  /// Whether a relation has the columns that an outbox needs.
  func fits(_ relation: Relation) -> Bool { mapper.fits(relation) }

  /// Whether so much has been described that it is better described anew, over another connection. While something is open that
  /// would have to come again, more is put up with.
  var knowsTooMuch: Bool {
    let size = decoder.relations.size
    guard size > mostDescribed else { return false }
    return begun == nil && !isReleasing && open.isEmpty || size / 4 > mostDescribed
  }

  /// It is known what the relation is whose rows come next.
  mutating func goOn() { unknownRelation = nil }
}

/// Tables that are met, each once.
struct Strangers {
  private var known: Set<TableName> = []
  private var new: [TableName] = []

  mutating func insert(_ table: TableName) {
    if known.insert(table).inserted { new.append(table) }
  }

  /// Those that nobody has been told of.
  mutating func take() -> [TableName] {
    if new.isEmpty { return [] }
    defer { new = [] }
    return new
  }
}
