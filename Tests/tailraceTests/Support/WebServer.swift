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

    private enum CodingKeys: CodingKey {
      case number, headers, body, status
    }

    /// Whether an event with this number is in it.
    func holds(_ number: Int) -> Bool { events.contains { $0.data?.n == number } }
  }

  struct Answer: Sendable {
    let status: Int
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
    (listener, self.port) = try Self.listen(on: port)
    Thread { self.accept() }.start()
  }

  var url: String { "http://127.0.0.1:\(port)/events" }

  /// All requests so far, in the order of arrival.
  var requests: [Request] { received.withLock { $0 } }

  /// The events that were taken, in the order of arrival, each time they were.
  var taken: [Event] { requests.filter { $0.status.map { $0 < 300 } ?? false }.flatMap(\.events) }

  /// Ends every connection and refuses new ones.
  func close() {
    let open = connections.withLock { connections in
      defer { connections = nil }
      return connections ?? []
    }
    for socket in open { shutdown(socket, Int32(SHUT_RDWR)) }
    shutdown(listener, Int32(SHUT_RDWR))
  }

  /// A port on which nobody listens.
  static func freePort() throws -> UInt16 {
    let (socket, port) = try listen(on: 0)
    Foundation.close(socket)
    return port
  }

  private static func listen(on port: UInt16) throws -> (socket: Int32, port: UInt16) {
    let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var reuse: Int32 = 1
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(socket, pointer, length) == 0 && Foundation.listen(socket, 512) == 0
          && getsockname(socket, pointer, &length) == 0
      }
    }
    guard socket >= 0, isListening else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EADDRINUSE) }
    return (socket, UInt16(bigEndian: address.sin_port))
  }

  private func accept() {
    while true {
      var question = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
      guard poll(&question, 1, -1) > 0 else { continue }
      let socket = SystemPipe.whileNothingIsStarted {
        let socket = Foundation.accept(listener, nil, nil)
        if socket >= 0 { _ = fcntl(socket, F_SETFD, FD_CLOEXEC) }
        return socket
      }
      if socket < 0, errno == EINTR || errno == ECONNABORTED { continue }
      let isWelcome = connections.withLock { connections in
        if socket >= 0 { connections?.insert(socket) }
        return socket >= 0 && connections != nil
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
      received.withLock { $0[request.number - 1].status = answer.status }
      let fields = answer.headers.map { "\($0.key): \($0.value)\r\n" }.joined()
      let text =
        "HTTP/1.1 \(answer.status) Answer\r\n\(fields)content-length: \(answer.body.utf8.count)\r\n\r\n\(answer.body)"
      guard
        Array(text.utf8).withUnsafeBytes({ send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }) > 0
      else { break }
    }
    connections.withLock { connections in
      connections?.remove(socket)
      Foundation.close(socket)
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
