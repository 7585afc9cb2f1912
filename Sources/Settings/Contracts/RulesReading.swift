// SPDX-License-Identifier: Apache-2.0

import Contracts
import Octets

/// Reads `contracts.yaml`.
///
///     compatibility: backward_transitive
///     strict: false
///     protobuf: wire_json
///     types:
///       OrderPlaced:
///         compatibility: full
///         accepted: [3 after 2]
struct RulesReading {
  private let file: String
  private(set) var faults: [ContractFinding] = []
  private(set) var lines = Lines()

  /// Where things stand that nobody but the directory can tell whether they are there.
  struct Lines: Sendable {
    var types: [String: Int] = [:]
    var accepted: [CompatibilityRules.Accepted: Int] = [:]
  }

  init(_ file: String) { self.file = file }

  mutating func rules(_ text: [UInt8]) -> CompatibilityRules {
    var rules = CompatibilityRules()
    guard text.count <= FileReading.longest, let text = String(validating: text, as: UTF8.self) else {
      add(FilePosition(), "it is no text of up to 1 MiB", "write YAML")
      return rules
    }
    let (node, mistakes) = FileReading.parse(text)
    for mistake in mistakes {
      add(mistake.position, mistake.text, "correct the YAML there: KEY: VALUE, lists as [a, b]")
    }
    guard let node, !node.isNothing else { return rules }
    guard let members = node.members else {
      add(node.position, "a map is wanted", "write compatibility: backward_transitive")
      return rules
    }
    for member in members {
      switch member.name {
      case "compatibility": if let found = compatibility(member.node) { rules.standard = found }
      case "strict": if let found = truth(member) { rules.isStrict = found }
      case "protobuf": if let found = protobuf(member.node) { rules.protobuf = found }
      case "types":
        guard let types = member.node.members else {
          add(member.position, "types: a map is wanted", "write a type's name, and what holds for it below")
          continue
        }
        for type in types { read(type, to: &rules) }
      default:
        add(member.position, "\(member.name): there is no such key", "write compatibility, strict, protobuf or types")
      }
    }
    return rules
  }

  private mutating func read(_ type: FileNode.Member, to rules: inout CompatibilityRules) {
    guard let members = type.node.members else {
      return add(type.position, "\(type.name): a map is wanted", "write compatibility, strict or accepted below it")
    }
    lines.types[type.name] = type.position.line
    for member in members {
      switch member.name {
      case "compatibility": if let found = compatibility(member.node) { rules.byType[ForeignText(type.name)] = found }
      case "strict": rules.strictByType[ForeignText(type.name)] = truth(member)
      case "accepted":
        for part in member.node.parts ?? [member.node] { accept(part, of: type.name, in: &rules) }
      default: add(member.position, "\(member.name): there is no such key", "write compatibility, strict or accepted")
      }
    }
  }

  private mutating func accept(_ part: FileNode, of type: String, in rules: inout CompatibilityRules) {
    let words = (part.text ?? "").split(separator: " ")
    guard words.count == 3, words[1] == "after", let version = Self.version(words[0]),
      let before = Self.version(words[2])
    else {
      return add(
        part.position, "accepted: this is no pair of versions", "write accepted: [3 after 2]")
    }
    let pair = CompatibilityRules.Accepted(type: type, version: version, before: before)
    guard rules.accepted.insert(pair).inserted else {
      return add(part.position, "accepted: \(version) after \(before) is there twice", "take one of them out")
    }
    lines.accepted[pair] = part.position.line
  }

  /// As files have them, without zeros before it.
  private static func version(_ text: Substring) -> Int? {
    guard let number = Int(text), number > 0, "\(number)" == text else { return nil }
    return number
  }

  private mutating func truth(_ member: FileNode.Member) -> Bool? {
    if let found = member.node.truth { return found }
    add(member.position, "\(member.name): this is neither true nor false", "write true or false")
    return nil
  }

  private mutating func compatibility(_ node: FileNode) -> Compatibility? {
    if let text = node.text, let found = Compatibility(rawValue: text.lowercased()) { return found }
    add(
      node.position, "compatibility: there is no such one",
      "write one of \(Compatibility.allCases.map(\.rawValue).joined(separator: ", "))")
    return nil
  }

  private mutating func protobuf(_ node: FileNode) -> ProtobufRules? {
    if let text = node.text, let found = ProtobufRules(rawValue: text.lowercased()) { return found }
    add(
      node.position, "protobuf: there is no such one",
      "write one of \(ProtobufRules.allCases.map(\.rawValue).joined(separator: ", "))")
    return nil
  }

  private mutating func add(_ position: FilePosition, _ rule: String, _ advice: String) {
    faults.append(ContractFinding(.violation, "rules", file: file, line: position.line, rule: rule, advice: advice))
  }
}
