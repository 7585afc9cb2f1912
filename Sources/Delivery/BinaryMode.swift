// SPDX-License-Identifier: Apache-2.0

package import IntegrationEvents
import Octets

/// An event that no message of a receiver can carry, and why.
package struct UnwritableEvent: Error, Hashable {
  package let reason: String

  package init(_ reason: String) { self.reason = reason }
}

/// An event taken apart, for messages that have the attributes beside the data. Source: CloudEvents specification, "Message".
extension OutgoingEvent {
  /// The event's data: the bytes of the row, or what they are encoded as; none for no data.
  package func data() throws(UnwritableEvent) -> ArraySlice<UInt8> {
    if let reencoded { return reencoded.bytes[...] }
    switch event.dataKind {
    case .none: return []
    case .json: return batch.bytes[event.data]
    case .text: return batch.unescaped(event.data)[...]
    case .base64:
      guard let bytes = Base64.decode(batch.bytes[event.data]) else {
        throw UnwritableEvent("its data is not in base64")
      }
      return bytes[...]
    }
  }

  /// Calls `body` with each attribute but the data and its content type: the name, and where its value lies, escaped.
  ///
  /// - Returns: where the content type lies that the event itself names; nil where it names none.
  package func forEachBinaryAttribute(_ body: (_ name: String, _ value: Range<Int>) -> Void) -> Range<Int>? {
    var contentType: Range<Int>?
    event.forEachAttribute(in: batch.bytes, batch.attributes) { name, value in
      if name == "datacontenttype" { contentType = value } else { body(name, value) }
    }
    return contentType
  }

  /// The content type of the data: what the event names, or what holds for its kind; nil for no data.
  package func contentType(_ named: Range<Int>?) -> [UInt8]? {
    if let reencoded { return Array(reencoded.contentType.utf8) }
    return named.map { batch.unescaped($0) } ?? event.dataKind.contentType.map { Array($0.utf8) }
  }
}

extension OutgoingEvent {
  /// The same event with its JSON in another encoding. Bytes are in one already.
  package func encoded(by encoding: any DataEncoding) throws(UnwritableEvent) -> OutgoingEvent {
    switch event.dataKind {
    case .base64: return self
    case .none: throw UnwritableEvent("it has no data, which is to be encoded")
    case .text: throw UnwritableEvent("its data is text, which cannot be encoded")
    case .json: break
    }
    var encoded = self
    do throws(PayloadRefusal) { encoded.reencoded = try reencoded(by: encoding) } catch {
      throw UnwritableEvent(error.reason)
    }
    return encoded
  }

  /// Whether a piece has no escapes.
  private func isPlain(_ range: Range<Int>) -> Bool {
    let bytes = unsafe batch.bytes.span.bytes
    for index in range where bytes.byte(at: index) == UInt8(ascii: "\\") { return false }
    return true
  }

  private func reencoded(by encoding: any DataEncoding) throws(PayloadRefusal) -> ReencodedData {
    if isPlain(event.type), isPlain(event.dataVersion) {
      return try unsafe encoding.encoded(
        event.data, type: event.type, version: event.dataVersion, in: batch.bytes.span.bytes)
    }
    var bytes = batch.unescaped(event.type)
    let type = 0..<bytes.count
    bytes += batch.unescaped(event.dataVersion)
    let version = type.upperBound..<bytes.count
    bytes += batch.bytes[event.data]
    return try unsafe encoding.encoded(
      version.upperBound..<bytes.count, type: type, version: version, in: bytes.span.bytes)
  }
}

extension [UInt8] {
  /// Appends a piece of an event, unescaped.
  package mutating func append(_ outgoing: OutgoingEvent, unescaped range: Range<Int>) {
    _ = unsafe appendUnescaped(outgoing.batch.bytes.span.bytes, range)
  }
}
