import CLibpq

extension Connection {
  /// A warning or notice that the server sent beside its answers.
  package struct Notice: Hashable, Sendable {
    package let sqlState: String
    package let message: String
  }
}

/// Collects notices while libpq is reading, on the thread that made it read.
final class NoticeBox {
  var waiting: [Connection.Notice] = []
}

func receiveNotice(_ context: UnsafeMutableRawPointer?, _ result: OpaquePointer?) {
  guard let context = unsafe context else { return }
  let box = unsafe Unmanaged<NoticeBox>.fromOpaque(context).takeUnretainedValue()
  let code = unsafe PQresultErrorField(result, CInt(UInt8(ascii: "C"))).map { unsafe String(cString: $0) }
  let message = unsafe PQresultErrorField(result, CInt(UInt8(ascii: "M"))).map { unsafe String(cString: $0) }
  // A server that floods us with notices gets only so many remembered.
  if box.waiting.count < 100 {
    box.waiting.append(Connection.Notice(sqlState: code ?? "", message: ServerErrors.bounded(message ?? "")))
  }
}
