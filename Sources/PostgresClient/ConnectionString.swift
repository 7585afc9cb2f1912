import CLibpq
import PostgresWire

/// Checking a connection string without connecting.
enum ConnectionString {
  /// Refuses what libpq cannot parse.
  static func check(_ text: String) throws(Failure) {
    let isURI = text.hasPrefix("postgres://") || text.hasPrefix("postgresql://")
    guard isURI || text.contains("=") else { return }
    var message: UnsafeMutablePointer<CChar>?
    let options = unsafe PQconninfoParse(text, &message)
    if unsafe options != nil {
      unsafe PQconninfoFree(options)
      return
    }
    let words = unsafe message.map { unsafe String(cString: $0) } ?? ""
    unsafe PQfreemem(message)
    throw ServerErrors.malformedConnectionString(words)
  }
}
