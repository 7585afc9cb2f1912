// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import TestDelivery
import Testing

@testable import Delivery
@testable import HTTPDelivery

@Suite(.timeLimit(.minutes(1)))
struct AddressTests {
  @Test(arguments: [
    ("http://h:0/", HTTPAddress.Problem.port), ("http://h:65536/", .port), ("http://h:99999999999999999999/", .port),
    ("http://h:+80/", .port), ("http://h:8o/", .port), ("http://h:-1/", .port), ("https://[::1]:70000/", .port),
    ("http:///", .malformed), ("http://127.+0.0.1/", .host), ("http://", .malformed), ("http://u@/", .malformed),
    ("ftp://h/", .malformed),
    ("http://h /", .blank), (" http://h/", .blank), ("http://h/\n", .blank), ("http://hé/", .malformed),
    ("http://[::1/", .malformed), ("h", .malformed),
    ("http://[::1]x/", .malformed), ("http://u:p%zz@h/", .user), ("http://u:%0d%0a@h/", .user),
    ("http://u:%ff@h/", .user), ("http://127.0.0.1%00.x:9141/x", .host), ("http://a%0ab/", .host),
    ("http://a%0d%0ab/", .host), ("http://a%20b/", .host), ("http://%2f/", .host), ("http://h%c3%a9/", .host),
    ("http://%6cocalhost/", .host), ("http://a..b/", .host), ("http://.a/", .host), ("http://a,b/", .host),
    ("http://a*/", .host), ("http://u@a%00/", .host), ("http://[x]/", .host), ("http://[127.0.0.1]/", .host),
    ("http://[::1%00]/", .host), ("http://[fe80::1%25]/", .host), ("http://[fe80::1%25e%00]/", .host),
    ("http://\(String(repeating: "a", count: 64)).example/", .host), ("http://h/%", .encoding),
    ("http://h/%zz", .encoding), ("http://h/?a=%1", .encoding),
    ("http://h/" + String(repeating: "x", count: 70_000), .tooLong),
  ])
  func `an address that cannot be used is refused at the start`(text: String, problem: HTTPAddress.Problem) {
    #expect(throws: problem) { try HTTPAddress(text) }
    let error = #expect(throws: Failure.self) { try HTTPPublisher(HTTPConfiguration(url: text)) }
    #expect(error?.kind == .settings)
    #expect(error?.description.contains("p%zz") == false)
  }

  @Test(
    arguments: [
      ("http://h/", nil, "http://h/", false), ("https://h:65535", nil, "https://h:65535", false),
      ("HTTP://localhost:1/?a=b", nil, "http://localhost:1/?a=b", true),
      ("http://[::1]:80/", nil, "http://[::1]:80/", true),
      ("http://127.9.9.9/", nil, "http://127.9.9.9/", true), ("http://127.-0.0.1/", nil, "http://127.-0.0.1/", false),
      ("http://127.0.0.-0/", nil, "http://127.0.0.-0/", false), ("http://h:/x", nil, "http://h:/x", false),
      ("https://u:p%40ss%3a@h/a@b", "u:p@ss:", "https://h/a@b", false),
      ("http://u@127.0.0.1/", "u:", "http://127.0.0.1/", true),
      ("https://[fe80::1%25eth0]:1/", nil, "https://[fe80::1%25eth0]:1/", false),
      ("http://my_host-1.example./%00", nil, "http://my_host-1.example./%00", false),
      ("http://127.0.0.1@h/", "127.0.0.1:", "http://h/", false),
    ] as [(String, String?, String, Bool)])
  func `an address is taken apart`(text: String, user: String?, url: String, isLoopback: Bool) throws {
    let address = try HTTPAddress(text)
    #expect(address.user == user)
    #expect(address.url == url)
    #expect(address.isLoopback == isLoopback)
  }

  @Test func `user and password of an address are sent, and not shown`() async throws {
    let receiver = try await Receiver()
    let url = receiver.url.replacing("http://", with: "http://aladdin:open%20sesame@")
    try await deliver([.init(id: "a", key: "k")], to: url)
    #expect(receiver.requests.first?.headers["authorization"] == "Basic YWxhZGRpbjpvcGVuIHNlc2FtZQ==")
    #expect(receiver.requests.first?.path == "/events")
    let sink = try SinkParts(url: url).sink(DeadLetterOffice())
    #expect(sink.health.destination == receiver.url)
    sink.close()
    await receiver.close()
  }
}
