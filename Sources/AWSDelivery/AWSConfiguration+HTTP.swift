// SPDX-License-Identifier: Apache-2.0

import HTTPDelivery

extension AWSConfiguration {
  /// How a service of AWS is spoken to.
  func http(_ url: String) -> HTTPConfiguration {
    var http = HTTPConfiguration(url: url)
    http.maximumConnections = maximumConnections
    http.connectTimeout = connectTimeout
    (http.totalTimeout, http.responseTimeout) = (answerTimeout, answerTimeout)
    // Of an endpoint without TLS nobody wants a certificate.
    if url.prefix(6).lowercased() == "https:" {
      http.authorityFile = authorityFile ?? variable("AWS_CA_BUNDLE")
      http.clientCertificate = clientCertificate
    }
    http.proxy = proxy
    return http
  }

  /// How somebody beside us is asked for credentials: at once or never, and not through a proxy.
  func local(_ url: String) -> HTTPConfiguration {
    var http = HTTPConfiguration(url: url)
    http.maximumConnections = 1
    (http.connectTimeout, http.responseTimeout, http.totalTimeout) = (.seconds(2), .seconds(5), .seconds(5))
    return http
  }
}
