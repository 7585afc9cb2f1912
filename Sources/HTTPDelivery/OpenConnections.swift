// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Synchronization

/// The HTTP/2 connections of a client, which it does not close while the receiver holds them open: after a GOAWAY they would be
/// there for ever, and so would a shutdown.
final class OpenConnections: Sendable {
  private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

  /// Takes note of a new one until it is closed.
  @Sendable func add(_ channel: any Channel) -> EventLoopFuture<Void> {
    let id = ObjectIdentifier(channel)
    channels.withLock { $0[id] = channel }
    channel.closeFuture.whenComplete { _ in self.channels.withLock { $0[id] = nil } }
    return BrokenConnection.install(channel)
  }

  /// Whether there is one.
  var areThere: Bool { channels.withLock { !$0.isEmpty } }

  /// Closes all; requests that are under way fail.
  func close() {
    for channel in channels.withLock({ Array($0.values) }) { channel.close(promise: nil) }
  }
}
