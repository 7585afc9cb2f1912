// SPDX-License-Identifier: Apache-2.0

/// The header fields that the request itself sets, or whose meaning is the connection's: nobody else may.
enum RequestFields {
  private static let names: Set = [
    "host", "content-type", "content-length", "content-encoding", "transfer-encoding", "connection", "keep-alive",
    "proxy-connection", "http2-settings", "upgrade", "te", "trailer", "expect", "traceparent", "idempotency-key",
  ]

  /// Whether a field, named in lower case, is ours to set. Receivers behind CGI or WSGI take an underscore for a hyphen.
  static func isOurs(_ name: String) -> Bool {
    let name = name.replacing("_", with: "-")
    return names.contains(name) || name.hasPrefix("ce-") || name.hasPrefix("webhook-")
  }
}
