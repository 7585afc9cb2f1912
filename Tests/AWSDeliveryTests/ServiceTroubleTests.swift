// SPDX-License-Identifier: Apache-2.0

import Delivery
import Foundation
import PostgresWire
import Synchronization
import TestDelivery
import Testing

@testable import AWSDelivery

/// A queue that answers as a test says.
@Suite(.timeLimit(.minutes(1)))
struct ServiceTroubleTests {
  /// The entries of a request: their ids, and the ids of the events in them.
  private struct Batch: Decodable {
    struct Entry: Decodable {
      let Id: String
      let MessageBody: String
    }
    let Entries: [Entry]

    static func of(_ request: ScriptedService.Request) -> [(place: String, event: String)] {
      let entries = (try? JSONDecoder().decode(Batch.self, from: Data(request.body.utf8)))?.Entries ?? []
      return entries.map { entry in
        let object = try? JSONSerialization.jsonObject(with: Data(entry.MessageBody.utf8)) as? [String: Any]
        return (entry.Id, object?["id"] as? String ?? "")
      }
    }
  }

  private static func stored(_ request: ScriptedService.Request, failing: (String) -> String? = { _ in nil })
    -> ScriptedService.Answer
  {
    var (stored, failed): ([String], [String]) = ([], [])
    for (place, event) in Batch.of(request) {
      if let code = failing(event) {
        failed.append(code.replacing("ID", with: place))
      } else {
        stored.append(#"{"Id":"\#(place)","MessageId":"m"}"#)
      }
    }
    return .init(
      body: #"{"Successful":[\#(stored.joined(separator: ","))],"Failed":[\#(failed.joined(separator: ","))]}"#)
  }

  private static func failed(_ code: String, isOurs: Bool) -> String {
    #"{"Id":"ID","Code":"\#(code)","SenderFault":\#(isOurs),"Message":"canary"}"#
  }

  private func sink(
    _ service: ScriptedService, letters: MemoryLetters? = nil, attempts: Int? = nil, _ more: [String: String] = [:]
  ) throws -> AWSSink {
    var delivery = KeyedDelivery()
    (delivery.attemptEvents, delivery.isOneOfEachKey) = (10, true)
    (delivery.retry.firstPause, delivery.retry.longestPause) = (.milliseconds(1), .milliseconds(5))
    delivery.retry.maximumAttempts = attempts
    let keys = ["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "hush"]
    let environment = (more.isEmpty ? keys : more).merging(["AWS_REGION": "eu-central-1"]) { $1 }
    let configuration = AWSConfiguration(address: "sqs:\(service.root)/1/orders.fifo", environment: environment)
    return AWSSink(
      try AWSPublisher(configuration), delivery,
      deadLetters: letters.map { DeadLetterOffice($0, parksKeys: false) } ?? DeadLetterOffice())
  }

  private func events(_ count: Int, keys: Int) throws -> EventBatch {
    try Events.batch((0..<count).map { .init(id: "\($0)", key: "k\($0 % keys)") })
  }

  @Test func `a part that fails holds up its keys, and no later event of them is sent before`() async throws {
    let failures = Mutex(0)
    let stored = Mutex<[Int]>([])
    let service = try await ScriptedService { request in
      Self.stored(request) { event in
        let fails = failures.withLock { count in
          count += 1
          return count % 3 == 0
        }
        guard !fails else { return Self.failed("InternalError", isOurs: false) }
        stored.withLock { $0.append(Int(event) ?? -1) }
        return nil
      }
    }
    let letters = MemoryLetters()
    // What is not of our making uses none of an event's attempts up.
    let sink = try sink(service, letters: letters, attempts: 1)
    try await sink.deliver(try events(60, keys: 6))
    sink.close()
    await service.close()
    let order = stored.withLock(\.self)
    #expect(order.count == 60 && letters.all.isEmpty)
    for key in 0..<6 {
      let ones = order.filter { $0 % 6 == key }
      #expect(ones == ones.sorted() && Set(ones).count == 10)
    }
    for request in service.requests {
      let keys = Batch.of(request).compactMap { Int($0.event).map { $0 % 6 } }
      #expect(Set(keys).count == keys.count)
    }
  }

  @Test func `an entry that is refused for itself is a letter, and one that is refused for a right is not`()
    async throws
  {
    let denials = Mutex(0)
    let service = try await ScriptedService { request in
      Self.stored(request) { event in
        if event == "1" { return Self.failed("InvalidMessageContents", isOurs: true) }
        let isDenied =
          event == "2"
          && denials.withLock { count in
            count += 1
            return count < 4
          }
        return isDenied ? Self.failed("AccessDenied", isOurs: true) : nil
      }
    }
    let letters = MemoryLetters()
    let sink = try sink(service, letters: letters, attempts: 2)
    try await sink.deliver(try events(5, keys: 5))
    #expect(letters.all.map(\.id) == ["1"])
    #expect(sink.health.failures == 3 && !sink.health.lastReason.contains("canary"))
    sink.close()
    await service.close()
  }

  @Test(
    arguments: [
      (.init(status: 502, body: "<html>canary</html>"), "status 502"), (.init(status: 301, body: ""), "status 301"),
      (.init(body: #"{"Successful":[{"Id":"0","MessageId":"m"}]}"#, isCut: true), "HTTP"),
      (.init(body: #"{"Successful":[{"Id":"7","MessageId":"m"}]}"#), "not what SQS answers"),
      (.init(body: #"{"Successful":[]}"#), "not what SQS answers"),
      (.init(body: #"{"Successful":[{"Id":"0"},{"Id":"0"}]}"#), "not what SQS answers"),
      (.init(body: #"{"Successful":[{"Id":"0","MD5OfMessageBody":"00"}]}"#), "not what SQS answers"),
      (.init(body: String(repeating: "x", count: 300_000)), "more than 262144 bytes"),
      (.init(status: 403, body: #"{"__type":"x#RequestTimeTooSkewed","message":"canary"}"#), "clock"),
      (.init(status: 400, body: #"{"__type":"x#RequestThrottled"}"#), "asked too often"),
      (.init(status: 400, body: #"{"__type":"x#KmsDisabled"}"#), "key cannot be used"),
      (
        .init(status: 403, body: "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"),
        "send there"
      ),
      (.init(status: 503, body: ""), "status 503"),
    ] as [(ScriptedService.Answer, String)])
  func `an answer that is none, or speaks of the place, is told and asked for again`(
    _ answer: ScriptedService.Answer, _ words: String
  ) async throws {
    let count = Mutex(0)
    let service = try await ScriptedService { request in
      let isFirst = count.withLock { count in
        count += 1
        return count < 4
      }
      return isFirst ? answer : Self.stored(request)
    }
    let letters = MemoryLetters()
    let sink = try sink(service, letters: letters)
    async let delivery: Void = sink.deliver(try Events.batch([.init(id: "0", key: "k")]))
    try await delivery
    let health = sink.health
    #expect(health.failures == 3 && letters.all.isEmpty)
    #expect(health.lastReason.contains(words) || words == "clock", "\(health.lastReason)")
    #expect(!health.lastReason.contains("canary"))
    sink.close()
    await service.close()
  }

  @Test func `a session that has ended is renewed at once, and one that ends soon before it does`() async throws {
    let given = Mutex(0)
    let service = try await ScriptedService { request in
      if request.method == "GET" {
        let number = given.withLock { count in
          count += 1
          return count
        }
        // The first ends within the five minutes before which others are asked for.
        let end = Date(timeIntervalSinceNow: number == 1 ? 100 : 3600).formatted(.iso8601)
        return .init(
          body: #"{"AccessKeyId":"A\#(number)","SecretAccessKey":"s","Token":"T\#(number)","Expiration":"\#(end)"}"#)
      }
      let token = request.headers["x-amz-security-token"] ?? ""
      if token == "T2" {
        return .init(status: 400, body: #"{"__type":"x#ExpiredTokenException","message":"canary"}"#)
      }
      return Self.stored(request)
    }
    let sink = try sink(service, ["AWS_CONTAINER_CREDENTIALS_FULL_URI": service.root + "/keys"])
    try await sink.deliver(try events(1, keys: 1))
    try await sink.deliver(try events(1, keys: 1))
    sink.close()
    await service.close()
    #expect(given.withLock(\.self) <= 3)
    #expect(service.requests.filter { $0.method == "POST" }.last?.headers["x-amz-security-token"] != "T2")
    #expect(!sink.health.lastReason.contains("canary"))
  }

  @Test(arguments: [true, false])
  func `of a request only the entry that is to blame is given up, wherever it stands`(_ isFirst: Bool) async throws {
    let (bad, slow) = isFirst ? ("0", "3") : ("3", "0")
    let waits = Mutex(0)
    let service = try await ScriptedService { request in
      Self.stored(request) { event in
        if event == bad { return Self.failed("WeirdThing", isOurs: true) }
        let isSlow =
          event == slow
          && waits.withLock { count in
            count += 1
            return count < 8
          }
        return isSlow ? Self.failed(isFirst ? "ThrottlingException" : "WeirdThing", isOurs: false) : nil
      }
    }
    let letters = MemoryLetters()
    let sink = try sink(service, letters: letters, attempts: 3)
    try await sink.deliver(try events(5, keys: 5))
    #expect(letters.all.map(\.id) == [bad] && letters.all.first?.attempts == 3)
    #expect(letters.all.first?.reason.contains("WeirdThing") == true)
    #expect(sink.health.delivered == 4)
    sink.close()
    await service.close()
  }

  @Test(arguments: ["<html>", #"{"__type":"x#Odd"}"#, ""])
  func `a request that is too large is sent in halves, and one event that is too large is a letter`(_ body: String)
    async throws
  {
    let service = try await ScriptedService { request in
      let batch = Batch.of(request)
      return batch.count > 2 || batch.contains { $0.event == "4" }
        ? .init(status: 413, body: body) : Self.stored(request)
    }
    let letters = MemoryLetters()
    let sink = try sink(service, letters: letters)
    try await sink.deliver(try events(10, keys: 10))
    #expect(letters.all.map(\.id) == ["4"] && sink.health.failures == 0)
    sink.close()
    await service.close()
  }

  @Test func `a code in the header alone is told`() async throws {
    let count = Mutex(0)
    let service = try await ScriptedService { request in
      let isFirst = count.withLock { count in
        count += 1
        return count < 3
      }
      return isFirst
        ? .init(
          status: 400, body: #"{"message":"canary"}"#, headers: ["x-amzn-errortype": "QueueDoesNotExist:http://x"])
        : Self.stored(request)
    }
    let sink = try sink(service, letters: MemoryLetters(), attempts: 1)
    try await sink.deliver(try events(1, keys: 1))
    #expect(sink.health.lastReason.contains("QueueDoesNotExist"), "\(sink.health)")
    #expect(sink.health.delivered == 1)
    sink.close()
    await service.close()
  }
}
