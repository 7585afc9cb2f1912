// SPDX-License-Identifier: Apache-2.0

/// Attributes that Avro knows. "Attributes not defined in this document are permitted as metadata", so one that is misspelt
/// does nothing, and nobody hears of it.
enum AvroAttributes {
  static let ofTypes = [
    "type", "name", "namespace", "doc", "aliases", "fields", "symbols", "default", "items", "values", "size",
    "logicalType", "precision", "scale",
  ]
  static let ofFields = ["name", "doc", "type", "default", "order", "aliases"]
}

extension AvroReading {
  /// Remarks on attributes that are none and nearly one.
  mutating func remarkAttributes(_ document: SchemaDocument, _ known: [String], _ place: Int) {
    guard case .object(let members) = document.value else { return }
    for member in members where !known.contains(member.name) && remarks.count < 100 {
      let near = known.first { Likeness.isNear(member.name, $0) }
      guard let near, document[near] == nil else { continue }
      remark(
        places.member(member.name, of: place, member.value),
        "this is no attribute of Avro, so it has no effect: \(near) may be meant")
    }
  }
}
