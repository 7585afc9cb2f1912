// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import WebhookReceiver
import Webhooks

// A hummingbird application that takes events, until it is told to stop.
let answering = WebhookAnswering(WebhookReading(verifier: nil)) { event in
  event.type == "OrderPlaced" ? .done : .refused("unknown")
}
let router = Router()
router.add(middleware: WebhookMiddleware(path: "/events", answering))
let application = Application(
  router: router, configuration: .init(address: .hostname("127.0.0.1", port: Int(CommandLine.arguments[1]) ?? 0)))
try await application.runService()
