// SPDX-License-Identifier: Apache-2.0

import Octets

/// The CloudEvents `source`: a URI reference that, with the id, identifies an event.
///
/// Source: CloudEvents 1.0, "source"; RFC 3986, section 4.1.
public struct EventSource: Hashable, Sendable {
  /// The URI reference.
  public let uri: String
  /// `,"source":"…","type":"`, ready to be copied; a URI has nothing to escape.
  let encoded: [UInt8]

  /// Nil when the text is empty or has characters that no URI reference has.
  public init?(_ uri: String) {
    guard !uri.isEmpty, Self.isURIReference(uri.utf8) else { return nil }
    self.uri = uri
    encoded = Array(",\"source\":\"\(uri)\",\"type\":\"".utf8)
  }

  /// `/database/schema.table`, with whatever a URI path cannot hold percent-encoded.
  public init(path segments: [String]) {
    uri = segments.map { "/" + Self.percentEncoded($0) }.joined()
    encoded = Array(",\"source\":\"\(uri)\",\"type\":\"".utf8)
  }

  static func isURIReference(_ bytes: some Collection<UInt8>) -> Bool {
    var rest = bytes.makeIterator()
    while let byte = rest.next() {
      if byte == UInt8(ascii: "%") {
        guard let high = rest.next(), let low = rest.next(), isHexDigit(high), isHexDigit(low) else { return false }
      } else if !isUnreserved(byte) && !":/?#[]@!$&'()*+,;=".utf8.contains(byte) {
        return false
      }
    }
    return true
  }

  /// Whether it has a scheme too. Source: RFC 3986, section 3.
  package static func isURI(_ bytes: some Collection<UInt8>) -> Bool {
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), let first = bytes.first, isLetter(first) else {
      return false
    }
    return bytes[..<colon].allSatisfy {
      isUnreserved($0) && $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "~") || $0 == UInt8(ascii: "+")
    }
      && isURIReference(bytes)
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }

  private static func isHexDigit(_ byte: UInt8) -> Bool { Hexadecimal.value(of: byte) != nil }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x61...0x7A, 0x41...0x5A, 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      true
    default: false
    }
  }

  private static func percentEncoded(_ segment: String) -> String {
    var encoded: [UInt8] = []
    encoded.appendPercentEncoded(segment.utf8, keeping: isUnreserved)
    return String(decoding: encoded, as: UTF8.self)
  }
}
