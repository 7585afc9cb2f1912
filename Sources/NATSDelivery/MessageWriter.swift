// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import Octets

/// Writes an event as a subject, headers and a payload. Source: CloudEvents NATS Protocol Binding, sections 3.1 and 3.2; NATS ADR-4
/// for headers.
struct MessageWriter: Sendable {
  /// Where a message lies among the bytes that were written.
  struct Message: Sendable {
    var subject: Range<Int>
    var headers: Range<Int>
    var payload: Range<Int>

    /// What counts against a server's limit.
    var size: Int { headers.count + payload.count }
  }

  /// A server's line has 4096 bytes (max_control_line), with the subject for the answer and two numbers.
  static let longestSubject = 3900
  /// What a stream takes (JetStream error 10097).
  static let longestHeaders = 65_535
  private static let version = Array("NATS/1.0\r\n".utf8)
  private static let end: [UInt8] = [0x0D, 0x0A]

  private let route: Route
  private let mode: BindingMode

  init(_ configuration: NATSConfiguration) { (route, mode) = (configuration.route, configuration.mode) }

  /// Appends a message. Where it cannot be written nothing is appended.
  func append(_ outgoing: OutgoingEvent, to bytes: inout [UInt8]) throws(UnwritableEvent) -> Message {
    let start = bytes.count
    do throws(UnwritableEvent) { return try write(outgoing, to: &bytes) } catch {
      bytes.removeSubrange(start...)
      throw error
    }
  }

  private func write(_ outgoing: OutgoingEvent, to bytes: inout [UInt8]) throws(UnwritableEvent) -> Message {
    try outgoing.requireIdentity()
    let start = bytes.count
    do throws(Route.Missing) { try route.append(outgoing, to: &bytes, keeping: Self.isTokenByte) } catch {
      throw UnwritableEvent("it has no \(error.attribute), which the subject needs")
    }
    let subject = start..<bytes.count
    guard subject.count <= Self.longestSubject else {
      throw UnwritableEvent("its subject has \(subject.count) bytes, and the longest has \(Self.longestSubject)")
    }
    bytes += Self.version
    // The first: servers of old look for it in what stands before it.
    bytes.appendHeader("Nats-Msg-Id", outgoing, outgoing.event.id)
    var isNamed = true
    let named = outgoing.forEachBinaryAttribute { name, value in
      isNamed = isNamed && !name.isEmpty && name.utf8.allSatisfy(Self.isNameByte)
      guard isNamed else { return }
      if mode == .binary { bytes.appendHeader("ce-", name, outgoing, value) }
      if name == "traceparent" { bytes.appendHeader("", name, outgoing, value) }
    }
    guard isNamed else { throw UnwritableEvent("an attribute has a name that no header can have") }
    switch mode {
    case .structured: bytes += Self.structured
    case .binary:
      if let type = outgoing.contentType(named) {
        bytes += Array("ce-datacontenttype: ".utf8)
        bytes.appendPercentEncoded(type, keeping: Self.isValueByte)
        bytes += Self.end
      }
    }
    bytes += Self.end
    let headers = subject.upperBound..<bytes.count
    guard headers.count <= Self.longestHeaders else {
      throw UnwritableEvent("its attributes take \(headers.count) bytes, and headers have \(Self.longestHeaders)")
    }
    bytes += mode == .structured ? outgoing.line : try outgoing.data()
    return Message(subject: subject, headers: headers, payload: headers.upperBound..<bytes.count)
  }

  private static let structured = Array("Content-Type: application/cloudevents+json\r\n".utf8)

  /// Appends a dead letter.
  static func append(_ letter: DeadLetter, for subject: String, to bytes: inout [UInt8]) -> Message {
    let start = bytes.count
    bytes.append(contentsOf: subject.utf8)
    let middle = bytes.count
    bytes += version
    bytes += Array("Content-Type: application/json\r\n\r\n".utf8)
    let end = bytes.count
    bytes.append(contentsOf: letter.json.utf8)
    return Message(subject: start..<middle, headers: middle..<end, payload: end..<bytes.count)
  }

  /// What an attribute has in a subject as it is. All else would be another token, a wildcard, the beginning of a server's own
  /// subjects, or nothing that a line can have.
  static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "."), UInt8(ascii: "*"), UInt8(ascii: ">"), UInt8(ascii: "%"), UInt8(ascii: "$"),
      UInt8(ascii: "\""), UInt8(ascii: "\\"):
      false
    default: (0x21...0x7E).contains(byte)
    }
  }

  /// What a header has of a value as it is. Source: CloudEvents NATS Protocol Binding, section 3.1.3.2.
  static func isValueByte(_ byte: UInt8) -> Bool {
    (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "%")
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
    default: false
    }
  }
}

extension [UInt8] {
  fileprivate mutating func appendHeader(_ name: String, _ outgoing: OutgoingEvent, _ range: Range<Int>) {
    appendHeader("", name, outgoing, range)
  }

  /// Appends a header with a piece of an event, unescaped, and then with all that a header cannot have in hexadecimal digits.
  fileprivate mutating func appendHeader(
    _ prefix: String, _ name: String, _ outgoing: OutgoingEvent, _ range: Range<Int>
  ) {
    append(contentsOf: prefix.utf8)
    append(contentsOf: name.utf8)
    append(UInt8(ascii: ":"))
    append(0x20)
    let start = count
    append(outgoing, unescaped: range)
    if !self[start...].allSatisfy(MessageWriter.isValueByte) {
      let value = Array(self[start...])
      removeSubrange(start...)
      appendPercentEncoded(value, keeping: MessageWriter.isValueByte)
    }
    append(0x0D)
    append(0x0A)
  }
}
