// SPDX-License-Identifier: Apache-2.0

package import Octets

/// All contracts of a directory, and what of it could not be read.
package struct ContractCatalogue: Sendable {
  /// The versions of each type, the oldest first. Types are told apart by their names' bytes, as an event's is.
  package private(set) var types: [ForeignText: [Contract]] = [:]
  /// What could not be read.
  package private(set) var faults: [ContractFinding] = []

  package init() {}

  /// Takes a file's text as a version of a type, or a fault.
  package mutating func add(type: String, version: Int, file: String, text: [UInt8]) {
    do throws(SchemaFault) {
      let contract = try Contract(type: type, version: version, file: file, text: text)
      var versions = types[ForeignText(type)] ?? []
      if let twin = versions.first(where: { $0.version == version }) {
        throw SchemaFault("", "version \(version) is in \(twin.file) too", advice: "keep one of the two")
      }
      versions.append(contract)
      types[ForeignText(type)] = versions.sorted { $0.version < $1.version }
    } catch {
      var fault = ContractFinding(
        .violation, "schema", file: file, line: error.line, rule: error.problem, advice: error.advice)
      (fault.type, fault.version, fault.path) = (type, version, error.path)
      faults.append(fault)
    }
  }

  /// Takes note of what is no contract.
  package mutating func add(_ fault: ContractFinding) { faults.append(fault) }

  /// The versions of a type that could not be read.
  package func unreadVersions(of type: ForeignText) -> [Int] {
    faults.filter { $0.type.map(ForeignText.init) == type }.compactMap(\.version)
  }

  /// What was changed or taken away of contracts that others may have by now.
  package func changes(since committed: ContractCatalogue) -> [ContractFinding] {
    var findings: [ContractFinding] = []
    for (type, versions) in committed.types.inOrder {
      for old in versions {
        let new = types[type]?.first { $0.version == old.version }
        // What cannot be read is told already.
        if new == nil, unreadVersions(of: type).contains(old.version) { continue }
        guard new.map({ !$0.isSame(as: old) }) ?? true else { continue }
        var finding = ContractFinding(
          .violation, new == nil ? "taken-away" : "changed", file: new?.file ?? old.file,
          rule: new == nil ? "this version was taken away" : "this version was changed after it was published",
          advice: "put it back as it was, and make a new version")
        (finding.type, finding.version) = (type.raw, old.version)
        findings.append(finding)
      }
    }
    return findings
  }
}

extension [ForeignText: [Contract]] {
  var inOrder: [(key: ForeignText, value: [Contract])] {
    sorted { $0.key.raw.utf8.lexicographicallyPrecedes($1.key.raw.utf8) }
  }
}

extension ForeignText {
  /// With all that is not ASCII escaped.
  var spelled: String {
    raw.unicodeScalars.map { $0.isASCII ? ForeignText(String($0)).description : $0.jsonEscape }.joined()
  }
}
