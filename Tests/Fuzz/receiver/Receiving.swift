// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Webhooks

/// Input: header fields, one a line, an empty line, and a body. Whatever it holds, reading it ends, with events that are what
/// CloudEvents says they are, or a refusal; and the same again.
@_cdecl("LLVMFuzzerTestOneInput")
public func receive(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  var rest = Array(UnsafeBufferPointer(start: start, count: count))[...]
  var fields: [WebhookRequest.Field] = []
  while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
    let line = rest[..<end]
    rest = rest[(end + 1)...]
    if line.isEmpty { break }
    let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
    fields.append(
      .init(
        String(decoding: line[..<colon], as: UTF8.self), String(decoding: line[colon...].dropFirst(), as: UTF8.self)))
  }
  let request = WebhookRequest(fields: fields, body: Array(rest))
  var limits = WebhookLimits()
  limits.bodyBytes = 16 << 10
  limits.batchEvents = 20
  limits.depth = 20
  for reading in [WebhookReading(verifier: nil, limits: limits), WebhookReading(verifier: verifier, limits: limits)] {
    let events: [ReceivedEvent]
    do throws(WebhookRefusal) {
      events = try reading.events(of: request, unixSeconds: 1_700_000_000)
    } catch {
      precondition(!WebhookAnswer(error).body.isEmpty, "a refusal without a reason")
      continue
    }
    precondition(events.count <= limits.batchEvents, "more events than are taken")
    for event in events {
      precondition(
        !event.id.isEmpty && !event.type.isEmpty && EventSource(event.source) != nil, "an event without its name")
      precondition((event.data?.count ?? 0) <= request.body.count, "more came out than went in")
      _ = (event.key, event.position, event.isRedelivery)
    }
    precondition(
      (try? reading.events(of: request, unixSeconds: 1_700_000_000)) == events, "the same twice is not the same")
  }
  return 0
}

private let verifier = try? WebhookVerifier(secrets: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
