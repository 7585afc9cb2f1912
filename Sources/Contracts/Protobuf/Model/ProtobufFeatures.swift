// SPDX-License-Identifier: Apache-2.0

/// What holds for a file, a message, a field or an enum where it says nothing else itself.
///
/// Source: Protocol Buffers, "Feature Settings for Editions". proto2 and proto3 are read as editions with other defaults.
struct ProtobufFeatures: Hashable, Sendable {
  enum Presence: Int, Hashable, Sendable {
    case explicit = 1
    case implicit = 2
    case legacyRequired = 3
  }

  var presence: Presence
  var hasClosedEnums: Bool
  var isDelimited = false
  /// Whether numbers that are repeated are written in one piece.
  var isPacked: Bool
  var allowsJSON: Bool

  /// The defaults of an edition, by its number; nil for one that nothing is known of.
  init?(edition: Int) {
    switch edition {
    case Self.proto2: (presence, hasClosedEnums, allowsJSON, isPacked) = (.explicit, true, false, false)
    case Self.proto3: (presence, hasClosedEnums, allowsJSON, isPacked) = (.implicit, false, true, true)
    case 1000, 1001: (presence, hasClosedEnums, allowsJSON, isPacked) = (.explicit, false, true, true)
    default: return nil
    }
  }

  static let proto2 = 998
  static let proto3 = 999

  /// Takes over what a set of features says.
  mutating func apply(_ parts: ProtobufParts) {
    if let found = parts.integer(1).flatMap(Presence.init) { presence = found }
    if let found = parts.integer(2) { hasClosedEnums = found == 2 }
    if let found = parts.integer(3) { isPacked = found == 1 }
    if let found = parts.integer(5) { isDelimited = found == 2 }
    if let found = parts.integer(6) { allowsJSON = found == 1 }
  }
}
