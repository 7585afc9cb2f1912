import CLibpq
import Glibc

/// What this process runs with, for a report of a defect.
package enum LibraryVersions {
  /// That of libpq, such as `15.18`.
  package static var libpq: String {
    let number = PQlibVersion()
    return "\(number / 10_000).\(number % 10_000)"
  }

  /// That of OpenSSL, which libpq brings along, such as `OpenSSL 3.0.17 1 Jul 2025`; nil for a libpq without it.
  ///
  /// Source: OpenSSL manual, OpenSSL_version(3).
  package static var openSSL: String? {
    guard let symbol = unsafe dlsym(nil, "OpenSSL_version") else { return nil }
    typealias Function = @convention(c) (CInt) -> UnsafePointer<CChar>?
    let function = unsafe unsafeBitCast(symbol, to: Function.self)
    return unsafe function(0).map { unsafe String(cString: $0) }
  }
}
