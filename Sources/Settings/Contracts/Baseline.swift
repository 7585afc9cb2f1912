// SPDX-License-Identifier: Apache-2.0

package import Contracts
package import PostgresWire

/// What a directory of contracts is compared with: another directory, or what git has of it at a commit.
package struct Baseline: Sendable {
  private let name: String
  private let directory: String
  private let contracts: ContractDirectory
  /// Whether the name is that of a directory and of a commit.
  private let isAmbiguous: Bool
  private let isCommit: Bool

  package init(_ name: String, of directory: String) throws(Failure) {
    (self.name, self.directory) = (name, directory)
    let isDirectory = ContractTree.isDirectory(name)
    if !isDirectory, ContractTree.isPath(name) {
      throw Failure(
        .settings, "cannot read the contracts in \(name): there is no such directory",
        advice: "name a directory that is there, or a commit that git knows")
    }
    isCommit = !isDirectory
    isAmbiguous = isDirectory && !ContractTree.isPath(name) && ContractGit(directory).knows(name)
    contracts = try ContractDirectory(
      baseline: isDirectory ? ContractTree(directory: name) : ContractTree(directory: directory, at: name))
  }

  /// What has changed since, and what could not be compared.
  package func findings(_ catalogue: ContractCatalogue) -> [ContractFinding] {
    var findings: [ContractFinding] = []
    if isAmbiguous {
      findings.append(
        remark(
          name, "this is a directory and a commit that git knows: the directory was compared with",
          "name the directory ./\(name), or the commit in another way, such as refs/heads/\(name)"))
    }
    let old = contracts.catalogue
    if old.types.isEmpty, old.faults.isEmpty {
      let count = catalogue.types.values.reduce(0) { $0 + $1.count }
      findings.append(
        remark(
          name, "there are no contracts" + (isCommit ? " in \(directory)" : ""),
          count == 1
            ? "the one version here counts as new"
            : "all \(count) versions here count as new: see that it is the right place"))
    }
    // What cannot be read there cannot be compared, and nobody should take it for unchanged.
    findings += old.faults.map { fault in
      var finding = remark(
        fault.file, "not compared, since it cannot be used there: \(fault.rule)", "nothing, where it was mended since")
      (finding.line, finding.type, finding.version, finding.path) = (fault.line, fault.type, fault.version, fault.path)
      return finding
    }
    return findings
      + catalogue.changes(since: old).map { change in
        var change = change
        if change.code == "taken-away", isCommit {
          change.advice = "put it back: git checkout \(name) -- \(change.file.dropFirst(name.count + 1))"
        }
        return change
      }
  }

  private func remark(_ file: String, _ rule: String, _ advice: String) -> ContractFinding {
    ContractFinding(.remark, "against", file: file, rule: rule, advice: advice)
  }
}
