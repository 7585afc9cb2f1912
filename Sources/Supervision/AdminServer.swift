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
  /// How often the token's file is looked at when nobody asks.
  private static let lookEvery = TimeAmount.seconds(2)

  /// Begins to listen; an address that cannot be listened at is an error.
  ///
  /// - Parameters:
  ///   - warn: told what is wrong with the token's file, at the start and whenever that changes.
  ///   - relays: which relays there are when somebody asks, by what they are called in what is told.
  package init(
    _ settings: AdminSettings, at place: AdminAddress, _ build: Build, warn: @escaping @Sendable (Wording) -> Void,
    of relays: @escaping @Sendable () -> [(name: String, observer: RelayObserver)]
  ) throws(Failure) {
    let token = try settings.tokenFile.map { (path) throws(Failure) in try AdminToken(path) }
    for warning in settings.warnings { warn(warning) }
    let hosts = AdminHosts(place, hasToken: token != nil)
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
          try channel.pipeline.syncOperations.addHandler(AdminConnection(pages, token, hosts, limit, connections))
        }
      }
    do {
      channel = try bootstrap.bind(host: place.host, port: place.port).wait()
    } catch {
      let trouble = (error as? IOError).map { SystemFailure(number: $0.errnoCode) }
      let why = trouble?.textInSentence ?? "\(error)"
      throw Failure(
        .settings, "\(setting: "admin", place.shown): nobody can listen there: \(why)",
        advice: trouble?.isOfLimit == true
          ? Failure.advice(opening: SystemFailure.mostFiles) : "choose another port, or end whoever has it")
    }
    if let token {
      channel.eventLoop.scheduleRepeatedTask(initialDelay: Self.lookEvery, delay: Self.lookEvery) { _ in
        for change in token.changes() { warn(change) }
      }
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
