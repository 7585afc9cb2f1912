// SPDX-License-Identifier: Apache-2.0

import Octets

/// What is another thing in a version than in the one before it.
package struct OutlineChange: Hashable, Sendable {
  /// Of what kind.
  package enum Kind: String, Hashable, Sendable {
    case added, removed, changed
  }

  package var kind: Kind
  /// The field; empty for the whole.
  package var path: String
  /// What changed, in words; the type of what was added or removed.
  package var words: String

  /// What changed, in the order of the newer version's fields, with what was removed at the end. What lies within something
  /// that was added or removed is not told by itself.
  static func between(_ old: SchemaOutline, _ new: SchemaOutline) -> [OutlineChange] {
    let before = Dictionary(old.fields.map { (ForeignText($0.path), $0) }) { first, _ in first }
    let names = Set(new.fields.map { ForeignText($0.path) })
    var changes: [OutlineChange] = []
    if old.type != new.type {
      changes.append(OutlineChange(kind: .changed, path: "", words: "type \(old.type) → \(new.type)"))
    }
    var last = ""
    for field in new.fields {
      guard let other = before[ForeignText(field.path)] else {
        if isWithin(field.path, last) { continue }
        last = field.path
        changes.append(OutlineChange(kind: .added, path: field.path, words: described(field)))
        continue
      }
      let words = differences(other, field)
      guard !words.isEmpty else { continue }
      changes.append(OutlineChange(kind: .changed, path: field.path, words: words.joined(separator: "; ")))
    }
    last = ""
    for field in old.fields where !names.contains(ForeignText(field.path)) && !isWithin(field.path, last) {
      last = field.path
      changes.append(OutlineChange(kind: .removed, path: field.path, words: field.type))
    }
    return changes
  }

  /// Whether a field lies within another.
  private static func isWithin(_ path: String, _ outer: String) -> Bool {
    guard !outer.isEmpty, path.utf8.starts(with: outer.utf8) else { return false }
    return path.utf8.dropFirst(outer.utf8.count).first.map { ".[{(".utf8.contains($0) } ?? false
  }

  private static func described(_ field: SchemaOutline.Field) -> String {
    let state = field.isRequired ? "required" : "optional"
    return "\(field.type), \(state)" + (field.defaultText.map { ", default \($0)" } ?? "")
  }

  private static func differences(_ old: SchemaOutline.Field, _ new: SchemaOutline.Field) -> [String] {
    var words: [String] = []
    if old.type != new.type { words.append("type \(old.type) → \(new.type)") }
    if old.isRequired != new.isRequired { words.append(new.isRequired ? "now required" : "no longer required") }
    if old.defaultText != new.defaultText {
      words.append("default \(old.defaultText ?? "none") → \(new.defaultText ?? "none")")
    }
    let (before, after) = (Set(old.symbols.map(ForeignText.init)), Set(new.symbols.map(ForeignText.init)))
    let added = new.symbols.filter { !before.contains(ForeignText($0)) }
    let removed = old.symbols.filter { !after.contains(ForeignText($0)) }
    if !added.isEmpty { words.append("values added: \(listed(added))") }
    if !removed.isEmpty { words.append("values removed: \(listed(removed))") }
    if old.rules != new.rules {
      words.append("rules \(old.rules.isEmpty ? "none" : old.rules) → \(new.rules.isEmpty ? "none" : new.rules)")
    }
    return words
  }

  private static func listed(_ names: [String]) -> String {
    (names.prefix(12) + (names.count > 12 ? ["…"] : [])).joined(separator: ", ")
  }
}
