// SPDX-License-Identifier: Apache-2.0

import Octets
public import PostgresWire

/// The name of a type that is not built in, sent before the relation that uses it. For a domain it is its base type's name.
///
/// Source: PostgreSQL, replication/logical/proto.c, logicalrep_write_typ.
public struct TypeName: Hashable, Sendable {
  /// The transaction, within a streamed block.
  public let xid: TransactionID?
  /// The type.
  public let id: ObjectID
  /// Its schema; empty for `pg_catalog`.
  public let namespace: String
  /// Its name.
  public let name: String

  static func decode(from bytes: inout RawSpan, xid: TransactionID?) throws(LayoutError) -> TypeName {
    TypeName(
      xid: xid, id: try bytes.readInteger(ObjectID.self), namespace: try bytes.readString(),
      name: try bytes.readString())
  }
}
