// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestStream
import Testing

@testable import Operations

/// The manual against the checks that there are.
@Suite struct ManualTests {
  @Test func `it has a row for each check, in their order, and no other`() throws {
    let root = FixtureFiles.directory.deletingLastPathComponent()
    let page = try String(
      contentsOf: root.appending(path: "Sources/tailrace/Manual.docc/Troubleshooting.md"), encoding: .utf8)
    let rows = page.matches(of: /(?m)^\| \*\*([a-z-]+)\*\* \|/).map { String($0.output.1) }
    #expect(rows == Check.ID.allCases.map(\.rawValue))
  }
}
