// SPDX-License-Identifier: Apache-2.0

import Octets
public import PostgresWire

/// The shape of a table, sent before its first row and again after each change of it.
public struct Relation: Hashable, Sendable {
  /// One column.
  public struct Column: Hashable, Sendable {
    /// The column is part of the replica identity.
    public let isKey: Bool
    /// Its name.
    public let name: String
    /// Its type.
    public let typeID: ObjectID
    /// Its type modifier, -1 for none.
    public let typeModifier: Int32
    /// The type that its values are of: a domain's base type, as far as the stream has named it, else the type itself.
    public internal(set) var baseTypeID: ObjectID

    init(isKey: Bool, name: String, typeID: ObjectID, typeModifier: Int32) {
      self.isKey = isKey
      self.name = name
      self.typeID = typeID
      self.typeModifier = typeModifier
      baseTypeID = typeID
    }
  }

  /// How the old row of an update or delete is identified.
  public enum ReplicaIdentity: UInt8, Hashable, Sendable {
    case byDefault = 0x64  // d
    case nothing = 0x6E  // n
    case full = 0x66  // f
    case index = 0x69  // i
  }

  /// The transaction, within a streamed block.
  public let xid: TransactionID?
  /// The table.
  public let id: ObjectID
  /// Its schema; `pg_catalog` where the server sends the empty string.
  public let namespace: String
  /// Its name.
  public let name: String
  /// Its replica identity.
  public let replicaIdentity: ReplicaIdentity
  /// Its published columns, in the order of a row's values.
  public internal(set) var columns: [Column]

  /// The name with its schema.
  public var tableName: TableName { TableName(schema: namespace, name: name) }

  /// The name with its schema, in words.
  public var qualifiedName: String { tableName.description }

  /// Makes one of what a catalogue says: a table's name and its columns with their base types.
  package init(_ table: TableName, id: ObjectID, columns: [(name: String, type: ObjectID)]) {
    self.init(
      xid: nil, id: id, namespace: table.schema, name: table.name, replicaIdentity: .byDefault,
      columns: columns.map { Column(isKey: false, name: $0.name, typeID: $0.type, typeModifier: -1) })
  }

  init(
    xid: TransactionID?, id: ObjectID, namespace: String, name: String, replicaIdentity: ReplicaIdentity,
    columns: [Column]
  ) {
    (self.xid, self.id, self.namespace, self.name) = (xid, id, namespace, name)
    (self.replicaIdentity, self.columns) = (replicaIdentity, columns)
  }

  static func decode(from bytes: inout RawSpan, xid: TransactionID?) throws(LayoutError) -> Relation {
    let id = try bytes.readInteger(ObjectID.self)
    let namespace = try bytes.readString()
    let name = try bytes.readString()
    let identityTag = try bytes.readByte()
    guard let identity = ReplicaIdentity(rawValue: identityTag) else {
      throw .unexpectedTag(identityTag, expected: "a replica identity d, n, f or i")
    }
    let count = try bytes.readCount16(minimumSize: 10)
    var columns: [Column] = []
    columns.reserveCapacity(count)
    for _ in 0..<count {
      columns.append(
        Column(
          isKey: try bytes.readByte() & 1 != 0, name: try bytes.readString(),
          typeID: try bytes.readInteger(ObjectID.self), typeModifier: try bytes.readInteger(Int32.self)))
    }
    return Relation(
      xid: xid, id: id, namespace: namespace.isEmpty ? "pg_catalog" : namespace, name: name,
      replicaIdentity: identity, columns: columns)
  }
}

/// One shape that a relation has had, by the order in which shapes were described.
public typealias RelationVersion = Int

/// The relations that a stream has described, in every shape they have had.
///
/// What a transaction in progress describes holds for that transaction alone until it is committed: its ALTER TABLE is
/// not visible to others whose rows come in between.
public struct RelationCache: Sendable {
  /// How much has been described: the columns of all shapes, and something for each shape. What is kept grows with it: the server
  /// describes a relation once, and says nothing of one that is dropped.
  public private(set) var size = 0
  private var versions: [Relation] = []
  private var columnCounts: [Int] = []
  /// Which versions a relation has, by a hash of its shape: a stream may describe any number of relations any number of times.
  private var known: [Int: [RelationVersion]] = [:]
  private var committed: [ObjectID: RelationVersion] = [:]
  private var streamed: [TransactionID: [ObjectID: RelationVersion]] = [:]
  private var block: TransactionID?
  /// What a shape counts beside its columns.
  private static let shapeSize = 8
  /// Domains over built-in types, which the stream names before it describes a relation that uses them.
  private var domains: [ObjectID: ObjectID] = [:]
  /// Most rows come in runs of one table.
  private var last: (id: ObjectID, version: RelationVersion)?

  /// A shape.
  public subscript(_ version: RelationVersion) -> Relation { versions[version] }

  /// The shape that a relation has now, in the open block or else in general.
  @inline(__always)
  public mutating func current(_ id: ObjectID) -> RelationVersion? {
    if let last, last.id == id { return last.version }
    return lookUp(id)
  }

  @inline(__always)
  func columnCount(of version: RelationVersion) -> Int { columnCounts[version] }

  private mutating func lookUp(_ id: ObjectID) -> RelationVersion? {
    guard let version = block.flatMap({ streamed[$0]?[id] }) ?? committed[id] else { return nil }
    last = (id, version)
    return version
  }

  /// Takes note of a type that is not built in. Of a domain the server says its base type's name.
  mutating func name(_ type: TypeName) { domains[type.id] = type.builtInType }

  /// Takes note of a shape; gives it with what is known of its types.
  mutating func describe(_ described: Relation) -> Relation {
    var relation = described
    for index in relation.columns.indices {
      relation.columns[index].baseTypeID = domains[relation.columns[index].typeID] ?? relation.columns[index].typeID
    }
    last = nil
    let shape = relation.shapeHash
    let version = known[shape]?.first { versions[$0].hasSameShape(as: relation) } ?? versions.count
    if version == versions.count {
      known[shape, default: []].append(version)
      versions.append(relation)
      columnCounts.append(relation.columns.count)
      size += relation.columns.count + Self.shapeSize
    }
    if let block {
      streamed[block, default: [:]][relation.id] = version
    } else {
      committed[relation.id] = version
    }
    return relation
  }

  mutating func beginBlock(of xid: TransactionID) {
    block = xid
    last = nil
  }

  mutating func endBlock() {
    block = nil
    last = nil
  }

  mutating func endTransaction(_ xid: TransactionID, keeping: Bool) {
    last = nil
    guard let described = streamed.removeValue(forKey: xid), keeping else { return }
    committed.merge(described) { _, new in new }
  }
}

extension Relation {
  /// Equal for equal shapes.
  fileprivate var shapeHash: Int {
    var hasher = Hasher()
    hasher.combine(id)
    hasher.combine(tableName)
    for column in columns {
      hasher.combine(column.typeModifier)
      hasher.combine(column.baseTypeID)
      for byte in column.name.utf8 { hasher.combine(byte) }
    }
    return hasher.finalize()
  }

  /// Whether two descriptions differ in nothing but the transaction they came in.
  func hasSameShape(as other: Relation) -> Bool {
    id == other.id && tableName == other.tableName && replicaIdentity == other.replicaIdentity
      && columns == other.columns && zip(columns, other.columns).allSatisfy { $0.name.utf8.elementsEqual($1.name.utf8) }
  }
}
