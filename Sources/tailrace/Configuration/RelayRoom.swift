// SPDX-License-Identifier: Apache-2.0

import Files
import Glibc
import PostgresWire

/// What the relays of a process take of the system's.
enum RelayRoom {
  /// For each: a relay has a connection to its server, one to its receiver, files with their states, and pipes that wake it.
  private static let (descriptorsEach, threadsEach) = (12, 2)
  /// For all: what is open anyhow, the admin address and who asks there; a thread of the network's for each processor.
  private static let (descriptors, threads) = (128, 12)

  /// Makes room for so many relays, and refuses more than there is room for.
  static func make(for count: Int) throws(Failure) {
    let processors = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let wanted = descriptors + processors * 4 + count * descriptorsEach
    let found = ProcessRoom.makeRoom(forDescriptors: wanted)
    guard found >= wanted else {
      throw Failure(
        .settings, "\(words(count)) up to \(wanted) file descriptors, and the process may have \(found)",
        advice: "raise that limit (ulimit -Hn, LimitNOFILE=)")
    }
    let room = threads + processors + count * threadsEach
    let started = ProcessRoom.threads(upTo: room)
    guard started == room else {
      throw Failure(
        .settings, "\(words(count)) up to \(room) threads, and the process may have \(started)",
        advice: "raise that limit (ulimit -u, TasksMax=, pids.max)")
    }
  }

  private static func words(_ count: Int) -> String { count == 1 ? "a relay takes" : "\(count) relays take" }
}
