// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
import NIOCore
import TestDelivery
import Testing

@testable import Delivery
@testable import HTTPDelivery

/// How the commonest failures are told.
@Suite(.timeLimit(.minutes(1)))
struct TransportTroubleTests {
  @Test(arguments: [
    (ECONNREFUSED, "connection reset (error set)", "cannot connect: connection refused"),
    (EHOSTUNREACH, "connect(descriptor:addr:size:)", "cannot connect: no route to host"),
    (ENETUNREACH, "connect(descriptor:addr:size:)", "cannot connect: network is unreachable"),
    (EMFILE, "socket(domain:type:protocol:)", "cannot connect: too many open files"),
    (ECONNRESET, "read(descriptor:pointer:size:)", "the connection was reset before an answer"),
    (EPIPE, "writev(descriptor:iovecs:)", "the connection was closed before an answer"),
    (ETIMEDOUT, "read(descriptor:pointer:size:)", "the connection timed out"),
    (ENOMEM, "write(descriptor:pointer:size:)", "the connection failed: cannot allocate memory"),
  ])
  func `a failure of the network is told in plain words`(number: Int32, function: String, words: String) {
    #expect(why(IOError(errnoCode: number, reason: function)) == words)
  }

  @Test(arguments: [ChannelError.eof, .ioOnClosedChannel, .inputClosed, .outputClosed, .alreadyClosed])
  func `an end of the connection is told in plain words`(error: ChannelError) {
    #expect(why(error) == "the connection was closed before an answer")
  }

  @Test(arguments: ["127.0.0.1", "localhost"])
  func `a port where nobody listens, and a name that nobody has, are told in plain words`(host: String) async throws {
    let receiver = try await Receiver()
    let port = try #require(URL(string: receiver.url)?.port)
    await receiver.close()
    #expect(
      try await reason("http://\(host):\(port)/")
        == (host == "localhost"
          ? "cannot connect to localhost, port \(port): connection refused" : "cannot connect: connection refused"))
    #expect(
      try await reason("http://nobody.invalid:\(port)/")
        == "cannot connect to nobody.invalid, port \(port): its name is not found")
  }

  @Test func `header fields that cannot be sent are the same for all events, so no event is to blame`() {
    for error in [HTTPClientError.invalidHeaderFieldNames(["a b"]), .invalidHeaderFieldValues(["\u{0}"])] {
      guard case .hopeless = HTTPTransport.Outcome.of(error) else {
        Issue.record("\(error.shortDescription)")
        continue
      }
    }
  }

  private func why(_ error: any Error) -> String? {
    if case .failed(let why) = HTTPTransport.Outcome.of(error) { why } else { nil }
  }

  /// Why one attempt fails.
  private func reason(_ url: String) async throws -> String? {
    let publisher = try HTTPPublisher(HTTPConfiguration(url: url))
    defer { publisher.close() }
    let batch = try Events.batch([.init(id: "a", key: "k")])
    let attempt = await publisher.publish([OutgoingEvent(batch, batch.events[0])])
    guard case .together(.retry(let trouble)) = attempt.verdicts else { return nil }
    return trouble.reason
  }
}
