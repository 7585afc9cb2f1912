// SPDX-License-Identifier: Apache-2.0

import Files
import NIOCore
import NIOHTTP1
import NIOPosix
package import PostgresWire
package import Settings
import Synchronization

/// Answers at the admin address, on a thread of its own. It takes no part in the relay's work and holds little, whatever is
/// sent there.
package final class AdminServer: Sendable {
  /// Where it listens.
  package let address: String
  private let channel: any Channel

  /// Begins to listen; an address that cannot be listened at is an error.
  ///
  /// - Parameter relays: which relays there are when somebody asks, by what they are called in what is told.
  package init(
    _ settings: AdminSettings, at place: AdminAddress, _ build: Build,
    of relays: @escaping @Sendable () -> [(name: String, observer: RelayObserver)]
  ) throws(Failure) {
    let token = try settings.tokenFile.map { (path) throws(Failure) in try AdminToken(path) }
    let pages = AdminPages(relays: relays, build: build)
    let connections = AdminConnections()
    let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup(numberOfThreads: 1))
      .serverChannelOption(.backlog, value: 128)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 2048))
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          connections.add(channel)
          let limit = RequestLimit()
          try channel.pipeline.syncOperations.addHandler(limit)
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(AdminConnection(pages, token, limit, connections))
        }
      }
    do {
      channel = try bootstrap.bind(host: place.host, port: place.port).wait()
    } catch {
      let why = (error as? IOError).map { SystemFailure(number: $0.errnoCode).textInSentence } ?? "\(error)"
      throw Failure(
        .settings, "\(setting: "admin", place.shown): nobody can listen there: \(why)",
        advice: "choose another port, or end whoever has it")
    }
    let port = channel.localAddress?.port ?? place.port
    address = "http://\(place.host.contains(":") ? "[\(place.host)]" : place.host):\(port)"
  }
}

/// The connections that are open, of which there are never many: the one that has been silent longest goes for a new one.
final class AdminConnections: Sendable {
  private static let most = 64

  private struct State {
    var channels: [ObjectIdentifier: (channel: any Channel, turn: Int)] = [:]
    var turns = 0
  }

  private let state = Mutex(State())

  func add(_ channel: any Channel) {
    let evicted = state.withLock { state in
      let oldest = state.channels.count < Self.most ? nil : state.channels.min { $0.value.turn < $1.value.turn }
      if let oldest { state.channels[oldest.key] = nil }
      state.turns += 1
      state.channels[ObjectIdentifier(channel)] = (channel, state.turns)
      return oldest?.value.channel
    }
    evicted?.close(promise: nil)
    channel.closeFuture.whenComplete { _ in
      self.state.withLock { $0.channels[ObjectIdentifier(channel)] = nil }
    }
  }

  /// A request has come whole.
  func touch(_ channel: any Channel) {
    state.withLock { state in
      state.turns += 1
      state.channels[ObjectIdentifier(channel)]?.turn = state.turns
    }
  }
}

/// What whoever asks has to know.
struct AdminToken: Sendable {
  private let file: WatchedFile

  init(_ path: String) throws(Failure) {
    do { file = try WatchedFile(path: path) } catch {
      throw Failure(.credentials, "cannot read \(path): \(error.textInSentence)")
    }
    guard !file.current.text.isEmpty else { throw Failure(.credentials, "\(path) is empty; it has to hold a token") }
  }

  /// Whether a request's `Authorization` proves it; how long that takes does not tell how much of it is right.
  func isProved(by authorization: String?) -> Bool {
    guard let authorization, authorization.prefix(7).lowercased() == "bearer " else { return false }
    let given = Array(authorization.dropFirst(7).utf8)
    let wanted = Array(file.current.text.utf8)
    guard !wanted.isEmpty else { return false }
    var difference = given.count ^ wanted.count
    for (index, byte) in given.enumerated() { difference |= Int(byte ^ wanted[index % wanted.count]) }
    return difference == 0
  }
}
