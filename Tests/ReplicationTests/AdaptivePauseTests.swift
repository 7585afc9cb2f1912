// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Replication

@Test(
  arguments: [(true, 600_000, 100_000_000), (true, 600_000, 400_000_000), (false, 20_000, 60_000_000)]
    as [(Bool, Int, Int)])
func `pauses settle where enough gathers`(_ isWindowSmall: Bool, _ wanted: Int, _ bytesPerSecond: Int) {
  var pause = AdaptivePause(isWindowSmall: isWindowSmall)
  var bytes = 0
  for _ in 0..<100 {
    bytes = Int(pause.duration / .microseconds(1) * Double(bytesPerSecond) / 1e6)
    pause.adapt(afterGathering: bytes)
  }
  #expect(abs(bytes - wanted) < wanted / 10)
}

@Test(arguments: [(true, 10_000), (false, 500)])
func `a slow server is not waited for longer than the bound`(_ isWindowSmall: Bool, _ longest: Int) {
  var pause = AdaptivePause(isWindowSmall: isWindowSmall)
  for _ in 0..<100 { pause.adapt(afterGathering: 1) }
  #expect(pause.duration == .microseconds(longest))
}

@Test(arguments: [true, false])
func `a flood shortens the pause to its bound`(_ isWindowSmall: Bool) {
  var pause = AdaptivePause(isWindowSmall: isWindowSmall)
  for _ in 0..<100 { pause.adapt(afterGathering: .max) }
  #expect(pause.duration == .microseconds(50))
}
