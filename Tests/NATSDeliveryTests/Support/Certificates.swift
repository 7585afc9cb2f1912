// SPDX-License-Identifier: Apache-2.0

import Delivery
import Foundation
import TestDelivery

/// Certificates for a test, each of an authority of its own or of one that is there.
struct Certificates {
  let directory: String

  /// The paths of a certificate and of its key.
  @discardableResult
  func make(_ name: String, for names: String, by authority: String? = nil) throws -> CertificateFiles {
    let files = CertificateFiles(certificate: "\(directory)/\(name).pem", key: "\(directory)/\(name).key")
    var words = [
      "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
      "-keyout", files.key, "-out", files.certificate, "-subj", "/CN=\(name)", "-addext", "subjectAltName=\(names)",
    ]
    if let authority { words += ["-CA", "\(directory)/\(authority).pem", "-CAkey", "\(directory)/\(authority).key"] }
    _ = try ScratchBroker.run("/usr/bin/env", words)
    return files
  }
}
