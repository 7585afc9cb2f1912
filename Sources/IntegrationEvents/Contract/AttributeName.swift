// SPDX-License-Identifier: Apache-2.0

/// The name of a CloudEvents extension attribute: lower-case letters and digits.
///
/// Source: CloudEvents 1.0, "Attribute Naming Convention".
public struct AttributeName: Hashable, Sendable {
  /// The name.
  public let text: String
  /// `,"name":"`, ready to be copied.
  let encoded: [UInt8]

  /// Names that the envelope itself always uses; trace context may also come as a header.
  public static let reserved: Set<String> = [
    "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "data",
    "sequence", "partitionkey", "aggregatetype", "dataversion",
  ]

  /// Nil unless the name has only `a`–`z` and `0`–`9` and is not one of the envelope's own.
  public init?(_ text: String) {
    let isAllowed = text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
    guard !text.isEmpty, isAllowed, !Self.reserved.contains(text) else { return nil }
    self.text = text
    encoded = Array(",\"\(text)\":\"".utf8)
  }
}
