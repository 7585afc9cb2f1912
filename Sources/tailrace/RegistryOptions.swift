// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import Settings

/// Which registry knows the contracts as schemas.
struct RegistryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Put the id that a schema registry with Confluent's interface has for a contract in front of data.",
      valueName: "url"))
  var registry: String?

  @Flag(help: "Register contracts that the registry does not know, instead of ending.")
  var registryRegister = false

  @Option(help: "What a contract's subject is called there: TOPIC-value, its full name, or TOPIC-NAME.")
  var registrySubject: RegistrySettings.Subject = .topic

  @Flag(help: "Let the registry take schemas for one that only differ in how they are written.")
  var registryNormalize = false

  @Option(help: ArgumentHelp("Who we are at the registry.", valueName: "user"))
  var registryUser: String?

  @Option(
    help: ArgumentHelp("The file of that user's password.", valueName: "path"), completion: .file())
  var registryPasswordFile: String?

  @Option(
    help: ArgumentHelp("A file with a bearer token for the registry.", valueName: "path"), completion: .file())
  var registryTokenFile: String?

  @Option(
    help: ArgumentHelp("Trust these certificate authorities at the registry, not the system's.", valueName: "path"),
    completion: .file())
  var registryCaFile: String?

  @Flag(help: "Allow an http:// address of a registry on another host.")
  var allowPlainRegistry = false

  var settings: RegistrySettings {
    var settings = RegistrySettings()
    settings.url = registry
    settings.registers = registryRegister
    settings.subject = registrySubject
    settings.normalizes = registryNormalize
    settings.user = registryUser
    settings.passwordFile = registryPasswordFile
    settings.tokenFile = registryTokenFile
    settings.authorityFile = registryCaFile
    settings.allowPlain = allowPlainRegistry
    return settings
  }
}

extension RegistrySettings.Subject: ExpressibleByArgument {}
