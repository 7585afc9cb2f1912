// SPDX-License-Identifier: Apache-2.0

import Digests
import Octets
import Testing
import Webhooks

let now: Int64 = 1_795_418_166
let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
let otherSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"

/// An event in JSON, with further members behind it.
func line(_ id: String = "1", _ rest: String = #","data":{"cents": 999}"#) -> String {
  #"{"specversion":"1.0","id":"\#(id)","source":"/shop/public.outbox","type":"OrderPlaced"\#(rest)}"#
}

func structured(_ body: String) -> WebhookRequest {
  WebhookRequest(fields: [.init("Content-Type", "application/cloudevents+json; charset=UTF-8")], body: Array(body.utf8))
}

func batched(_ body: String) -> WebhookRequest {
  WebhookRequest(fields: [.init("content-type", "application/cloudevents-batch+json")], body: Array(body.utf8))
}

func binary(_ further: [(String, String)] = [], _ body: String = "{}", type: String? = "application/json")
  -> WebhookRequest
{
  let fields =
    [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/shop"), ("ce-type", "OrderPlaced")] + further
  return WebhookRequest(
    fields: (fields + (type.map { [("content-type", $0)] } ?? [])).map { .init($0.0, $0.1) }, body: Array(body.utf8))
}

extension WebhookRequest {
  /// Signed as Standard Webhooks has it.
  func signed(_ secret: String = secret, id: String = "msg_1", at time: Int64 = now) throws -> WebhookRequest {
    let key = try #require(Base64.decode(Array(secret.utf8.dropFirst(6))))
    let code = try SHA256.authenticationCode(Array("\(id).\(time).".utf8) + body, key: key)
    return with([
      ("webhook-id", id), ("webhook-timestamp", "\(time)"), ("webhook-signature", "v1,\(Base64.encode(code))"),
    ])
  }

  func with(_ further: [(String, String)]) -> WebhookRequest {
    let names = Set(further.map(\.0))
    return WebhookRequest(
      fields: fields.filter { !names.contains($0.name) } + further.map { .init($0.0, $0.1) }, body: body)
  }
}
