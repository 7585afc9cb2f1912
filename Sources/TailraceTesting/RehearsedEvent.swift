// SPDX-License-Identifier: Apache-2.0

import Delivery
public import IntegrationEvents
import Octets

/// An event as a consumer would get it.
public struct RehearsedEvent: Hashable, Sendable, CustomStringConvertible {
  /// The line, as it would stand in a file, without its newline.
  public let line: String
  /// The CloudEvents attributes, extensions among them, by their names.
  public let attributes: [String: String]
  /// What the event carries: JSON as it is, text and bytes as they were before they were written into the line.
  public let data: [UInt8]
  /// What kind of data that is.
  public let dataKind: EncodedEvent.DataKind

  /// The `id`.
  public var id: String { attributes["id"] ?? "" }
  /// The `type`.
  public var type: String { attributes["type"] ?? "" }
  /// The aggregate's id: the key that order is kept for.
  public var key: String { attributes["partitionkey"] ?? "" }
  /// The data as text.
  public var text: String { String(decoding: data, as: UTF8.self) }
  /// The line.
  public var description: String { line }

  init(_ batch: EventBatch, _ event: EncodedEvent) {
    line = String(decoding: batch.line(of: event), as: UTF8.self)
    var attributes: [String: String] = [:]
    event.forEachAttribute(in: batch.bytes, batch.attributes) { attributes[$0] = batch.text($1) }
    self.attributes = attributes
    dataKind = event.dataKind
    switch event.dataKind {
    case .none: data = []
    case .json: data = Array(batch.bytes[event.data])
    case .text: data = batch.unescaped(event.data)
    case .base64: data = Base64.decode(batch.bytes[event.data]) ?? []
    }
  }
}
