// SPDX-License-Identifier: Apache-2.0

package import PostgresWire

/// Object identifiers of built-in types, which never change. Source: PostgreSQL, catalog pg_type.
package enum BuiltInType {
  /// Stands for every built-in type that has no name here.
  package static let other: ObjectID = 0
  package static let bool: ObjectID = 16
  package static let bytea: ObjectID = 17
  package static let int8: ObjectID = 20
  package static let oid: ObjectID = 26
  package static let int2: ObjectID = 21
  package static let int4: ObjectID = 23
  package static let text: ObjectID = 25
  package static let json: ObjectID = 114
  package static let date: ObjectID = 1082
  package static let timestamp: ObjectID = 1114
  package static let timestamptz: ObjectID = 1184
  package static let uuid: ObjectID = 2950
  package static let jsonb: ObjectID = 3802

  /// The name of a type, where it has one here.
  package static func name(of type: ObjectID) -> String {
    byName.first { $0.value == type }?.key ?? "OID \(type)"
  }

  /// By their names in the catalogue.
  package static let byName: [String: ObjectID] = [
    "bool": bool, "bytea": bytea, "char": 18, "name": 19, "int8": int8, "int2": int2, "int4": int4, "text": text,
    "json": json, "xml": 142, "unknown": 705, "bpchar": 1042, "varchar": 1043, "date": date, "timestamp": timestamp,
    "time": 1083, "timetz": 1266, "float8": 701, "numeric": 1700, "timestamptz": timestamptz, "uuid": uuid,
    "jsonb": jsonb,
  ]
}

extension TypeName {
  /// The built-in type that a domain is over; nil for a type that is no such domain.
  var builtInType: ObjectID? {
    guard namespace.isEmpty || namespace == "pg_catalog" else { return nil }
    return BuiltInType.byName[name] ?? BuiltInType.other
  }
}
