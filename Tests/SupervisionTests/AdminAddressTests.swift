// SPDX-License-Identifier: Apache-2.0

import Settings
import Testing

struct AdminAddressTests {
  @Test(arguments: ["127.0.0.1:9464", "127.255.0.1:1", "localhost:80", "[::1]:9464"])
  func `only this machine reaches these`(text: String) throws {
    #expect(try #require(AdminAddress(text)).isLoopback)
  }

  @Test(arguments: [
    "0.0.0.0:9464", "[::]:9464", "192.168.1.1:1", "127.example.org:80", "127.0.0.1.example.org:80", "128.0.0.1:1",
  ])
  func `others may reach these`(text: String) throws {
    #expect(try #require(AdminAddress(text)).isLoopback == false)
  }

  @Test(arguments: [
    "", ":1", "a", "a:", "a:-1", "a:65536", "a:1:2", "[a]:1", "[::1:1", "a b:1", "a/b:1", "ä:1", "a:1 ",
  ])
  func `these are no addresses`(text: String) { #expect(AdminAddress(text) == nil) }
}
