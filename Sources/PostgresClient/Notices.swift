// SPDX-License-Identifier: Apache-2.0

import CLibpq

extension Connection {
  /// A warning or notice that the server sent beside its answers.
  package struct Notice: Hashable, Sendable {
    package let sqlState: String
    package let message: String

    /// Whether something that is read from was not there, or not in a state to be read.
    package var tellsOfSomethingMissing: Bool { Self.tellsOfSomethingMissing(sqlState) }

    static func tellsOfSomethingMissing(_ sqlState: String) -> Bool { sqlState == "55000" || sqlState == "42704" }
  }
}

/// Collects notices while libpq is reading, on the thread that made it read.
final class NoticeBox {
  /// A server that floods us with notices gets only so many remembered.
  private static let most = 100

  /// Those of the kind that stops a stream have a place of their own, whatever came before them.
  private var ordinary: [Connection.Notice] = []
  private var stopping: [Connection.Notice] = []

  /// Whether one of its kind is kept. Asked before the words are looked at: there may be many.
  func hasRoom(for sqlState: String) -> Bool {
    (Connection.Notice.tellsOfSomethingMissing(sqlState) ? stopping : ordinary).count < Self.most
  }

  func keep(_ notice: Connection.Notice) {
    guard hasRoom(for: notice.sqlState) else { return }
    if notice.tellsOfSomethingMissing { stopping.append(notice) } else { ordinary.append(notice) }
  }

  /// Whether one of those that stop a stream has come.
  var tellsOfSomethingMissing: Bool { !stopping.isEmpty }

  /// Gives all and forgets them.
  func take() -> [Connection.Notice] {
    defer { (stopping, ordinary) = ([], []) }
    return stopping + ordinary
  }
}

func receiveNotice(_ context: UnsafeMutableRawPointer?, _ result: OpaquePointer?) {
  guard let context = unsafe context else { return }
  let box = unsafe Unmanaged<NoticeBox>.fromOpaque(context).takeUnretainedValue()
  let code = unsafe PQresultErrorField(result, CInt(UInt8(ascii: "C"))).map { unsafe String(cString: $0) }
  guard box.hasRoom(for: code ?? "") else { return }
  let message = unsafe PQresultErrorField(result, CInt(UInt8(ascii: "M"))).map { unsafe String(cString: $0) }
  box.keep(Connection.Notice(sqlState: code ?? "", message: ServerErrors.bounded(message ?? "")))
}
