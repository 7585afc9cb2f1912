// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import PostgresWire
import TestDelivery
import Testing

@testable import AWSDelivery

/// What is found before there are events.
@Suite(.timeLimit(.minutes(1)))
struct LookTests {
  private static func refused(_ code: String, _ status: Int = 400) -> ScriptedService.Answer {
    .init(status: status, body: #"{"__type":"com.amazonaws.sqs#\#(code)","message":"canary"}"#)
  }

  private func look(_ look: ScriptedService.Answer, _ send: ScriptedService.Answer) async throws -> AWSPublisher {
    let service = try await ScriptedService { $0.action == "GetQueueAttributes" ? look : send }
    let publisher = try AWSPublisher(
      AWSConfiguration(
        address: "sqs:\(service.root)/1/orders.fifo",
        environment: ["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "eu-central-1"]))
    do throws(Failure) { try await publisher.check() } catch {
      publisher.close()
      await service.close()
      throw error
    }
    publisher.close()
    await service.close()
    return publisher
  }

  @Test(
    arguments: [
      (refused("QueueDoesNotExist"), .destination), (refused("AccessDenied", 403), .privilege),
      (refused("UnknownOperationException"), .destination), (refused("InvalidClientTokenId", 403), .authentication),
      (.init(status: 503, body: ""), .receiver), (.init(status: 404, body: "<html>"), .destination),
    ] as [(ScriptedService.Answer, FailureKind)])
  func `a queue that may not be looked at is there only where a request with nothing in it is refused for that`(
    _ answer: ScriptedService.Answer, _ kind: FailureKind
  ) async throws {
    let failure = await #expect(throws: Failure.self) { try await look(Self.refused("AccessDenied", 403), answer) }
    #expect(failure?.kind == kind)
  }

  @Test func `what could not be seen is in doubt, and what was seen is not`() async throws {
    let empty = Self.refused("AWS.SimpleQueueService.EmptyBatchRequest")
    let unseen = try await look(Self.refused("AccessDenied", 403), empty)
    #expect(unseen.doubt?.contains("sqs:GetQueueAttributes") == true)
    let seen = ScriptedService.Answer(body: #"{"Attributes":{"MaximumMessageSize":"1048576"}}"#)
    #expect(try await look(seen, empty).doubt == nil)
    let failure = await #expect(throws: Failure.self) { try await look(seen, Self.refused("QueueDoesNotExist")) }
    #expect(failure?.kind == .destination)
  }

  @Test(arguments: [0, -1, 1023, 1024]) func `a limit that no queue can have is not believed`(_ size: Int) async {
    let limits = MessageLimits(.sqs)
    limits.learn(size)
    #expect(await limits.longest(for: 5000) {} == (size < 1024 ? 1 << 20 : 1024))
  }

  @Test func `a letter that is too large for its queue is told of by its event, with what takes it`() async throws {
    let service = try await ScriptedService { _ in .init(body: #"{"Attributes":{"MaximumMessageSize":"1024"}}"#) }
    let letters = try AWSLetters(
      AWSConfiguration(
        address: "sqs:\(service.root)/1/orders.fifo",
        environment: ["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "eu-central-1"]),
      queue: "letters")
    let data = "\"\(String(repeating: "x", count: 2000))\""
    let batch = try Events.batch([.init(id: "1", key: "k", data: data)])
    let event = OutgoingEvent(batch, try #require(batch.events.first))
    let letter = DeadLetter(event, reason: "odd", attempts: 1, first: 0, last: 0, sink: "x")
    let failure = await #expect(throws: Failure.self) { try await elsewhere { try letters.append([letter]) } }
    #expect(failure?.what.description.contains(letter.position.sequence) == true)
    #expect(failure?.advice?.description.contains("file") == true)
    await service.close()
  }
}
