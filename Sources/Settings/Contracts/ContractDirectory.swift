// SPDX-License-Identifier: Apache-2.0

package import Contracts
import Octets
package import PostgresWire

/// Reads a directory of contracts: `contracts.yaml`, and `TYPE/VERSION.avsc`, `TYPE/VERSION.json` or `TYPE/VERSION.binpb`.
///
/// A `.proto` file may lie beside what was made from it.
///
/// In a directory's name `%XX` stands for a byte, so that a type may have a slash.
package struct ContractDirectory: Sendable {
  /// The file that says what the contracts are held to.
  package static let rulesFile = "contracts.yaml"

  /// The contracts, and what could not be read.
  package private(set) var catalogue = ContractCatalogue()
  /// What they are held to.
  package private(set) var rules = CompatibilityRules()

  private var lines = RulesReading.Lines()

  /// Reads what lies somewhere.
  ///
  /// Errors: that it cannot be read, or has no contracts. What is wrong in a file is a fault of the catalogue.
  ///
  /// - Parameters:
  ///   - tree: where they lie.
  ///   - mayBeEmpty: whether it is well that there is nothing at all.
  package init(_ tree: ContractTree, mayBeEmpty: Bool = false) throws(Failure) {
    var strays: [ContractFinding] = []
    for name in tree.names {
      let parts = name.split(separator: "/", omittingEmptySubsequences: false)
      let file = tree.place + name
      if name == Self.rulesFile {
        var reading = RulesReading(file)
        rules = reading.rules(try tree.text(of: name))
        lines = reading.lines
        for fault in reading.faults { catalogue.add(fault) }
        continue
      }
      // What editors, git and people leave beside files.
      if parts.contains(where: { $0.hasPrefix(".") }) || name.hasSuffix(".md") || name.hasSuffix("~") { continue }
      guard parts.count == 2, let type = Hexadecimal.percentDecoded(parts[0].utf8),
        let text = String(validating: type, as: UTF8.self), let version = StrayContract.version(parts[1])
      else {
        if ProtobufSource(parts, file).isDescribed(in: tree.names) { continue }
        strays.append(StrayContract(parts, file).finding)
        continue
      }
      catalogue.add(type: text, version: version, file: file, text: try tree.text(of: name))
    }
    let hasContracts = !catalogue.types.isEmpty || catalogue.faults.contains { $0.type != nil }
    if !hasContracts, !strays.isEmpty, let advice = StrayContract.advice(for: tree.names, in: tree.place) {
      throw Failure(.settings, "there is no contract in \(tree.place)", advice: advice)
    }
    for stray in strays { catalogue.add(stray) }
    for fault in unknown(tree.place + Self.rulesFile) { catalogue.add(fault) }
    guard catalogue.types.isEmpty, catalogue.faults.isEmpty, !mayBeEmpty else { return }
    throw Failure(
      .settings, "there is no contract in \(tree.place)",
      advice: "put a type's first schema into TYPE/1.avsc, TYPE/1.json or TYPE/1.binpb")
  }

  /// Reads what contracts are compared with, that others may have by now: nothing at all is well, other files than
  /// contracts are not, or naming the wrong place would turn the comparison off.
  package init(baseline tree: ContractTree) throws(Failure) {
    try self.init(tree, mayBeEmpty: true)
    guard catalogue.types.isEmpty, let fault = catalogue.faults.first(where: { $0.code == StrayContract.code }) else {
      return
    }
    throw Failure(
      .settings, "what to compare with has no contracts: \(fault.file)",
      advice: "name the directory that has a directory for each type, or a commit that git knows")
  }

  /// What the rules name and is not there, so that a slip of the pen loosens nothing.
  private func unknown(_ file: String) -> [ContractFinding] {
    func has(_ type: ForeignText, _ version: Int? = nil) -> Bool {
      let versions = catalogue.types[type]?.map(\.version) ?? []
      let unread = catalogue.unreadVersions(of: type)
      return version.map((versions + unread).contains) ?? !(versions + unread).isEmpty
    }
    let types = rules.types.filter { !has($0) }.map(\.raw)
    let pairs = rules.accepted.filter { pair in
      has(pair.type) && !(has(pair.type, pair.version) && has(pair.type, pair.before) && pair.before < pair.version)
    }
    return types.sorted().map { type in
      let decoded = Hexadecimal.percentDecoded(type.utf8).map { String(decoding: $0, as: UTF8.self) }
      let isEncoded = decoded.map { ForeignText($0) != ForeignText(type) && has(ForeignText($0)) } == true
      return ContractFinding(
        .violation, "rules", file: file, line: lines.types[type], rule: "\(type): there is no such type",
        advice: isEncoded
          ? "here a type is written as it is: \(decoded ?? type)" : "correct its name, or take it out")
    }
      + pairs.sorted { lines.accepted[$0] ?? 0 < lines.accepted[$1] ?? 0 }.map { pair in
        ContractFinding(
          .violation, "rules", file: file, line: lines.accepted[pair],
          rule: "\(pair.type.raw): accepted: there is no \(pair.version) after \(pair.before)",
          advice: "name two versions that are there, the newer one first")
      }
  }
}
