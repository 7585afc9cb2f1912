// SPDX-License-Identifier: Apache-2.0

/// What is answered to a request of the admin address.
struct AdminAnswer: Sendable {
  var status: Int
  var body: String
  var type = "text/plain; charset=utf-8"

  init(_ status: Int, _ body: String, type: String = "text/plain; charset=utf-8") {
    (self.status, self.body, self.type) = (status, body, type)
  }

  static let notFound = AdminAnswer(404, "there are /live, /ready, /status and /metrics\n")
  static let notAllowed = AdminAnswer(405, "only GET and HEAD: nothing can be changed here\n")
  static let tooLarge = AdminAnswer(413, "a request has no body here\n")
  static let unauthorized = AdminAnswer(401, "a token is wanted: Authorization: Bearer …\n")
}

/// What can be asked at the admin address. Nothing there changes anything.
struct AdminPages: Sendable {
  enum Page: String {
    case live = "/live"
    case ready = "/ready"
    case status = "/status"
    case metrics = "/metrics"

    /// Whether anybody may ask, and is told no more than yes or no.
    var isOpen: Bool { self == .live || self == .ready }
  }

  let observer: RelayObserver
  let relay: String
  let build: Build

  /// Makes a page; `done` is called on any thread.
  func answer(_ page: Page, asText: Bool, done: @escaping @Sendable (AdminAnswer) -> Void) {
    switch page {
    case .live:
      observer.isLoopTurning { isTurning in
        done(isTurning ? AdminAnswer(200, "live\n") : AdminAnswer(503, "the relay's loop does not turn\n"))
      }
    case .ready:
      observer.observe { seen in
        let verdict = seen.verdict
        done(AdminAnswer(verdict.isReady ? 200 : 503, "\(verdict.state.rawValue): \(verdict.reason)\n"))
      }
    case .status:
      observer.observe { [relay] seen in
        let report = StatusReport(seen, relay: relay)
        done(asText ? AdminAnswer(200, report.text) : AdminAnswer(200, "\(report.json)\n", type: "application/json"))
      }
    case .metrics:
      observer.observe { [relay, build] seen in
        done(
          AdminAnswer(
            200, RelayMetrics.text(seen, relay: relay, build), type: "text/plain; version=0.0.4; charset=utf-8"))
      }
    }
  }
}
