// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import PostgresClient

/// What a session is told and tells, apart from a server.
struct SessionTests {
  @Test(arguments: [
    ("-c role=app", true), ("-crole=app", true), ("--role=app", true), ("-c geqo=off  -c ROLE=app", true), ("", false),
    ("-c geqo=off", false), ("-c my.role=app", false), ("-c createrole_self_grant=set", false),
    ("-c x=--role=app", false),
  ])
  func `a role among the options is found, and nothing else is taken for one`(options: String, choosesRole: Bool) {
    #expect(Connection.chooses("role", options) == choosesRole)
  }

  @Test func `a setting among the options may be written with hyphens`() {
    #expect(Connection.chooses("default_transaction_read_only", "--default-transaction-read-only=on"))
    #expect(!Connection.chooses("default_transaction_read_only", "-c default_transaction_isolation=serializable"))
  }

  @Test func `a flood of notices leaves room for the one that stops a stream`() {
    let box = NoticeBox()
    for number in 0..<10_000 { box.keep(.init(sqlState: "01000", message: "\(number)")) }
    box.keep(.init(sqlState: "55000", message: "it is gone"))
    #expect(box.hasRoom(for: "42704") && !box.hasRoom(for: "01000"))
    for _ in 0..<10_000 { box.keep(.init(sqlState: "42704", message: "it is gone")) }
    let notices = box.take()
    #expect(notices.count == 200 && notices.contains { $0.sqlState == "55000" })
    #expect(box.take().isEmpty)
  }
}
