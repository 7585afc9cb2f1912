// SPDX-License-Identifier: Apache-2.0

import Delivery
import Files
import NIOSSL
import PostgresWire

/// A file of certificates or a key that cannot be used, and why; never what is in it.
struct CertificateProblem: Error {
  /// The file, or the two that do not belong together.
  let subject: String
  let what: String

  var failure: Failure { Failure(.credentials, "\(subject): \(what)") }
}

extension TLSConfiguration {
  /// Authorities can be many.
  private static let limit = 8 << 20

  /// Reads the files of certificates.
  ///
  /// - Parameters:
  ///   - authorityFile: whom to trust instead of the system's authorities.
  ///   - clientCertificate: what proves who we are.
  ///   - minimum: the oldest version that is spoken.
  ///   - patience: how long the other end of a pipe may take, in milliseconds.
  init(
    authorityFile: String?, clientCertificate: CertificateFiles?, minimum: TLSVersion, patience: Int32
  ) throws(CertificateProblem) {
    self = .makeClientConfiguration()
    minimumTLSVersion = minimum
    if let path = authorityFile { trustRoots = .certificates(try Self.certificates(path, patience)) }
    guard let files = clientCertificate else { return }
    let chain = try Self.certificates(files.certificate, patience)
    certificateChain = chain.map { .certificate($0) }
    privateKey = .privateKey(try Self.key(files.key, patience))
    // The library tells only at the first connection, and then not which.
    var pair = self
    pair.trustRoots = .certificates([])
    do { _ = try NIOSSLContext(configuration: pair) } catch {
      throw CertificateProblem(
        subject: "\(files.certificate) and \(files.key)", what: "the key is not that of the certificate")
    }
  }

  private static func certificates(_ path: String, _ patience: Int32) throws(CertificateProblem) -> [NIOSSLCertificate]
  {
    let text = try Self.text(path, patience)
    let found = try? NIOSSLCertificate.fromPEMBytes(Array(text.utf8))
    guard let found, !found.isEmpty else {
      throw CertificateProblem(subject: path, what: "holds no certificate in PEM, or one that is damaged")
    }
    return found
  }

  private static func key(_ path: String, _ patience: Int32) throws(CertificateProblem) -> NIOSSLPrivateKey {
    let text = try Self.text(path, patience)
    guard !text.contains("ENCRYPTED") else {
      throw CertificateProblem(subject: path, what: "its key has a passphrase; write it without one")
    }
    guard let key = try? NIOSSLPrivateKey(bytes: Array(text.utf8), format: .pem) else {
      throw CertificateProblem(subject: path, what: "holds no private key in PEM, or one that is damaged")
    }
    return key
  }

  private static func text(_ path: String, _ patience: Int32) throws(CertificateProblem) -> String {
    let text: String?
    do { text = try SmallFile.read(path, atMost: limit, patience: patience) } catch {
      throw CertificateProblem(subject: path, what: "cannot be read: \(error.ofText)")
    }
    guard let text else { throw CertificateProblem(subject: path, what: "cannot be read: there is no such file") }
    guard !text.isEmpty else { throw CertificateProblem(subject: path, what: "the file is empty") }
    return text
  }
}
