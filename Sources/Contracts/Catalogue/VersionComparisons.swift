// SPDX-License-Identifier: Apache-2.0

import Octets

/// Compares the versions of one type.
///
/// Pairs of versions grow by the square, so what all of them may take together is bounded; what is left out is told.
package struct VersionComparisons {
  /// What may be spent on each type: some seconds.
  package static let effort = Effort(60_000_000)

  private struct Texts: Hashable {
    var reader: Int
    var writer: Int
    /// Whether the reader's is the older one.
    var isOlder = false
  }

  private let rules: CompatibilityRules
  private let mode: Compatibility
  private var effort: Effort
  /// Each text's number: versions may go back to an earlier one.
  private var numbers: [[UInt8]: Int] = [:]
  private var hasTwins = false
  private var known: [Texts: [Obstacle]] = [:]
  /// The newest version that has pairs which were left out, and how many there are in all.
  private var last: Contract?
  private var leftOut = 0

  init(_ rules: CompatibilityRules, _ mode: Compatibility, _ effort: Effort) {
    (self.rules, self.mode, self.effort) = (rules, mode, effort)
  }

  /// What is wrong between each version and those before it, for each version.
  mutating func findings(_ versions: [Contract]) -> [[ContractFinding]] {
    let texts = versions.map { number(of: $0.text) }
    hasTwins = numbers.count < texts.count
    var findings: [[ContractFinding]] = []
    // The newest first, for those before it were checked before.
    for new in versions.indices.reversed() {
      var found: [[ContractFinding]] = []
      for old in (mode.isTransitive ? 0..<new : max(new - 1, 0)..<new).reversed() {
        found.append(between(versions[new], versions[old], Texts(reader: texts[new], writer: texts[old])))
      }
      findings.append(found.reversed().flatMap(\.self))
    }
    return findings.reversed()
  }

  /// The number of a text, which gets one when it is new.
  private mutating func number(of text: [UInt8]) -> Int {
    let number = numbers[text] ?? numbers.count
    numbers[text] = number
    return number
  }

  /// What keeps a version from following another.
  private mutating func between(_ new: Contract, _ old: Contract, _ texts: Texts) -> [ContractFinding] {
    let reading = mode.readsOld ? obstacles(new, old, texts, reads: true) : []
    let beingRead =
      mode.isReadByOld
      ? obstacles(
        new, old, Texts(reader: texts.writer, writer: texts.reader, isOlder: true), reads: false) : []
    var doubts = Set(reading.filter { !$0.isProved }.map { [$0.path, $0.rule] })
    // Of what nobody can tell in either direction it is enough to hear once.
    return reading.compactMap { finding($0, new, old, reads: true) }
      + beingRead.compactMap { obstacle in
        guard obstacle.isProved || doubts.insert([obstacle.path, obstacle.rule]).inserted else { return nil }
        return finding(obstacle, new, old, reads: false)
      }
  }

  private func isAccepted(_ new: Contract, _ old: Contract) -> Bool {
    rules.accepted.contains(.init(type: new.type, version: new.version, before: old.version))
  }

  private mutating func obstacles(_ new: Contract, _ old: Contract, _ texts: Texts, reads: Bool) -> [Obstacle] {
    if let obstacles = obstacles(reads ? new : old, reading: reads ? old : new, texts) { return obstacles }
    if !isAccepted(new, old) { (last, leftOut) = (last ?? new, leftOut + 1) }
    return []
  }

  private func finding(_ obstacle: Obstacle, _ new: Contract, _ old: Contract, reads: Bool) -> ContractFinding? {
    let isAccepted = isAccepted(new, old)
    if !obstacle.isProved, isAccepted { return nil }
    var advice = reads ? obstacle.advice : obstacle.writersAdvice
    switch (obstacle.isProved, reads) {
    case (false, _):
      advice +=
        ", and if it is right, write accepted: [\(new.version) after \(old.version)] below \(new.type) "
        + "in contracts.yaml"
    case (true, true): break
    case (true, false):
      let other = mode.isTransitive ? Compatibility.backwardTransitive : .backward
      advice += ", or set the mode to \(other.rawValue): \(old.version) cannot be changed once it is published"
    }
    if obstacle.isProved, isAccepted { advice += "; accepted does not count, since this is proved" }
    let direction = reads ? "cannot read what \(old.version) wrote" : "cannot be read by \(old.version)"
    var finding = ContractFinding(
      obstacle.isProved ? .violation : .unknown, "\(reads ? "backward" : "forward")/\(obstacle.code.rawValue)",
      file: new.file, rule: "\(direction): \(obstacle.rule)", advice: advice)
    (finding.type, finding.version, finding.other, finding.path) = (new.type, new.version, old.version, obstacle.path)
    return finding
  }

  /// What keeps one from reading another; nil when there is no effort left.
  private mutating func obstacles(_ reader: Contract, reading writer: Contract, _ texts: Texts) -> [Obstacle]? {
    if let obstacles = known[texts] { return obstacles }
    guard !effort.isSpent else { return nil }
    let obstacles = reader.obstacles(reading: writer, isOlder: texts.isOlder, rules, effort: &effort)
    // Where it was broken off, that is all that is known.
    guard !effort.isSpent || obstacles.contains(where: \.isProved) else { return nil }
    if hasTwins { known[texts] = obstacles }
    return obstacles
  }

  /// What is told of pairs that were left out.
  var rest: [ContractFinding] {
    guard let last else { return [] }
    var finding = ContractFinding(
      .unknown, "size", file: last.file,
      rule: "\(leftOut) comparisons of this and earlier versions are left out, for all together are too large",
      advice: "hold the type to a mode that is not transitive, or go on with a new type")
    (finding.type, finding.version) = (last.type, last.version)
    return [finding]
  }
}
