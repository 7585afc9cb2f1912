// SPDX-License-Identifier: Apache-2.0

package import Contracts
package import Delivery
package import IntegrationEvents
package import PostgresWire

/// What events are held to before they leave.
public struct ContractSettings: Hashable, Sendable {
  /// The directory of the contracts. Default: none, and nothing is looked at.
  public var directory: String?
  /// Whether an event that breaks its contract leaves all the same, and is only told. Default: no.
  public var warnsOnly = false
  /// What `dataschema` begins with, a URI: `BASE/TYPE/VERSION`. Default: none, and it is not set.
  public var schemaBase: String?
  /// How large an event's data may be before it is told that it is larger; it leaves all the same. Default: nobody is told.
  public var maxPayload: ByteSize?
  /// In which encoding data leaves. Default: as it stands in the row.
  package var encoding: DataFormat?
  /// Which registry knows the contracts as schemas.
  public var registry = RegistrySettings()

  /// Makes settings with the defaults.
  public init() {}

  /// Refuses what cannot work, before anything is opened.
  func validate() throws(Failure) {
    guard directory != nil else {
      if warnsOnly { throw .setting("contracts.contracts-policy", "needs \(setting: "contracts", "DIRECTORY")") }
      if schemaBase != nil { throw .setting("contracts.dataschema-base", "needs \(setting: "contracts", "DIRECTORY")") }
      if maxPayload != nil { throw .setting("contracts.max-payload", "needs \(setting: "contracts", "DIRECTORY")") }
      return
    }
    if directory == "" { throw .setting("contracts", "it is empty") }
    if let schemaBase { try validate(schemaBase) }
  }

  private func validate(_ base: String) throws(Failure) {
    guard EventSource.isURI(base.utf8) else {
      throw .setting("contracts.dataschema-base", "is not an absolute URI, with its scheme")
    }
    // Type and version are put behind it.
    if base.contains("?") || base.contains("#") {
      throw .setting("contracts.dataschema-base", "has a query or a fragment; name what stands before it")
    }
    let authority = base.split(separator: "/", omittingEmptySubsequences: false).dropFirst(2).first ?? ""
    if base.contains("://"), authority.contains("@") {
      throw .setting("contracts.dataschema-base", "has a user or a password, which each event would carry")
    }
  }

  /// Whether the contracts can be used, as a relay would find at its start.
  package func read() throws(Failure) { _ = try compile() }

  /// Compiles the contracts; nil without a directory.
  ///
  /// Errors: contracts that cannot be used, all of them before the first event.
  ///
  /// - Parameters:
  ///   - sink: where events go; nil where nothing leaves, and no registry is asked.
  ///   - patience: how a registry that does not answer is waited for.
  ///   - tell: told of an event that leaves though it breaks its contract.
  package func makeHook(
    for sink: SinkSettings?, _ patience: Patience? = nil, tell: @escaping @Sendable (String) -> Void
  ) throws(Failure) -> (any PayloadHook)? {
    try compile(for: sink, patience, tell)?.hook
  }

  /// The compiled contracts, what they were read from, and how many versions there are; nil without a directory.
  func compile(
    for sink: SinkSettings? = nil, _ patience: Patience? = nil, _ tell: @escaping @Sendable (String) -> Void = { _ in }
  ) throws(Failure) -> (hook: ContractHook, catalogue: ContractCatalogue, versions: Int)? {
    guard let directory else { return nil }
    let read = try ContractDirectory(try ContractTree(directory: directory))
    if let fault = read.catalogue.faults.first {
      throw Failure(
        .settings, "the contracts cannot be used: \(Wording(fault.text))",
        advice: "see \(command: "contracts check") for all that is wrong")
    }
    do throws(SchemaFault) {
      // What is wrong with contracts is found before anybody is asked.
      if let rules = rules(nil) { try read.catalogue.checkEncoding(rules) }
    } catch {
      throw Failure(
        .settings, "the contracts cannot be encoded: \(Wording(error.problem))", advice: Wording(error.advice))
    }
    var identifiers: [ContractName: UInt32]?
    if encoding != nil, let sink {
      let patience = patience ?? Patience(retries: false, isCancelled: { true }, onWait: { _ in })
      identifiers = try self.identifiers(read.catalogue, topic: sink.broker.route?.literal, patience)
    }
    do throws(SchemaFault) {
      let hook = try ContractHook(
        read.catalogue, policy: warnsOnly ? .warn : .reject,
        schemaBase: schemaBase.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 },
        encoding: rules(identifiers), maxPayload: maxPayload.map { Int($0.bytes) }, tell: tell)
      return (hook, read.catalogue, read.catalogue.types.values.reduce(0) { $0 + $1.count })
    } catch {
      throw Failure(
        .settings, "the contracts cannot be used: \(Wording(error.problem))",
        advice: "see \(command: "contracts check") for all that is wrong")
    }
  }

  private func rules(_ identifiers: [ContractName: UInt32]?) -> EncodingRules? {
    encoding.map { EncodingRules($0, registry.url == nil ? .bare : .registry(identifiers)) }
  }
}
