// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TableSource

@Suite struct SnapshotTableTests {
  @Test(arguments: [
    ("747:743:", "747:747:"), ("30317:30313:", "30317:30317:"), ("743:747:744,745", "743:747:744,745"),
    ("743:743:", "743:743:"), ("", ""), ("x:y:z", "x:y:z"), ("9:8", "9:8"),
  ])
  func `a snapshot whose oldest transaction is behind its next one is made one that can be read`(
    text: String, expected: String
  ) {
    #expect(SnapshotTable.readable(text) == expected)
  }
}
