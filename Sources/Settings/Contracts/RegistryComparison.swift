// SPDX-License-Identifier: Apache-2.0

package import Contracts
package import PostgresWire

/// What a registry knows of contracts, for their check.
extension RegistrySettings {
  /// Refuses what cannot work where contracts are checked.
  package func validateCheck(topic: String?) throws(Failure) {
    try validate()
    if registers {
      throw .setting("contracts.registry-register", "a check changes nothing; a relay registers what is not there")
    }
    if topic != nil, url == nil { throw .setting("contracts.registry-topic", "needs \(setting: "registry", "URL")") }
    guard url != nil, subject != .record, topic == nil else { return }
    throw .setting(
      "contracts.registry-subject",
      "subjects are called by a topic: name it with \(setting: "registry-topic", "TOPIC"), or \(setting: "registry-subject", "record")"
    )
  }

  /// Versions that the registry does not know, and newest ones that it would not take. Blocks.
  ///
  /// Errors: that it does not answer, or not as a registry does.
  package func findings(_ catalogue: ContractCatalogue, topic: String?) throws(Failure) -> [ContractFinding] {
    guard let url else { return [] }
    let client = try SchemaRegistry(self, url)
    defer { client.close() }
    var findings: [ContractFinding] = []
    for (contract, subject) in try client.unknown(catalogue, topic: topic) {
      let isRefused = try client.isCompatible(contract, subject) == false
      var finding = ContractFinding(
        isRefused ? .violation : .remark, "registry", file: contract.file,
        rule: isRefused
          ? "the registry has not got it under the subject \(subject), and does not take it for compatible with the latest there"
          : "the registry has not got it under the subject \(subject)",
        advice: isRefused
          ? "mend it, or the compatibility that the subject is held to" : "register it before events of it leave")
      (finding.type, finding.version) = (contract.type, contract.version)
      findings.append(finding)
    }
    return findings
  }
}
