// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Synchronization
import Testing
import Webhooks

struct AnswerTests {
  private struct Broken: Error {}

  private static func answer(
    _ request: WebhookRequest, _ handler: @escaping WebhookAnswering.Handler
  ) async -> WebhookAnswer {
    await WebhookAnswering(WebhookReading(verifier: nil), handler: handler).answer(request, unixSeconds: now)
  }

  private static func text(_ answer: WebhookAnswer) -> String { String(decoding: answer.body, as: UTF8.self) }

  @Test func `an event that is done is 204, without a body`() async {
    let answer = await Self.answer(structured(line())) { _ in .done }
    #expect(answer.status == 204 && answer.body.isEmpty && answer.fields.isEmpty)
  }

  @Test func `an event that will never be taken is 422, whether that is said or thrown`() async {
    for handler: WebhookAnswering.Handler in [
      { _ in .refused("no \"such\" order") }, { _ in throw EventRefusal("no \"such\" order") },
    ] {
      let answer = await Self.answer(structured(line()), handler)
      #expect(answer.status == 422)
      #expect(Self.text(answer) == #"{"status":422,"detail":"no \"such\" order","index":0,"id":"1"}"#)
      #expect(answer.fields == [.init("content-type", "application/problem+json")])
    }
  }

  @Test func `what else is thrown is 503 with Retry-After, and is told to the service, not the sender`() async {
    let told = Mutex<[String]>([])
    var answering = WebhookAnswering(WebhookReading(verifier: nil)) { _ in throw Broken() }
    answering.onRefusal = { refusal, thrown in
      told.withLock { $0.append("\(refusal)\(thrown.map { " (\(type(of: $0)))" } ?? "")") }
    }
    let answer = await answering.answer(structured(line()), unixSeconds: now)
    _ = await answering.answer(structured("x"), unixSeconds: now)
    #expect(answer.status == 503 && answer.fields.contains(.init("retry-after", "5")))
    #expect(!Self.text(answer).contains("Broken"))
    #expect(
      told.withLock { $0 } == [
        "503 for event 1: it cannot be taken now (Broken)", "400: the body is no JSON object (byte 0)",
      ])
  }

  @Test
  func `a batch is done when each event is, else the first to blame is named and those behind it are not handled`()
    async
  {
    let handled = Mutex<[String]>([])
    let batch = batched("[\(line("a")),\(line("b")),\(line("c"))]")
    let refused = await Self.answer(batch) { event in
      handled.withLock { $0.append(event.id) }
      return event.id == "b" ? .refused("no") : .done
    }
    #expect(refused.status == 422 && Self.text(refused).contains(#""index":1,"id":"b""#))
    #expect(handled.withLock { $0 } == ["a", "b"])
    let later = await Self.answer(batch) { $0.id == "c" ? .unavailable("not now", retryAfter: 7) : .done }
    #expect(
      later.status == 503 && Self.text(later).contains(#""index":2,"id":"c""#)
        && later.fields.contains(.init("retry-after", "7")))
    #expect(await Self.answer(batch) { _ in .done }.status == 204)
    #expect(await Self.answer(batched("[]")) { _ in .refused("no") }.status == 204)
  }

  @Test func `nothing of a batch is handled when one of its events is malformed`() async {
    let answer = await Self.answer(batched("[\(line("a")),{}]")) { _ in
      Issue.record("it was handled")
      return .done
    }
    #expect(answer.status == 400 && Self.text(answer).contains(#""index":1"#))
  }

  @Test func `each refusal is its status code`() async {
    #expect(WebhookRefusal.Kind.allCases.map(\.rawValue) == [400, 401, 413, 415, 422, 503])
    for kind in WebhookRefusal.Kind.allCases {
      let answer = WebhookAnswer(WebhookRefusal(kind, "x"))
      #expect(answer.status == kind.rawValue)
      // Whatever is not now says when, also where nothing could be verified.
      #expect(answer.fields.contains(.init("retry-after", "5")) == (kind == .unavailable))
    }
  }
}
