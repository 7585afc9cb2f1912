// SPDX-License-Identifier: Apache-2.0

/// What is wrong with contracts in themselves, and between the versions of each type.
extension ContractCatalogue {
  package func findings(_ rules: CompatibilityRules) -> [ContractFinding] {
    var findings = faults
    for (type, versions) in types.sorted(by: { $0.key < $1.key }) {
      for (index, contract) in versions.enumerated() {
        findings += Self.remarks(contract)
        findings += gap(before: contract, after: index > 0 ? versions[index - 1].version : 0)
        let compatibility = rules.compatibility(of: type)
        let before = compatibility.isTransitive ? versions[..<index] : versions[..<index].suffix(1)
        for old in before { findings += Comparison(old: old, new: contract, rules: rules).findings() }
      }
    }
    return findings
  }

  /// Of which contracts data can be larger than somebody wants.
  package func largerThan(_ most: Int) -> [ContractFinding] {
    types.sorted { $0.key < $1.key }.flatMap(\.value).compactMap { contract in
      let (path, rule): (String, String)
      switch contract.schema.largest {
      case .bytes(let bytes):
        guard bytes > most else { return nil }
        (path, rule) = ("", "its data can have \(bytes) bytes, and \(most) are wanted")
      case .unbounded(let place): (path, rule) = (place, "its data can have any size: this has no bound, as the first")
      }
      var finding = ContractFinding(
        .remark, "size", file: contract.file, rule: rule,
        advice: "bound it where the format can, or let the relay tell of events that are larger")
      (finding.type, finding.version, finding.path) = (contract.type, contract.version, path)
      return finding
    }
  }

  private static func remarks(_ contract: Contract) -> [ContractFinding] {
    contract.remarks.map { remark in
      var finding = ContractFinding(
        .remark, remark.code, file: contract.file, rule: remark.words, advice: "leave it if it is meant")
      (finding.type, finding.version, finding.path) = (contract.type, contract.version, remark.path)
      return finding
    }
  }

  /// Versions that are not there, though a later one is; what cannot be read is told already.
  private func gap(before contract: Contract, after last: Int) -> [ContractFinding] {
    let unread = faults.contains { fault in
      fault.type == contract.type && fault.version.map { $0 > last && $0 < contract.version } == true
    }
    guard contract.version > last + 1, !unread else { return [] }
    let missing = contract.version == last + 2 ? "\(last + 1) is" : "\(last + 1) to \(contract.version - 1) are"
    var finding = ContractFinding(
      .remark, "gap", file: contract.file,
      rule: "\(missing) missing " + (last > 0 ? "between \(last) and \(contract.version)" : "before it"),
      advice: "leave it if it was never published, else put it back: events may have it as their version")
    (finding.type, finding.version) = (contract.type, contract.version)
    return [finding]
  }
}

/// Two versions of a type, of which one follows the other.
private struct Comparison {
  var old: Contract
  var new: Contract
  var rules: CompatibilityRules

  private var mode: Compatibility { rules.compatibility(of: new.type) }

  /// What keeps the newer from following the older.
  func findings() -> [ContractFinding] {
    let isStrict = rules.isStrict(for: new.type)
    let reading = mode.readsOld ? new.obstacles(reading: old, isStrict: isStrict) : []
    let beingRead = mode.isReadByOld ? old.obstacles(reading: new, isStrict: isStrict) : []
    var doubts = Set(reading.filter { !$0.isProved }.map { [$0.path, $0.rule] })
    // Of what nobody can tell in either direction it is enough to hear once.
    return reading.compactMap { finding($0, reads: true) }
      + beingRead.compactMap { obstacle in
        guard obstacle.isProved || doubts.insert([obstacle.path, obstacle.rule]).inserted else { return nil }
        return finding(obstacle, reads: false)
      }
  }

  private func finding(_ obstacle: Obstacle, reads: Bool) -> ContractFinding? {
    let isAccepted = rules.accepted.contains(.init(type: new.type, version: new.version, before: old.version))
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
}
