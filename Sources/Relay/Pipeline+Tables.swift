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

  /// Whether a relation has the columns that an outbox needs.
  func fits(_ relation: Relation) -> Bool { mapper.fits(relation) }

  /// It is known what the relation is whose rows come next.
  mutating func goOn() { unknownRelation = nil }
}
