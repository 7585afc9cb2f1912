import CLibpq

extension Connection {
  /// A warning or notice that the server sent beside its answers.
  package struct Notice: Hashable, Sendable {
    package let sqlState: String
    package let message: String

    /// Whether something that is read from was not there, or not in a state to be read.
    package var tellsOfSomethingMissing: Bool { sqlState == "55000" || sqlState == "42704" }
  }
}

/// Collects notices while libpq is reading, on the thread that made it read.
final class NoticeBox {
  /// A server that floods us with notices gets only so many remembered.
  private static let most = 100

  var waiting: [Connection.Notice] = []

  /// Keeps a notice. One of the kind that stops a stream has a place of its own, whatever came before it.
  func keep(_ notice: Connection.Notice) {
    let alike = waiting.count { $0.tellsOfSomethingMissing == notice.tellsOfSomethingMissing }
    if alike < Self.most { waiting.append(notice) }
  }
}

func receiveNotice(_ context: UnsafeMutableRawPointer?, _ result: OpaquePointer?) {
  guard let context = unsafe context else { return }
  let box = unsafe Unmanaged<NoticeBox>.fromOpaque(context).takeUnretainedValue()
  let code = unsafe PQresultErrorField(result, CInt(UInt8(ascii: "C"))).map { unsafe String(cString: $0) }
  let message = unsafe PQresultErrorField(result, CInt(UInt8(ascii: "M"))).map { unsafe String(cString: $0) }
  box.keep(Connection.Notice(sqlState: code ?? "", message: ServerErrors.bounded(message ?? "")))
}
