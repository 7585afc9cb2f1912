import Delivery
import Files
import Octets
import PostgresWire

/// The files that hold what proves to a receiver who we are.
public struct CredentialFiles: Hashable, Sendable {
  /// Lines of `Name: value`, sent with every request.
  public var headers: String?
  /// A bearer token, read again whenever the file changes.
  public var bearerToken: String?
  /// A line of `user:password` for basic authentication.
  public var basic: String?
  /// Secrets to sign with, one a line.
  public var signingSecrets: String?

  /// Names no file.
  public init() {}
}

/// What proves to a receiver who we are.
struct HTTPCredentials: Sendable {
  private var headers: [(name: String, value: String)] = []
  private var bearerToken: WatchedFile?
  private var basic: (user: String, password: String)?
  private(set) var signing: StandardWebhooks?

  /// Reads the files; one that makes no sense is an error that does not show what is in it.
  init(_ files: CredentialFiles) throws(Failure) {
    if let path = files.headers {
      guard let headers = Self.headers(from: try Self.text(of: path)) else {
        throw Failure(.credentials, "\(path): a line is not of the form 'Name: value'")
      }
      self.headers = headers
    }
    if let path = files.signingSecrets {
      guard let signing = StandardWebhooks(secrets: try Self.text(of: path)) else {
        throw Failure(.credentials, "\(path): wants lines of whsec_ and base64, of 16 bytes or more")
      }
      self.signing = signing
    }
    if let path = files.bearerToken {
      do { bearerToken = try WatchedFile(path: path) } catch {
        throw Failure(.credentials, "cannot read \(path): \(error.text)")
      }
    }
    if let path = files.basic {
      let parts = try Self.text(of: path).split(whereSeparator: \.isNewline).first?.split(
        separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard let parts, parts.count == 2 else {
        throw Failure(.credentials, "\(path): wants a line of user:password")
      }
      basic = (String(parts[0]), String(parts[1]))
    }
  }

  private static func text(of path: String) throws(Failure) -> String {
    do {
      if let text = try SmallFile.read(path) { return text }
    } catch {
      throw Failure(.credentials, "cannot read \(path): \(error.text)")
    }
    throw Failure(.credentials, "there is no file \(path)")
  }

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
  static func headers(from text: String) -> [(name: String, value: String)]? {
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
