// SPDX-License-Identifier: Apache-2.0

/// Puts an event's data into another encoding at the moment it leaves, so that what is kept of it stays as it was in the row.
public protocol DataEncoding: Sendable {
  /// What is to leave instead of JSON data.
  ///
  /// Called for each attempt, from any thread, and must not wait for anything.
  ///
  /// - Parameters:
  ///   - data: a JSON value.
  ///   - type: the event's `type`, unescaped.
  ///   - version: its `dataversion`, unescaped; empty for none.
  ///   - bytes: what these are ranges of; valid only during the call.
  /// - Throws: why the event cannot leave.
  func encoded(
    _ data: Range<Int>, type: Range<Int>, version: Range<Int>, in bytes: RawSpan
  ) throws(PayloadRefusal) -> ReencodedData
}

/// Data in another encoding than its row has.
public struct ReencodedData: Sendable {
  /// The bytes that leave.
  public var bytes: [UInt8]
  /// `datacontenttype`.
  public var contentType: String

  /// Makes a value.
  public init(_ bytes: [UInt8], contentType: String) { (self.bytes, self.contentType) = (bytes, contentType) }
}
