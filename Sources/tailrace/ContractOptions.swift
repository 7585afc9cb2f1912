// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Contracts
import PostgresWire
import Settings

/// What events are held to before they leave.
struct ContractOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Hold what events carry to the contracts in a directory, by type and version; one that breaks its contract is poison.",
      valueName: "directory"), completion: .directory)
  var contracts: String?

  @Option(help: "What becomes of an event that breaks its contract: it is poison, or leaves and is told.")
  var contractsPolicy: ContractHook.Policy = .reject

  @Option(
    help: ArgumentHelp("Say in dataschema where an event's contract is: URI/TYPE/VERSION.", valueName: "uri"))
  var dataschemaBase: String?

  @Option(help: ArgumentHelp("Tell of events whose data is larger, which leave all the same.", valueName: "size"))
  var maxPayload: ByteSize?

  @Option(
    help: ArgumentHelp(
      "Encode JSON data by its contracts where it leaves, in binary mode; json-schema only puts an id in front.",
      valueName: "format"))
  var encode: DataFormat?

  @OptionGroup var registry: RegistryOptions

  var settings: ContractSettings {
    var settings = ContractSettings()
    settings.directory = contracts
    settings.warnsOnly = contractsPolicy == .warn
    settings.schemaBase = dataschemaBase
    settings.maxPayload = maxPayload
    settings.encoding = encode
    settings.registry = registry.settings
    return settings
  }
}

extension ContractHook.Policy: ExpressibleByArgument {}
extension DataFormat: ExpressibleByArgument {}
