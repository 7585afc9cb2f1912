import IntegrationEvents
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What proves to a receiver who we are.
public struct HTTPCredentials: Sendable {
  /// Headers for every request.
  public var headers: [(name: String, value: String)] = []
  /// A file with a bearer token, read again whenever it changes.
  public var bearerToken: WatchedFile?
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

/// The text of a small file, read again when its time of change or its size has changed.
public final class WatchedFile: Sendable {
  private struct Snapshot {
    var size: Int64 = -1
    var seconds = 0
    var nanoseconds = 0
    var inode: UInt64 = 0
    var text = ""
  }

  private let path: String
  private let snapshot = Mutex(Snapshot())

  /// Watches a file; nil when it cannot be read now.
  public init?(path: String) {
    self.path = path
    guard FileStatus(path: path) != nil, text != nil else { return nil }
  }

  /// The text without blanks at its ends; the last that could be read when the file is gone.
  public var text: String? {
    var status = stat()
    let isThere = unsafe stat(path, &status) == 0
    return snapshot.withLock { snapshot in
      guard isThere else { return snapshot.size < 0 ? nil : snapshot.text }
      let time = status.st_mtim
      if snapshot.size != Int64(status.st_size) || snapshot.seconds != time.tv_sec
        || snapshot.nanoseconds != time.tv_nsec || snapshot.inode != UInt64(status.st_ino)
      {
        guard let text = SmallFile.text(path) else { return snapshot.size < 0 ? nil : snapshot.text }
        snapshot = Snapshot(
          size: Int64(status.st_size), seconds: time.tv_sec, nanoseconds: time.tv_nsec, inode: UInt64(status.st_ino),
          text: text.trimmedBlanks)
      }
      return snapshot.text
    }
  }
}

/// Reading files of a few kilobytes, such as secrets.
public enum SmallFile {
  /// The text; nil when it cannot be read.
  public static func text(_ path: String) -> String? {
    guard let file = try? OutputFile(reading: path) else { return nil }
    guard let bytes = try? file.read(0..<65_536) else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }
}
