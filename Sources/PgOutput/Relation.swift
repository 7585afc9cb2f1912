import Octets
import PostgresWire

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
  public let columns: [Column]

  /// The name with its schema, unquoted.
  public var qualifiedName: String { "\(namespace).\(name)" }

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
