// SPDX-License-Identifier: Apache-2.0

import Delivery
import HTTPDelivery
public import PostgresWire

/// Whom we trust on the other side of TLS, and who we are there.
public struct CertificateSettings: Hashable, Sendable {
  /// A file of certificate authorities to trust instead of the system's.
  public var authorityFile: String?
  /// A client certificate.
  public var clientCertificate: String?
  /// Its key.
  public var clientKey: String?

  /// Makes settings with the defaults.
  public init() {}

  /// Refuses what does not go together.
  public func validate() throws(Failure) {
    guard (clientCertificate == nil) == (clientKey == nil) else {
      throw .setting("sink.client-certificate", "goes together with \(setting: "client-key")")
    }
  }

  /// Both files of who we are; nil where they are not named.
  var client: CertificateFiles? {
    guard let clientCertificate, let clientKey else { return nil }
    return CertificateFiles(certificate: clientCertificate, key: clientKey)
  }

  /// The setting of the first file that is named; nil where none is.
  var firstSetting: String? {
    if authorityFile != nil { return "sink.ca-file" }
    return clientCertificate == nil ? nil : "sink.client-certificate"
  }

  /// Files that others can reach although they are not to: these, and further ones.
  func warnings(_ credentials: CredentialFiles = CredentialFiles(), secrets: [String?] = []) -> [Wording] {
    credentials.warnings(
      secrets: ([clientKey] + secrets).compactMap(\.self),
      trusted: [authorityFile, clientCertificate].compactMap(\.self))
  }
}
