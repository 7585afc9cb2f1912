// SPDX-License-Identifier: Apache-2.0

import Files
import NIOCore
import NIOPosix
package import PostgresWire
import Synchronization

/// The network library's threads, which all connections share. It makes them when they are first used, and ends the process when
/// it cannot.
package enum EventLoops {
  /// How many descriptors one of them has.
  private static let descriptorsEach = 3
  /// So many more are needed to connect at all.
  private static let spare = 8
  private static let areThere = Mutex(false)

  /// Makes them, if they are not there yet. Errors: the system does not give what they need.
  package static func prepare() throws(Failure) {
    try areThere.withLock { (areThere) throws(Failure) in
      guard !areThere else { return }
      let count = NIOSingletons.groupLoopCountSuggestion
      let wanted = ProcessRoom.descriptorsInUse + count * descriptorsEach + spare
      let found = ProcessRoom.makeRoom(forDescriptors: wanted)
      guard found >= wanted else {
        throw Failure(
          .receiver, "connections take up to \(wanted) file descriptors, and the process may have \(found)",
          advice: "raise that limit (ulimit -Hn, LimitNOFILE=)")
      }
      guard ProcessRoom.threads(upTo: count + spare) == count + spare else {
        throw Failure(
          .receiver, "connections take \(count + spare) threads, and the process may not have them",
          advice: "raise that limit (ulimit -u, TasksMax=, pids.max)")
      }
      _ = MultiThreadedEventLoopGroup.singleton
      areThere = true
    }
  }
}
