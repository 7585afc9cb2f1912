// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Files

struct DiskWaitTests {
  @Test func `a thread waits for the disk as long as it does, also when that fails, and no other one does`() throws {
    let (mine, before) = (DiskWaits.thread, ContinuousClock.now)
    #expect(!DiskWaits.isWaiting(mine))
    for isFailing in [false, true] {
      do throws(SystemFailure) {
        try DiskWaits.during { () throws(SystemFailure) in
          #expect(DiskWaits.isWaiting(mine) && !DiskWaits.isWaiting(mine &+ 1))
          #expect(DiskWaits.oldest != nil)
          if isFailing { throw SystemFailure(number: 5) }
        }
      } catch { #expect(isFailing) }
      #expect(!DiskWaits.isWaiting(mine))
    }
    #expect(before <= .now)
  }
}
