// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import PostgresClient

@Test(
  arguments: [(450, nil, true), (8191, nil, true), (8192, nil, false), (450, 16_383, true), (450, 16_384, false)]
    as [(Int, Int?, Bool)])
func `a short read is the last one, unless much has come meanwhile`(_ fresh: Int, _ left: Int?, _ isEnough: Bool) {
  var read = SocketRead(waiting: nil)
  read.fresh = fresh
  #expect(read.isEnough(left: left, isEncrypted: false) == isEnough)
}

@Test(arguments: [(0, 0, true), (450, 0, false), (0, 450, false)])
func `encrypted data is read until a read finds none`(_ waiting: Int, _ left: Int, _ isEnough: Bool) {
  #expect(SocketRead(waiting: waiting).isEnough(left: left, isEncrypted: true) == isEnough)
}
