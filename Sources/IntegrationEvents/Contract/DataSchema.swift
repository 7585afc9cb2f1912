// SPDX-License-Identifier: Apache-2.0

/// The CloudEvents `dataschema`: a URI that says which schema the data keeps.
///
/// Source: CloudEvents 1.0, "dataschema"; RFC 3986, section 3.
public struct DataSchema: Hashable, Sendable {
  /// The URI.
  public let uri: String
  /// `,"dataschema":"…"`, ready to be copied; a URI has nothing to escape.
  let encoded: [UInt8]
  static let nameLength = "dataschema".utf8.count

  /// Nil when the text is no URI with its scheme.
  public init?(_ uri: String) {
    guard EventSource.isURI(uri.utf8) else { return nil }
    self.uri = uri
    encoded = Array(",\"dataschema\":\"\(uri)\"".utf8)
  }
}
