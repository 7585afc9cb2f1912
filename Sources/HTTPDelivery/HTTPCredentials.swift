package import Files
import IntegrationEvents
import Octets

/// What proves to a receiver who we are.
public struct HTTPCredentials: Sendable {
  /// Headers for every request.
  public var headers: [(name: String, value: String)] = []
  /// A file with a bearer token, read again whenever it changes.
  package var bearerToken: WatchedFile?
  /// A user and password for basic authentication.
  public var basic: (user: String, password: String)?
  /// Secrets to sign with.
  public var signing: StandardWebhooks?

  /// Makes credentials that prove nothing.
  public init() {}

  /// The headers of one request.
  func requestHeaders() -> [(String, String)] {
    var all = headers.map { ($0.name, $0.value) }
    if let token = bearerToken?.text, !token.isEmpty { all.append(("authorization", "Bearer \(token)")) }
    if let basic {
      all.append(("authorization", "Basic \(Base64.encode(Array("\(basic.user):\(basic.password)".utf8)))"))
    }
    return all
  }

  /// Reads `Name: value` lines; blank ones and those that start with `#` are passed over. Nil when one is neither.
  public static func headers(from text: String) -> [(name: String, value: String)]? {
    var headers: [(name: String, value: String)] = []
    for line in text.split(whereSeparator: \.isNewline) {
      let line = String(line).trimmedBlanks
      if line.isEmpty || line.hasPrefix("#") { continue }
      guard let colon = line.firstIndex(of: ":") else { return nil }
      let name = String(line[..<colon])
      let value = String(line[line.index(after: colon)...]).trimmedBlanks
      guard !name.isEmpty, name.utf8.allSatisfy(isTokenByte), value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
        return nil
      }
      headers.append((name, value))
    }
    return headers
  }

  /// Source: RFC 9110, section 5.6.2.
  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}
