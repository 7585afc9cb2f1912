// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets

/// Where an event goes at a broker: literal text, and attributes in braces, as `outbox.event.{aggregatetype}`.
public struct Route: Hashable, Sendable {
  private enum Part: Hashable {
    case literal(String)
    case attribute(String)
  }

  private let parts: [Part]
  /// The pattern as it is written.
  public let pattern: String

  /// An event has not got, or has empty, what its route needs.
  public struct Missing: Error, Hashable, Sendable {
    /// The attribute's name.
    public let attribute: String
  }

  /// Text, and an attribute behind it.
  public init(_ literal: String, then attribute: String) {
    parts = [.literal(literal), .attribute(attribute)]
    pattern = "\(literal){\(attribute)}"
  }

  /// Attributes with a text between them.
  public init(_ attributes: [String], joinedBy separator: String) {
    var parts: [Part] = []
    for attribute in attributes {
      if !parts.isEmpty { parts.append(.literal(separator)) }
      parts.append(.attribute(attribute))
    }
    self.parts = parts
    pattern = attributes.map { "{\($0)}" }.joined(separator: separator)
  }

  /// Text, and attributes behind it with a text between them.
  public init(_ literal: String, _ attributes: [String], joinedBy separator: String) {
    let rest = Route(attributes, joinedBy: separator)
    parts = [.literal(literal)] + rest.parts
    pattern = literal + rest.pattern
  }

  /// One name for all events, whatever letters it has.
  public init(literal name: String) {
    parts = [.literal(name)]
    pattern = name
  }

  /// The literal texts.
  package var texts: [String] {
    parts.compactMap { if case .literal(let text) = $0 { text } else { nil } }
  }

  /// The name without any event's part; nil where it has one.
  public var literal: String? {
    var text = ""
    for part in parts {
      guard case .literal(let piece) = part else { return nil }
      text += piece
    }
    return text
  }

  /// Fills in an event's attributes. `aggregateid` is its `partitionkey`.
  public func name(of event: OutgoingEvent) throws(Missing) -> String {
    var name: [UInt8] = []
    try append(event, to: &name)
    return String(decoding: name, as: UTF8.self)
  }

  /// Appends the name of an event.
  package func append(_ event: OutgoingEvent, to name: inout [UInt8]) throws(Missing) {
    for part in parts {
      switch part {
      case .literal(let piece): name.append(contentsOf: piece.utf8)
      case .attribute(let attribute):
        let start = name.count
        Self.append(attribute, of: event, to: &name)
        guard name.count > start else { throw Missing(attribute: attribute) }
      }
    }
  }

  /// Appends the name of an event, in which attributes have what is not to be kept of them as a per cent sign and two digits, so
  /// that none can be more than a piece of the name.
  package func append(
    _ event: OutgoingEvent, to name: inout [UInt8], keeping isKept: (UInt8) -> Bool
  ) throws(Missing) {
    for part in parts {
      let start = name.count
      switch part {
      case .literal(let piece): name.append(contentsOf: piece.utf8)
      case .attribute(let attribute):
        Self.append(attribute, of: event, to: &name)
        guard name.count > start else { throw Missing(attribute: attribute) }
        guard !name[start...].allSatisfy(isKept) else { continue }
        let value = Array(name[start...])
        name.removeSubrange(start...)
        name.appendPercentEncoded(value, keeping: isKept)
      }
    }
  }

  private static func append(_ attribute: String, of outgoing: OutgoingEvent, to name: inout [UInt8]) {
    let event = outgoing.event
    switch attribute {
    case "aggregatetype" where !event.aggregateType.isEmpty: name.append(outgoing, unescaped: event.aggregateType)
    case "aggregateid", "partitionkey": name.append(outgoing, unescaped: event.key)
    case "type": name.append(outgoing, unescaped: event.type)
    default:
      event.forEachAttribute(in: outgoing.batch.bytes, outgoing.batch.attributes) { found, value in
        if found == attribute { name.append(outgoing, unescaped: value) }
      }
    }
  }
}

extension Route: LosslessStringConvertible {
  /// Nil for a pattern that is empty, has a brace without its other one, or names what no attribute is called.
  public init?(_ pattern: String) {
    var parts: [Part] = []
    var rest = pattern[...]
    while let first = rest.first {
      if first == "{" {
        guard let end = rest.firstIndex(of: "}") else { return nil }
        let name = rest[rest.index(after: rest.startIndex)..<end]
        let isName = !name.isEmpty && name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
        guard isName else { return nil }
        parts.append(.attribute(String(name)))
        rest = rest[rest.index(after: end)...]
      } else {
        let piece = rest.prefix { $0 != "{" }
        guard !piece.contains("}") else { return nil }
        parts.append(.literal(String(piece)))
        rest = rest.dropFirst(piece.count)
      }
    }
    guard !parts.isEmpty else { return nil }
    self.parts = parts
    self.pattern = pattern
  }

  /// The pattern.
  public var description: String { pattern }
}
