// SPDX-License-Identifier: Apache-2.0

/// A certificate and its key, in PEM.
public struct CertificateFiles: Hashable, Sendable {
  /// The certificate's file.
  public var certificate: String
  /// The key's file.
  public var key: String

  /// Names the two files.
  public init(certificate: String, key: String) {
    self.certificate = certificate
    self.key = key
  }
}
