// SPDX-License-Identifier: Apache-2.0

import Octets

/// What is written about contracts for those who read events: all types, and of each all versions.
///
/// The same contracts make the same documents, byte by byte.
package struct ContractDocuments: Sendable {
  /// A version of a type.
  package struct Version: Sendable {
    /// The contract.
    package let contract: Contract
    /// What its data consists of.
    package let outline: SchemaOutline
    /// The version before it; nil for the first.
    package let before: Int?
    /// What is another thing than in the version before.
    package let changes: [OutlineChange]
    /// What keeps it from going together with versions before it.
    package let findings: [ContractFinding]
    /// Data that keeps it; nil where none was found.
    package let example: SchemaDocument?
    /// Its `.proto` file; nil without one.
    package let source: String?

    /// Its place in documents, among versions.
    var key: String { "\(DocumentKey.of(contract.type))-\(contract.version)" }
  }

  /// A type of event.
  package struct EventType: Sendable {
    /// Its name.
    package let name: String
    /// What its versions are held to.
    package let compatibility: Compatibility
    /// Its versions, the newest first.
    package let versions: [Version]

    /// Its place in documents, among types.
    var key: String { DocumentKey.of(name) }
  }

  /// That contracts are too large to be documented.
  package struct TooLarge: Error {
    /// The most bytes of a document.
    package static let most = 64 << 20

    init() {}
  }

  /// What the documents are called.
  package let title: String
  /// Their version.
  package let version: String
  /// The most bytes of a document.
  let most: Int
  /// All types, in the order of their names' bytes.
  package let types: [EventType]

  /// Looks at contracts, and makes examples.
  ///
  /// - Parameters:
  ///   - catalogue: The contracts.
  ///   - rules: What they are held to.
  ///   - title: What the documents are called.
  ///   - version: Their version.
  ///   - sources: The `.proto` files of contracts, by the contracts' files.
  ///   - most: The most bytes of a document, and of all contracts together.
  package init(
    _ catalogue: ContractCatalogue, _ rules: CompatibilityRules, title: String, version: String,
    sources: [String: String], most: Int = TooLarge.most
  ) throws(TooLarge) {
    (self.title, self.version, self.most) = (title, version, most)
    var types: [EventType] = []
    var bytes = 0
    let findings = Dictionary(grouping: catalogue.findings(rules).filter(\.isFatal)) { ForeignText($0.type ?? "") }
    for (type, contracts) in catalogue.types.inOrder {
      var versions: [Version] = []
      var last: (number: Int, outline: SchemaOutline)?
      for contract in contracts {
        let outline = SchemaOutline(contract)
        let source = sources[contract.file]
        bytes += contract.text.count + (source?.utf8.count ?? 0)
        guard bytes <= most else { throw TooLarge() }
        versions.append(
          Version(
            contract: contract, outline: outline, before: last?.number,
            changes: last.map { OutlineChange.between($0.outline, outline) } ?? [],
            findings: findings[type]?.filter { $0.version == contract.version } ?? [],
            example: ExampleData.of(contract), source: source))
        last = (contract.version, outline)
      }
      types.append(
        EventType(name: type.raw, compatibility: rules.compatibility(of: type), versions: versions.reversed()))
    }
    self.types = types
  }
}
