// SPDX-License-Identifier: Apache-2.0

import Contracts
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

  /// Makes settings with the defaults.
  public init() {}

  /// Refuses what cannot work, before anything is opened.
  func validate() throws(Failure) {
    guard directory != nil else {
      if warnsOnly { throw .setting("contracts.policy", "needs \(setting: "contracts", "DIRECTORY")") }
      if schemaBase != nil { throw .setting("contracts.dataschema-base", "needs \(setting: "contracts", "DIRECTORY")") }
      return
    }
    if directory == "" { throw .setting("contracts", "it is empty") }
    if let schemaBase, !EventSource.isURI(schemaBase.utf8) {
      throw .setting("contracts.dataschema-base", "is not an absolute URI, with its scheme")
    }
  }

  /// Compiles the contracts; nil without a directory.
  ///
  /// Errors: contracts that cannot be used, all of them before the first event.
  ///
  /// - Parameter tell: told of an event that leaves though it breaks its contract.
  package func makeHook(tell: @escaping @Sendable (String) -> Void) throws(Failure) -> (any PayloadHook)? {
    guard let directory else { return nil }
    let read = try ContractDirectory(try ContractTree(directory: directory))
    if let fault = read.catalogue.faults.first {
      throw Failure(
        .settings, "the contracts cannot be used: \(Wording(fault.text))",
        advice: "see tailrace contracts check \(directory)")
    }
    do throws(SchemaFault) {
      return try ContractHook(
        read.catalogue, policy: warnsOnly ? .warn : .reject,
        schemaBase: schemaBase.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }, tell: tell)
    } catch {
      throw Failure(
        .settings, "the contracts cannot be used: \(Wording(error.problem))",
        advice: "see tailrace contracts check \(directory)")
    }
  }
}
