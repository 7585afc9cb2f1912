// SPDX-License-Identifier: Apache-2.0

import Webhooks

// What any HTTP server would do with a request: here one that nobody has signed, and one behind a gateway that has verified it.
let request = WebhookRequest(
  fields: [.init("Content-Type", "application/cloudevents+json")],
  body: Array(#"{"specversion":"1.0","id":"1","source":"/shop","type":"OrderPlaced","data":{"cents":999}}"#.utf8))
let verifier = try WebhookVerifier(secrets: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
for reading in [WebhookReading(verifier: verifier), WebhookReading(verifier: nil)] {
  let answering = WebhookAnswering(reading) { event in
    print(event.type, event.id)
    return .done
  }
  print(await answering.answer(request, unixSeconds: 1_795_418_166).status)
}
