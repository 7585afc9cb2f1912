// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Files
import Foundation
import Synchronization
import Testing

/// Threads of our own, which leave the pool to others.
@Suite struct OwnThreadTests {
  @Test func `however many are blocked, the pool is free`() {
    let (started, over, pool) = (
      DispatchSemaphore(value: 0), DispatchSemaphore(value: 0), DispatchSemaphore(value: 0)
    )
    let count = 400
    for _ in 0..<count / 2 {
      let isStarted =
        OwnThread.start {
          started.signal()
          over.wait()
        } == nil
      #expect(isStarted)
      OwnQueue().async {
        started.signal()
        over.wait()
      }
    }
    for _ in 0..<count { #expect(started.wait(timeout: .now() + 60) == .success) }
    DispatchQueue.global().async { pool.signal() }
    DispatchQueue(label: "other").async { pool.signal() }
    for _ in 0..<2 { #expect(pool.wait(timeout: .now() + 60) == .success) }
    for _ in 0..<count { over.signal() }
  }

  @Test func `signals are not for a thread of our own`() {
    let seen = Mutex<[Bool]>([])
    let over = DispatchSemaphore(value: 0)
    let reason = OwnThread.start {
      var set = sigset_t()
      pthread_sigmask(SIG_BLOCK, nil, &set)
      let blocked = [SIGTERM, SIGHUP, SIGINT, SIGCHLD, SIGSEGV].map { sigismember(&set, $0) == 1 }
      seen.withLock { $0 = blocked }
      over.signal()
    }
    #expect(reason == nil && over.wait(timeout: .now() + 60) == .success)
    #expect(seen.withLock(\.self) == [true, true, true, true, false])
  }

  @Test func `a queue does one thing after another, whoever puts it there, also after a rest`() {
    let queue = OwnQueue(patience: .milliseconds(50))
    let done = Mutex<[Int]>([])
    let over = DispatchSemaphore(value: 0)
    for round in 0..<3 {
      for number in 0..<1000 {
        queue.async { done.withLock { $0.append(round * 1000 + number) } }
        if number % 97 == 0 { usleep(1000) }
      }
      queue.async { over.signal() }
      #expect(over.wait(timeout: .now() + 60) == .success)
      // Longer than its thread waits, once.
      if round == 1 { usleep(300_000) }
    }
    #expect(done.withLock(\.self) == Array(0..<3000))
    let counts = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<500 { queue.async { counts.withLock { $0 += 1 } } }
    }
    queue.async { over.signal() }
    #expect(over.wait(timeout: .now() + 60) == .success)
    #expect(counts.withLock(\.self) == 4000)
  }
}
