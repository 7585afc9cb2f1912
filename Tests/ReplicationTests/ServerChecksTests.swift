// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import Testing

@testable import Replication

/// What servers of other versions answer.
@Suite struct ServerChecksTests {
  @Test(arguments: [
    ("logical", 150_000, true), ("replica", 180_004, false), ("minimal", 150_000, false), ("logical", 190_000, true),
    ("replica", 190_000, true), ("minimal", 190_000, false), ("minimal", 200_001, false),
  ])
  func `from version 19 on the first logical slot raises the level by itself`(
    level: String, version: Int, suffices: Bool
  ) {
    var failure: Failure?
    do throws(Failure) { try ServerChecks.check(walLevel: level, serverVersion: version) } catch { failure = error }
    #expect(failure?.kind == (suffices ? nil : .walLevel))
    #expect(ServerChecks.raisesLevel(walLevel: level, serverVersion: version) == (suffices && level == "replica"))
  }
}
