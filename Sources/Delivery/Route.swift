// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents

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
    var name = ""
    for part in parts {
      switch part {
      case .literal(let piece): name += piece
      case .attribute(let attribute):
        let value = Self.value(of: attribute, event)
        guard !value.isEmpty else { throw Missing(attribute: attribute) }
        name += value
      }
    }
    return name
  }

  private static func value(of attribute: String, _ outgoing: OutgoingEvent) -> String {
    let event = outgoing.event
    switch attribute {
    case "aggregatetype" where !event.aggregateType.isEmpty: return outgoing.text(event.aggregateType)
    case "aggregateid", "partitionkey": return outgoing.text(event.key)
    case "type": return outgoing.text(event.type)
    default:
      var found = ""
      outgoing.forEachAttribute { name, value in
        if name == attribute { found = String(decoding: value, as: UTF8.self) }
      }
      return found
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
