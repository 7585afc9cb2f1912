// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The admin address of a relay, asked over sockets of our own.
struct AdminPage {
  struct Answer {
    var status: Int
    var head: String
    var body: String
  }

  let port: UInt16

  /// Waits until a relay that was started with `--admin 127.0.0.1:0` says where it answers.
  init(of child: ChildProcess) throws {
    port = try eventually("the admin address is told") {
      let line = child.messages.first { $0.contains("tells how it goes at http://127.0.0.1:") }
      return line?.split(separator: ":").last?.split(separator: "/").first.flatMap { UInt16($0) }
    }
  }

  init(port: UInt16) { self.port = port }

  /// Asks for a page; nil when nobody answers in time.
  func get(
    _ path: String, _ fields: String = "", method: String = "GET", hosts: [String] = ["localhost"],
    version: String = "1.1", within seconds: Int = 20
  ) -> Answer? {
    let socket = TCP.connect(to: port)
    guard socket >= 0 else { return nil }
    defer { close(socket) }
    let names = hosts.map { "host: \($0)\r\n" }.joined()
    let head = "\(method) \(path) HTTP/\(version)\r\n\(names)\(fields)connection: close\r\n\r\n"
    guard TCP.send(Array(head.utf8), to: socket) else { return nil }
    return Self.read(socket, within: seconds)
  }

  /// Reads an answer up to the end of the connection.
  static func read(_ socket: Int32, within seconds: Int) -> Answer? {
    var time = timeval(tv_sec: seconds, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    while case let count = recv(socket, &piece, piece.count, 0), count > 0 { bytes += piece[..<count] }
    let parts = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n\r\n", maxSplits: 1)
    guard let head = parts.first, let status = head.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
      return nil
    }
    return Answer(status: status, head: String(head), body: parts.count > 1 ? String(parts[1]) : "")
  }

  /// Waits until `/ready` has an answer; gives what it says.
  @discardableResult
  func wait(untilReady isReady: Bool, within seconds: Double) throws -> String {
    var last = ""
    do {
      return try eventually("/ready is \(isReady ? 200 : 503)", within: seconds, every: 0.5) {
        guard let answer = get("/ready") else { return nil }
        last = answer.body
        return answer.status == (isReady ? 200 : 503) ? answer.body : nil
      }
    } catch {
      throw Timeout(description: "\(error); it says: \(last)")
    }
  }

  /// The value of a sample, by its name and labels as they are written.
  func sample(_ name: String) -> Double? {
    let lines = get("/metrics")?.body.split(separator: "\n") ?? []
    return lines.first { $0.hasPrefix("\(name) ") }?.split(separator: " ").last.flatMap { Double($0) }
  }
}

/// The programs of a monitoring system.
enum Monitoring {
  static let promtool = "/usr/bin/promtool"
  static let prometheus = "/usr/bin/prometheus"
  static let isThere =
    FileManager.default.isExecutableFile(atPath: promtool) && FileManager.default.isExecutableFile(atPath: prometheus)
}
