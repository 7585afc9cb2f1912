// SPDX-License-Identifier: Apache-2.0

package import Digests
import IntegrationEvents
import Octets

/// Says who sends a request, in a way that nobody else can say.
///
/// Source: AWS Identity and Access Management User Guide, "Create a signed AWS API request" (Signature Version 4).
package struct RequestSigning: Sendable {
  package let service: String
  package let region: String

  package init(service: String, region: String) { (self.service, self.region) = (service, region) }

  /// A request, as far as it is signed.
  package struct Request: Sendable {
    package var method: String
    /// As the URL has it.
    package var path: String
    /// As the URL has it, without the question mark.
    package var query: String
    /// All that are to be signed, `host` among them.
    package var headers: [(String, String)]
    package var body: [UInt8]

    package init(
      method: String, path: String, query: String = "", headers: [(String, String)], body: [UInt8]
    ) {
      (self.method, self.path, self.query, self.headers, self.body) = (method, path, query, headers, body)
    }
  }

  /// The request's header fields with those that prove it, last of them `authorization`.
  ///
  /// - Parameters:
  ///   - request: what is sent.
  ///   - credentials: who sends it.
  ///   - now: in seconds since 1970; AWS takes what is a few minutes off.
  package func headers(
    of request: Request, by credentials: AWSCredentials, at now: Int64
  ) throws(SHA256.Unavailable) -> [(String, String)] {
    let (day, time) = Self.stamps(now)
    var headers = request.headers
    headers.append(("x-amz-date", "\(day)T\(time)Z"))
    if let token = credentials.sessionToken { headers.append(("x-amz-security-token", token)) }
    let fields = Self.canonical(headers)
    let names = fields.map(\.name).joined(separator: ";")
    let lines = [
      request.method, Self.canonical(path: request.path), Self.canonical(query: request.query),
      fields.map { "\($0.name):\($0.value)\n" }.joined(), names, Self.text(try SHA256.digest(request.body)),
    ]
    let scope = "\(day)/\(region)/\(service)/aws4_request"
    let digest = Self.text(try SHA256.digest(Array(lines.joined(separator: "\n").utf8)))
    let content = "AWS4-HMAC-SHA256\n\(day)T\(time)Z\n\(scope)\n\(digest)"
    var key = Array("AWS4\(credentials.secretKey)".utf8)
    for part in [day, region, service, "aws4_request", content] {
      key = try SHA256.authenticationCode(Array(part.utf8), key: key)
    }
    headers.append(
      (
        "authorization",
        "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope), SignedHeaders=\(names), Signature=\(Self.text(key))"
      ))
    return headers
  }

  /// `20261123` and `063000`.
  private static func stamps(_ now: Int64) -> (day: String, time: String) {
    let days = now >= 0 ? now / 86_400 : (now - 86_399) / 86_400
    let (date, rest) = (CivilDate(unixDay: days), now - days * 86_400)
    let two: (Int64) -> String = { $0 < 10 ? "0\($0)" : "\($0)" }
    return (
      "\(date.year)\(two(date.month))\(two(date.day))", two(rest / 3600) + two(rest / 60 % 60) + two(rest % 60)
    )
  }

  /// Names in small letters and in order; values without blanks that say nothing; fields of one name together.
  private static func canonical(_ headers: [(String, String)]) -> [(name: String, value: String)] {
    var fields: [(name: String, value: String)] = []
    for (name, value) in headers {
      let name = name.lowercased()
      let value = value.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      if let index = fields.firstIndex(where: { $0.name == name }) {
        fields[index].value += ",\(value)"
      } else {
        fields.append((name, value))
      }
    }
    return fields.sorted { $0.name < $1.name }
  }

  /// Without dots and empty parts, and encoded once more than the URL has it.
  private static func canonical(path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    let end = path.hasSuffix("/") && !parts.isEmpty ? "/" : ""
    var bytes: [UInt8] = []
    bytes.appendPercentEncoded("/\(parts.joined(separator: "/"))\(end)".utf8) { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
      default: "/-._~".utf8.contains(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// In the order of names, then of values.
  private static func canonical(query: String) -> String {
    guard !query.isEmpty else { return "" }
    let pairs = query.split(separator: "&", omittingEmptySubsequences: false).map { pair in
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (name: parts[0], value: parts.count > 1 ? parts[1] : "")
    }
    let isBefore: (Substring, Substring) -> Bool = { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    let sorted = pairs.sorted { $0.name == $1.name ? isBefore($0.value, $1.value) : isBefore($0.name, $1.name) }
    return sorted.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
  }

  /// In hexadecimal digits.
  static func text(_ bytes: [UInt8]) -> String {
    var digits: [UInt8] = []
    for byte in bytes { digits.appendHexadecimal(byte) }
    return String(decoding: digits, as: UTF8.self)
  }
}
