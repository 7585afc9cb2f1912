// SPDX-License-Identifier: Apache-2.0

/// The schemas of schemas, for schemas that refer to them.
enum Metaschemas {
  /// The files that belong to a name; nil when it is none of them.
  static func files(for uri: ReferenceURI) -> [(ReferenceURI, SchemaDocument)]? { nil }
}
