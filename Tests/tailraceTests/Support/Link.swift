// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// The network between a program and a server, which a test can cut, heal and shake.
///
/// A cut is what a network does that has gone: nothing gets through, and nobody is told, neither of bytes nor of an end.
final class Link: Sendable {
  private struct State {
    var isCut = false
    var isClosed = false
    /// Connections up to this number are to be reset, or are cut for good.
    var resetUpTo = 0
    var forgottenUpTo = 0
    var count = 0
  }

  private enum Order {
    case carry, hold, reset
  }

  let port: UInt16
  private let listener: Int32
  private let server: UInt16
  private let pieces: Int
  private let onClient: @Sendable (ArraySlice<UInt8>) -> Void
  private let state = Mutex(State())

  /// Starts to carry what comes to `port` to a server's port, in pieces of so many bytes at most.
  ///
  /// - Parameter onClient: called with each piece from the client before it is carried on.
  init(
    to server: UInt16, pieces: Int = 65_536, onClient: @escaping @Sendable (ArraySlice<UInt8>) -> Void = { _ in }
  ) throws {
    self.server = server
    self.onClient = onClient
    self.pieces = pieces
    (listener, port) = try TCP.listen()
    Thread { self.accept() }.start()
  }

  /// How many connections there have been.
  var count: Int { state.withLock { $0.count } }

  /// Nothing gets through any more; connections can be made, and then nothing comes.
  func cut() { state.withLock { $0.isCut = true } }

  /// All goes on where it stopped.
  func heal() { state.withLock { $0.isCut = false } }

  /// New connections work; those that were there stay silent for ever.
  func healForNewOnes() {
    state.withLock { state in
      state.forgottenUpTo = state.count
      state.isCut = false
    }
  }

  /// Resets every connection.
  func reset() { state.withLock { $0.resetUpTo = $0.count } }

  func close() {
    state.withLock { state in
      // The second time the number may be another test's.
      if !state.isClosed { shutdown(listener, Int32(SHUT_RDWR)) }
      state.isClosed = true
    }
  }

  private func order(_ number: Int) -> Order {
    state.withLock { state in
      if state.isClosed || number <= state.resetUpTo { return .reset }
      return state.isCut || number <= state.forgottenUpTo ? .hold : .carry
    }
  }

  private func accept() {
    while case let client = TCP.accept(listener), client >= 0 {
      let number = state.withLock { state in
        state.count += 1
        return state.count
      }
      Thread { self.serve(client, number) }.start()
    }
    Foundation.close(listener)
  }

  private func serve(_ client: Int32, _ number: Int) {
    // The server knows of the connection when the first bytes get through.
    var other: Int32 = -1
    defer { for socket in [client, other] where socket >= 0 { Foundation.close(socket) } }
    while true {
      switch order(number) {
      case .hold:
        usleep(5000)
        continue
      case .reset:
        for socket in [client, other] where socket >= 0 { TCP.resetWhenClosed(socket) }
        return
      case .carry: break
      }
      if other < 0 { other = TCP.connect(to: server) }
      guard other >= 0 else { return }
      var questions = [client, other].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      guard poll(&questions, 2, 20) > 0 else { continue }
      for (question, target) in zip(questions, [other, client]) where question.revents != 0 {
        var bytes = [UInt8](repeating: 0, count: pieces)
        let count = recv(question.fd, &bytes, bytes.count, 0)
        guard count > 0 else { return }
        if question.fd == client { onClient(bytes[..<count]) }
        guard TCP.send(bytes[..<count], to: target) else { return }
      }
    }
  }
}

extension OutboxDatabase {
  /// The options that name this stream, over a link to the server.
  func names(over link: Link) -> [String] {
    ["--database", server.connection(to: name, port: "\(link.port)"), "--publication", "events", "--slot", slot]
  }

  /// A link to the server, for the time of `body`.
  func withLink(
    pieces: Int = 65_536, onClient: @escaping @Sendable (ArraySlice<UInt8>) -> Void = { _ in },
    _ body: (Link) throws -> Void
  ) throws {
    let link = try Link(to: UInt16(server.port) ?? 0, pieces: pieces, onClient: onClient)
    defer { link.close() }
    try body(link)
  }
}
