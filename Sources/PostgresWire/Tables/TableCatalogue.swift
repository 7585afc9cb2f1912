// SPDX-License-Identifier: Apache-2.0

/// Where a source's tables can be asked for as they are now, beside the stream, which tells how they were.
public protocol TableCatalogue: Sendable {
  /// Asks. Blocks its thread, in bounded time.
  func look(_ question: TableQuestion) throws(Failure) -> TableFindings
}

/// What is asked about tables.
public struct TableQuestion: Hashable, Sendable {
  /// The outbox tables, as they are configured.
  public var tables: [TableName]
  /// Tables that had these names before: where one is called otherwise now, it is found by its OID.
  public var known: OutboxTables
  /// Other tables whose rows have come.
  public var relations: [ObjectID] = []

  /// Asks about tables.
  public init(tables: [TableName], known: OutboxTables = OutboxTables()) {
    self.tables = tables
    self.known = known
  }
}

/// What the catalogue says, all at one moment.
public struct TableFindings: Hashable, Sendable {
  /// One of the publications that are streamed.
  public struct Publication: Hashable, Sendable {
    /// Its name.
    public var name: String
    /// Whether it publishes inserts.
    public var publishesInserts: Bool
    /// Whether it has nothing but the outboxes, one by one.
    public var isExclusive: Bool
    /// Its OID.
    public var id: ObjectID
    /// The transaction that has changed it last.
    public var change: UInt32

    /// Makes a publication.
    public init(
      name: String, id: ObjectID = 0, change: UInt32 = 0, publishesInserts: Bool = true,
      isExclusive: Bool = true
    ) {
      (self.id, self.change) = (id, change)
      self.name = name
      self.publishesInserts = publishesInserts
      self.isExclusive = isExclusive
    }
  }

  /// A table that is an outbox, a partition of one, or inherits from one.
  public struct Table: Hashable, Sendable {
    /// Where in the question the outbox's name stands.
    public var place: Int
    /// The outbox.
    public var root: ObjectID
    /// Whether the outbox has the configured name now.
    public var rootHasName: Bool
    /// How many steps it is below the outbox.
    public var depth: Int
    /// The table.
    public var id: ObjectID
    /// Its name now.
    public var name: TableName
    /// What kind of relation it is, `r`, `p`, `f`, `v` or `m`. Source: catalogue pg_class, relkind.
    public var kind: String
    /// How it is kept, `p`, `u` or `t`. Source: catalogue pg_class, relpersistence.
    public var persistence: String
    /// Whether a publication has it.
    public var isPublished: Bool
    /// The table that is no outbox, as whose rows a publication publishes its own; nil for none.
    public var publishedAs: TableName?
    /// Whether a publication leaves rows of it out.
    public var hasRowFilter: Bool
    /// The outbox's own columns, as far as they were asked for.
    public var columns: [Column] = []
    /// The columns that are not published.
    public var unpublishedColumns: [String] = []
    /// Those of them that are not published because they are generated.
    public var generatedColumns: [String] = []
    /// Those of them that are generated when they are read, and never stored.
    public var virtualColumns: [String] = []

    /// Makes a table that is published as a whole.
    public init(place: Int = 0, root: ObjectID, id: ObjectID, depth: Int = 0, name: TableName, rootHasName: Bool = true)
    {
      self.place = place
      self.root = root
      self.id = id
      self.depth = depth
      self.name = name
      self.rootHasName = rootHasName
      (kind, persistence) = ("r", "p")
      (isPublished, hasRowFilter) = (true, false)
    }
  }

  /// A column.
  public struct Column: Hashable, Sendable {
    /// Its name.
    public var name: String
    /// Its type; of a domain its base type.
    public var type: ObjectID
    /// The type's name.
    public var typeName: String

    /// Makes a column.
    public init(name: String, type: ObjectID, typeName: String) {
      (self.name, self.type, self.typeName) = (name, type, typeName)
    }
  }

  /// A table that was asked for and is none of these.
  public struct Relation: Hashable, Sendable {
    /// Whether it still exists.
    public var isThere: Bool
    /// Whether a publication has it.
    public var isPublished: Bool

    /// Makes a relation.
    public init(isThere: Bool, isPublished: Bool) {
      self.isThere = isThere
      self.isPublished = isPublished
    }
  }

  /// Something else that a publication has.
  public enum Stranger: Hashable, Sendable {
    /// A table.
    case table(TableName)
    /// All tables of a schema.
    case schema(String)

    /// As a statement has it: `TABLE "public"."other"`.
    public var sql: String {
      switch self {
      case .table(let name): "TABLE \(SQLName.inStatement(name))"
      case .schema(let name): "TABLES IN SCHEMA \(SQLName.inStatement(name))"
      }
    }
  }

  /// The publications.
  public var publications: [Publication] = []
  /// The outboxes and their parts.
  public var tables: [Table] = []
  /// The names that were asked for as the server stores them, by their place in the question.
  public var names: [Int: TableName] = [:]
  /// The others that were asked for.
  public var relations: [ObjectID: Relation] = [:]
  /// By what the publications have them.
  public var links: Set<OutboxTables.Link> = []
  /// What else the publications have.
  public var strangers: [Stranger] = []
  /// The timeline of a standby, which changes when it is promoted; nil for another server.
  public var timeline: UInt32?

  /// Nothing is known.
  public init() {}
}
