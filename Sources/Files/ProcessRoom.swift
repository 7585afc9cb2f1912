// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc

/// How much the system lets this process have. Libraries end the process where there is not enough for them, so it is looked at
/// before.
package enum ProcessRoom {
  /// How many descriptors are taken where more are to be had: receivers may have many connections.
  private static let usual: rlim_t = 65_536

  /// How many descriptors are in use.
  package static var descriptorsInUse: Int { (try? OpenFile.names(inDirectory: "/proc/self/fd").count) ?? 1024 }

  /// Lets it have so many file descriptors or more, where it may; gives how many it may have.
  package static func makeRoom(forDescriptors count: Int) -> Int {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard unsafe getrlimit(resource, &limit) == 0 else { return .max }
    let before = limit.rlim_cur
    limit.rlim_cur = min(max(rlim_t(count), usual), limit.rlim_max)
    guard before < limit.rlim_cur, unsafe setrlimit(resource, &limit) == 0 else { return Int(clamping: before) }
    return Int(clamping: limit.rlim_cur)
  }

  /// How many threads more there can be, up to so many: they are started, and end.
  package static func threads(upTo count: Int) -> Int {
    let (over, ended) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    var started = 0
    while started < count,
      OwnThread.start({
        over.wait()
        ended.signal()
      }) == nil
    {
      started += 1
    }
    for _ in 0..<started { over.signal() }
    for _ in 0..<started { ended.wait() }
    return started
  }
}
