// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import Octets

/// Writes an event as arguments of the script: an entry's id, how many texts follow, and its fields with their values.
/// CloudEvents has no binding for Redis: attributes are named as in those for Kafka.
struct EntryWriter: Sendable {
  /// A script can hand on three times as many, and a command can have a million arguments: as many events as go in one call.
  private static let mostFields = 1000

  private let route: Route
  private let mode: BindingMode
  private let identifiers: RedisConfiguration.Identifiers

  init(_ configuration: RedisConfiguration) {
    route = configuration.route
    mode = configuration.mode
    identifiers = configuration.identifiers
  }

  /// Which stream an event goes to.
  func stream(of outgoing: OutgoingEvent) throws(UnwritableEvent) -> [UInt8] {
    var name: [UInt8] = []
    do throws(Route.Missing) { try route.append(outgoing, to: &name) } catch {
      throw UnwritableEvent("it has no \(error.attribute), which the stream's name needs")
    }
    return name
  }

  /// Appends an entry's arguments; gives how many. Where it cannot be written nothing is appended.
  ///
  /// - Parameter longest: the longest text that the server takes.
  func append(_ outgoing: OutgoingEvent, to bytes: inout [UInt8], longest: Int) throws(UnwritableEvent) -> Int {
    try outgoing.requireIdentity()
    var attributes: [(name: String, value: Range<Int>)] = []
    var source: Range<Int>?
    let named = outgoing.forEachBinaryAttribute { name, value in
      switch name {
      case "id": return
      case "source": source = value
      default: if mode == .binary || name == "sequence" { attributes.append((name, value)) }
      }
    }
    guard let source else { throw UnwritableEvent("it is no CloudEvent: it has no source") }
    let data = mode == .structured ? outgoing.line : try outgoing.data()
    guard attributes.count <= Self.mostFields else {
      throw UnwritableEvent("it has \(attributes.count) attributes, more than an entry can have")
    }
    // Attributes lie in the line.
    guard max(data.count, outgoing.line.count) <= longest else {
      throw UnwritableEvent("it has \(data.count) bytes, and the server takes \(longest) (proto-max-bulk-len)")
    }
    let contentType = mode == .binary ? outgoing.contentType(named) : Self.structuredType
    let fields = 3 + attributes.count + (contentType == nil ? 0 : 1)
    switch identifiers {
    case .position: bytes.appendArgument(outgoing.event.position.streamID.utf8)
    case .auto: bytes.appendArgument(CollectionOfOne(UInt8(ascii: "*")))
    }
    bytes.appendArgument("\(fields * 2)".utf8)
    var value: [UInt8] = []
    bytes.appendField("id", outgoing, outgoing.event.id, &value)
    bytes.appendField("source", outgoing, source, &value)
    for attribute in attributes { bytes.appendField(attribute.name, outgoing, attribute.value, &value) }
    if let contentType {
      bytes.appendArgument("content-type".utf8)
      bytes.appendArgument(contentType)
    }
    bytes.appendArgument("data".utf8)
    bytes.appendArgument(data)
    return 2 + fields * 2
  }

  private static let structuredType = Array("application/cloudevents+json; charset=UTF-8".utf8)

  /// Appends a dead letter's arguments, for a stream of letters; gives how many.
  static func append(_ letter: DeadLetter, to bytes: inout [UInt8]) -> Int {
    bytes.appendArgument(CollectionOfOne(UInt8(ascii: "*")))
    bytes.appendArgument("4".utf8)
    bytes.appendArgument("id".utf8)
    bytes.appendArgument(letter.id.utf8)
    bytes.appendArgument("letter".utf8)
    bytes.appendArgument(letter.json.utf8)
    return 6
  }
}

extension [UInt8] {
  /// Appends a field with an attribute's value, unescaped.
  fileprivate mutating func appendField(
    _ name: String, _ outgoing: OutgoingEvent, _ range: Range<Int>, _ value: inout [UInt8]
  ) {
    appendArgument(prefix: "ce-", name)
    value.removeAll(keepingCapacity: true)
    value.append(outgoing, unescaped: range)
    appendArgument(value)
  }
}
