/// One shape that a relation has had, by the order in which shapes were described.
public typealias RelationVersion = Int

/// The relations that a stream has described, in every shape they have had.
///
/// What a transaction in progress describes holds for that transaction alone until it is committed: its ALTER TABLE is
/// not visible to others whose rows come in between.
public struct RelationCache: Sendable {
  private var versions: [Relation] = []
  private var columnCounts: [Int] = []
  private var committed: [ObjectID: RelationVersion] = [:]
  private var streamed: [TransactionID: [ObjectID: RelationVersion]] = [:]
  private var block: TransactionID?
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

  mutating func describe(_ relation: Relation) {
    last = nil
    let version = versions.lastIndex { $0.hasSameShape(as: relation) } ?? versions.count
    if version == versions.count {
      versions.append(relation)
      columnCounts.append(relation.columns.count)
    }
    if let block {
      streamed[block, default: [:]][relation.id] = version
    } else {
      committed[relation.id] = version
    }
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
  /// Whether two descriptions differ in nothing but the transaction they came in.
  func hasSameShape(as other: Relation) -> Bool {
    id == other.id && name == other.name && namespace == other.namespace && replicaIdentity == other.replicaIdentity
      && columns == other.columns
  }
}
