// SPDX-License-Identifier: Apache-2.0

package import Contracts
import Octets
package import PostgresWire

/// Reads a directory of contracts: `contracts.yaml`, and `TYPE/VERSION.avsc` or `TYPE/VERSION.json`.
///
/// In a directory's name `%XX` stands for a byte, so that a type may have a slash.
package struct ContractDirectory: Sendable {
  /// The file that says what the contracts are held to.
  package static let rulesFile = "contracts.yaml"

  /// The contracts, and what could not be read.
  package private(set) var catalogue = ContractCatalogue()
  /// What they are held to.
  package private(set) var rules = CompatibilityRules()

  /// Reads what lies somewhere.
  ///
  /// Errors: that it cannot be read. What is wrong in a file is a fault of the catalogue.
  ///
  /// - Parameters:
  ///   - tree: where they lie.
  ///   - mayBeEmpty: whether it is well that there are none.
  package init(_ tree: ContractTree, mayBeEmpty: Bool = false) throws(Failure) {
    for name in tree.names {
      let parts = name.split(separator: "/", omittingEmptySubsequences: false)
      let file = tree.place + name
      if name == Self.rulesFile {
        var reading = RulesReading(file)
        rules = reading.rules(try tree.text(of: name))
        for fault in reading.faults { catalogue.add(fault) }
        continue
      }
      // What editors, git and people leave beside files.
      if parts.contains(where: { $0.hasPrefix(".") }) || name.hasSuffix(".md") || name.hasSuffix("~") { continue }
      guard parts.count == 2, let type = Hexadecimal.percentDecoded(parts[0].utf8) else {
        catalogue.add(Self.stray(file))
        continue
      }
      guard let text = String(validating: type, as: UTF8.self), let version = Self.version(parts[1]) else {
        catalogue.add(Self.stray(file))
        continue
      }
      catalogue.add(type: text, version: version, file: file, text: try tree.text(of: name))
    }
    for fault in unknown(tree.place + Self.rulesFile) { catalogue.add(fault) }
    guard !mayBeEmpty, catalogue.types.isEmpty, catalogue.faults.isEmpty else { return }
    throw Failure(
      .settings, "there is no contract in \(tree.place)",
      advice: "put a type's first schema into TYPE/1.avsc or TYPE/1.json")
  }

  /// `3` of `3.avsc`: from 1, without zeros before it, so that one version has one name.
  private static func version(_ name: Substring) -> Int? {
    guard let dot = name.lastIndex(of: "."), ["avsc", "json"].contains(name[name.index(after: dot)...]) else {
      return nil
    }
    let digits = name[..<dot]
    guard (1...9).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      digits.first != "0"
    else { return nil }
    return Int(digits)
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
    return types.sorted().map {
      ContractFinding(
        .violation, file: file, rule: "\($0): there is no such type", advice: "mend its name, or take it out")
    }
      + pairs.map { "\($0.type.raw): accepted: there is no \($0.version) after \($0.before)" }.sorted().map {
        ContractFinding(.violation, file: file, rule: $0, advice: "name two versions, the newer one first")
      }
  }

  private static func stray(_ file: String) -> ContractFinding {
    ContractFinding(
      .violation, file: file, rule: "this is neither contracts.yaml nor TYPE/VERSION.avsc nor TYPE/VERSION.json",
      advice: "name it so, such as OrderPlaced/1.avsc, or take it away")
  }
}
