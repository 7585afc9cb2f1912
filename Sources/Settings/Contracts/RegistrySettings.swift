// SPDX-License-Identifier: Apache-2.0

import HTTPDelivery
package import PostgresWire

/// Which registry knows the contracts as schemas, and how it is asked.
public struct RegistrySettings: Hashable, Sendable {
  /// What a schema's subject is called. The names are those that Confluent's serializers have.
  public enum Subject: String, CaseIterable, Hashable, Sendable {
    /// `TOPIC-value`.
    case topic
    /// The schema's own full name.
    case record
    /// `TOPIC-NAME`.
    case topicRecord = "topic-record"
  }

  /// Where it is. Default: there is none.
  public var url: String?
  /// Whether schemas that it does not know are registered. Default: no.
  public var registers = false
  /// What subjects are called. Default: `TOPIC-value`.
  public var subject = Subject.topic
  /// Whether schemas that only differ in how they are written are one to it. Default: no.
  public var normalizes = false
  /// Who we are there.
  public var user: String?
  /// The file of that user's password.
  public var passwordFile: String?
  /// A file of a bearer token.
  public var tokenFile: String?
  /// A file of certificate authorities to trust instead of the system's.
  public var authorityFile: String?
  /// Allow `http://` to another host. Default: no.
  public var allowPlain = false

  /// Makes settings with the defaults.
  public init() {}

  /// The first setting that needs a registry; nil where none is made.
  var firstSetting: String? {
    if registers { return "contracts.registry-register" }
    if subject != .topic { return "contracts.registry-subject" }
    if normalizes { return "contracts.registry-normalize" }
    if user != nil { return "contracts.registry-user" }
    if passwordFile != nil { return "contracts.registry-password-file" }
    if tokenFile != nil { return "contracts.registry-token-file" }
    if authorityFile != nil { return "contracts.registry-ca-file" }
    return allowPlain ? "contracts.allow-plain-registry" : nil
  }

  /// Refuses what cannot work.
  package func validate() throws(Failure) {
    guard let url else {
      if let firstSetting { throw .setting(firstSetting, "needs \(setting: "registry", "URL")") }
      return
    }
    let address: HTTPAddress
    do { address = try HTTPAddress(url) } catch { throw .setting("contracts.registry", Wording("\(error)")) }
    guard address.user == nil else {
      throw .setting(
        "contracts.registry",
        "a user does not belong into the address; use \(setting: "registry-user", "USER") and \(setting: "registry-password-file", "PATH")"
      )
    }
    if url.contains("?") { throw .setting("contracts.registry", "has a query; name what stands before it") }
    guard address.isSecure || address.isLoopback || allowPlain else {
      throw .setting(
        "contracts.registry",
        "what proves who we are would travel in the clear; use https://, or \(setting: "allow-plain-registry")")
    }
    if address.isSecure, allowPlain { throw .setting("contracts.allow-plain-registry", "needs an http:// address") }
    if !address.isSecure, authorityFile != nil {
      throw .setting("contracts.registry-ca-file", "needs an https:// address")
    }
    guard (user == nil) == (passwordFile == nil) else {
      throw .setting(
        user == nil ? "contracts.registry-password-file" : "contracts.registry-user",
        "\(setting: "registry-user", "USER") and \(setting: "registry-password-file", "PATH") go together")
    }
    if let user, user.isEmpty || user.contains(":") || user.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
      throw .setting("contracts.registry-user", "it is empty, or has a colon or a control character in it")
    }
    if user != nil, tokenFile != nil {
      throw .setting("contracts.registry-token-file", "excludes \(setting: "registry-user")")
    }
  }

  /// How it is asked.
  func configuration(_ url: String) -> HTTPConfiguration {
    var configuration = HTTPConfiguration(url: url.hasSuffix("/") ? String(url.dropLast()) : url)
    configuration.credentials.bearerToken = tokenFile
    configuration.authorityFile = authorityFile
    configuration.maximumConnections = 1
    configuration.totalTimeout = .seconds(30)
    configuration.responseTimeout = .seconds(15)
    return configuration
  }
}
