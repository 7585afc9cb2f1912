// SPDX-License-Identifier: Apache-2.0

import Octets

/// What is wrong with contracts in themselves, and between the versions of each type.
extension ContractCatalogue {
  ///
  /// - Parameters:
  ///   - rules: What they are held to.
  ///   - effort: What may be spent on comparing the versions of each type.
  package func findings(
    _ rules: CompatibilityRules, effort: Effort = VersionComparisons.effort
  ) -> [ContractFinding] {
    var findings = faults
    findings += lookalikes
    for (type, versions) in types.inOrder {
      var comparisons = VersionComparisons(rules, rules.compatibility(of: type), effort)
      var last = 0
      for (contract, between) in zip(versions, comparisons.findings(versions)) {
        findings += Self.remarks(contract)
        findings += gap(before: contract, after: last)
        findings += between
        last = contract.version
      }
      findings += comparisons.rest
    }
    return findings
  }

  /// Remarks on names that look like another type's: file systems write some letters in two ways.
  private var lookalikes: [ContractFinding] {
    // To Swift, strings that look alike are equal.
    let groups = Dictionary(grouping: types.inOrder, by: \.key.raw)
    return types.inOrder.compactMap { type, versions in
      guard let twin = groups[type.raw]?.first(where: { $0.key != type }), let first = versions.first else {
        return nil
      }
      return ContractFinding(
        .remark, "lookalike", file: first.file,
        rule: "\(type.spelled) looks like the type \(twin.key.spelled), and types are told apart by their bytes",
        advice: "name one directory as events have it, and take the other away")
    }
  }

  /// Of which contracts data can be larger than somebody wants.
  package func largerThan(_ most: Int) -> [ContractFinding] {
    types.inOrder.flatMap(\.value).compactMap { contract in
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
    let unread = unreadVersions(of: ForeignText(contract.type)).contains { $0 > last && $0 < contract.version }
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
