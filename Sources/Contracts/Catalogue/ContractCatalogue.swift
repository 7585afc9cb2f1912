// SPDX-License-Identifier: Apache-2.0

/// All contracts of a directory, and what of it could not be read.
package struct ContractCatalogue: Sendable {
  /// The versions of each type, the oldest first.
  package private(set) var types: [String: [Contract]] = [:]
  /// What could not be read.
  package private(set) var faults: [ContractFinding] = []

  package init() {}

  /// Takes a file's text as a version of a type, or a fault.
  package mutating func add(type: String, version: Int, file: String, text: [UInt8]) {
    do throws(SchemaFault) {
      let contract = try Contract(type: type, version: version, file: file, text: text)
      var versions = types[type] ?? []
      if let twin = versions.first(where: { $0.version == version }) {
        throw SchemaFault("", "version \(version) is in \(twin.file) too", advice: "keep one of the two")
      }
      versions.append(contract)
      types[type] = versions.sorted { $0.version < $1.version }
    } catch {
      var fault = ContractFinding(
        .violation, "schema", file: file, line: error.line, rule: error.problem, advice: error.advice)
      (fault.type, fault.version, fault.path) = (type, version, error.path)
      faults.append(fault)
    }
  }

  /// Takes note of what is no contract.
  package mutating func add(_ fault: ContractFinding) { faults.append(fault) }

  /// What was changed or taken away of contracts that others may have by now.
  package func changes(since committed: ContractCatalogue) -> [ContractFinding] {
    var findings: [ContractFinding] = []
    for (type, versions) in committed.types.sorted(by: { $0.key < $1.key }) {
      for old in versions {
        let new = types[type]?.first { $0.version == old.version }
        // What cannot be read is told already.
        if new == nil, faults.contains(where: { $0.type == type && $0.version == old.version }) { continue }
        guard new.map({ !$0.isSame(as: old) }) ?? true else { continue }
        var finding = ContractFinding(
          .violation, new == nil ? "taken-away" : "changed", file: new?.file ?? old.file,
          rule: new == nil ? "this version was taken away" : "this version was changed after it was published",
          advice: "put it back as it was, and make a new version")
        (finding.type, finding.version) = (type, old.version)
        findings.append(finding)
      }
    }
    return findings
  }
}
