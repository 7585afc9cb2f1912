// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A web server on this machine that records what is posted to it and answers as a test says; a thread a connection.
final class WebServer: Sendable {
  struct Request: Encodable, Sendable {
    /// Counted from 1 in the order of arrival.
    let number: Int
    /// Names in lower case.
    let headers: [String: String]
    let body: String
    /// The events in it, whatever the mode; none if it cannot be understood.
    let events: [Event]
    /// What it was answered; nil before, and when the connection was closed instead.
    var status: Int?
    /// How it was answered.
    var manner = Manner.whole

    private enum CodingKeys: CodingKey {
      case number, headers, body, status
    }

    /// Whether an event with this number is in it.
    func holds(_ number: Int) -> Bool { events.contains { $0.data?.n == number } }
  }

  /// How an answer is given.
  enum Manner: Sendable {
    case whole
    /// A byte every tenth of a second, for ever.
    case drips
    /// Half a head, then a reset.
    case breaksHead
    /// Half a head, then nothing.
    case silentHead
    /// The head and half the body, then a reset.
    case breaksBody
    /// No answer, and no more of it will come, although the connection stays.
    case halfCloses
  }

  struct Answer: Sendable {
    let status: Int
    var manner = Manner.whole
    var headers: [String: String] = [:]
    var body = ""

    init(_ status: Int, headers: [String: String] = [:], body: String = "") {
      self.status = status
      self.headers = headers
      self.body = body
    }
  }

  let port: UInt16
  private let listener: Int32
  private let answer: @Sendable (Request) -> Answer?
  private let received = Mutex<[Request]>([])
  private let connections = Mutex<Set<Int32>?>([])

  /// Starts a server; without an answer it closes the connection. Answering may take its time.
  init(port: UInt16 = 0, _ answer: @escaping @Sendable (Request) -> Answer? = { _ in Answer(204) }) throws {
    self.answer = answer
    (listener, self.port) = try TCP.listen(on: port)
    Thread { self.accept() }.start()
  }

  var url: String { "http://127.0.0.1:\(port)/events" }

  /// All requests so far, in the order of arrival.
  var requests: [Request] { received.withLock { $0 } }

  /// The events that were taken, in the order of arrival, each time they were.
  var taken: [Event] { requests.filter { $0.status.map { $0 < 300 } ?? false }.flatMap(\.events) }

  /// Ends every connection and refuses new ones; the second time nothing, for the numbers may be another test's by then.
  func close() {
    connections.withLock { connections in
      guard let open = connections else { return }
      for socket in open { shutdown(socket, Int32(SHUT_RDWR)) }
      shutdown(listener, Int32(SHUT_RDWR))
      connections = nil
    }
  }

  /// A port on which nobody listens.
  static func freePort() throws -> UInt16 {
    let (socket, port) = try TCP.listen()
    Foundation.close(socket)
    return port
  }

  private func accept() {
    while true {
      let socket = TCP.accept(listener)
      let isWelcome = connections.withLock { connections in
        if socket >= 0 { connections?.insert(socket) } else { connections = nil }
        return connections != nil
      }
      guard isWelcome else {
        if socket >= 0 { Foundation.close(socket) }
        Foundation.close(listener)
        return
      }
      Thread { self.serve(socket) }.start()
    }
  }

  private func serve(_ socket: Int32) {
    var buffer: [UInt8] = []
    while let (headers, body) = Self.receive(socket, &buffer) {
      let events = (try? Event.posted(headers, body)) ?? []
      let request = received.withLock { received in
        received.append(Request(number: received.count + 1, headers: headers, body: body, events: events))
        return received[received.count - 1]
      }
      guard let answer = answer(request) else { break }
      received.withLock { received in
        received[request.number - 1].status = answer.status
        received[request.number - 1].manner = answer.manner
      }
      let fields = answer.headers.map { "\($0.key): \($0.value)\r\n" }.joined()
      let text =
        "HTTP/1.1 \(answer.status) Answer\r\n\(fields)content-length: \(answer.body.utf8.count)\r\n\r\n\(answer.body)"
      guard Self.send(Array(text.utf8), to: socket, answer.manner) else { break }
    }
    connections.withLock { connections in
      connections?.remove(socket)
      Foundation.close(socket)
    }
  }

  /// Sends an answer as it is to be; false when the connection is of no more use.
  private static func send(_ bytes: [UInt8], to socket: Int32, _ manner: Manner) -> Bool {
    switch manner {
    case .whole: return TCP.send(bytes, to: socket)
    case .drips:
      for byte in bytes.prefix(20) + Array(repeating: UInt8(ascii: "x"), count: 1000) {
        guard TCP.send([byte], to: socket) else { return false }
        usleep(100_000)
      }
      return false
    case .breaksHead, .breaksBody:
      TCP.resetWhenClosed(socket)
      _ = TCP.send(bytes.prefix(manner == .breaksHead ? 10 : bytes.count / 2), to: socket)
      // What was sent must have arrived before the reset takes the rest away.
      usleep(100_000)
      return false
    case .silentHead, .halfCloses:
      if manner == .silentHead { _ = TCP.send(bytes.prefix(10), to: socket) } else { shutdown(socket, Int32(SHUT_WR)) }
      // Until the other side goes.
      var byte: UInt8 = 0
      while recv(socket, &byte, 1, 0) > 0 {}
      return false
    }
  }

  /// The next request; nil when the client has gone.
  private static func receive(_ socket: Int32, _ buffer: inout [UInt8]) -> (headers: [String: String], body: String)? {
    var headers: [String: String] = [:]
    var end: Int?
    while true {
      if end == nil, let blank = buffer.firstRange(of: Array("\r\n\r\n".utf8)) {
        end = blank.upperBound
        for line in String(decoding: buffer[..<blank.lowerBound], as: UTF8.self).components(separatedBy: "\r\n") {
          guard let colon = line.firstIndex(of: ":") else { continue }
          let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
          headers[line[..<colon].lowercased()] = value
        }
      }
      if let end, case let whole = end + (headers["content-length"].flatMap { Int($0) } ?? 0), buffer.count >= whole {
        defer { buffer.removeFirst(whole) }
        return (headers, String(decoding: buffer[end..<whole], as: UTF8.self))
      }
      var piece = [UInt8](repeating: 0, count: 65_536)
      let count = recv(socket, &piece, piece.count, 0)
      guard count > 0 else { return nil }
      buffer += piece[..<count]
    }
  }
}

extension Event {
  /// Reads what was posted.
  fileprivate static func posted(_ headers: [String: String], _ body: String) throws -> [Event] {
    let decoder = JSONDecoder()
    let type = headers["content-type"] ?? ""
    if type.hasPrefix("application/cloudevents-batch+json") {
      return try decoder.decode([Event].self, from: Data(body.utf8))
    }
    if type.hasPrefix("application/cloudevents+json") { return try read([body]) }
    return [
      Event(
        id: headers["ce-id"] ?? "", source: headers["ce-source"] ?? "", type: headers["ce-type"] ?? "",
        subject: headers["ce-subject"], sequence: headers["ce-sequence"] ?? "",
        partitionkey: headers["ce-partitionkey"],
        data: body.isEmpty ? nil : try decoder.decode(Event.Payload.self, from: Data(body.utf8)))
    ]
  }
}

/// Holds up whoever comes, until it is opened; a minute at most.
final class Gate: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)

  func pass() {
    _ = semaphore.wait(timeout: .now() + 60)
    semaphore.signal()
  }

  func open() { semaphore.signal() }
}

/// A flag that a test sets and a server's threads read.
final class Flag: Sendable {
  private let value = Atomic(false)

  var isSet: Bool { value.load(ordering: .acquiring) }
  func set() { value.store(true, ordering: .releasing) }
}

/// Counts what a server's threads do.
final class Counter: Sendable {
  private let value = Atomic(0)

  var count: Int { value.load(ordering: .acquiring) }
  func next() -> Int { value.add(1, ordering: .acquiringAndReleasing).newValue }
}
