// SPDX-License-Identifier: Apache-2.0

import Octets
import Testing

struct ByteCountTests {
  @Test(arguments: [
    (0, "0 bytes"), (1, "1 byte"), (1023, "1023 bytes"), (1024, "1 kB"), (1536, "1.5 kB"), (12_345, "12 kB"),
    (3_400_000, "3.2 MB"), (.max, "8 EB"), (-5, "0 bytes"),
  ])
  func `amounts in words`(count: Int, words: String) {
    #expect("\(ByteCount(count))" == words)
  }

  @Test(arguments: [(0.9, "0 bytes"), (2048.7, "2 kB"), (.nan, "0 bytes"), (-1, "0 bytes"), (.infinity, "8 EB")])
  func `rates in words`(count: Double, words: String) {
    #expect("\(ByteCount(count))" == words)
  }
}
