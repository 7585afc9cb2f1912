// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What is answered to a request of the admin address.
struct AdminAnswer: Sendable {
  var status: Int
  var body: String
  var type = "text/plain; charset=utf-8"
  /// Which program answers, and whose slots' relays it has; empty where that is not told.
  var (server, slots) = ("", "")

  /// What this program calls itself, and the header that names the slots.
  static let (name, slotsHeader) = ("tailrace", "tailrace-slots")
  /// What a browser may do with it; nil for what is no document.
  var policy: String?

  init(_ status: Int, _ body: String, type: String = "text/plain; charset=utf-8") {
    (self.status, self.body, self.type) = (status, body, type)
  }

  static let notFound = AdminAnswer(404, "there are /, /live, /ready, /status and /metrics\n")
  static let notAllowed = AdminAnswer(405, "only GET and HEAD: nothing can be changed here\n")
  static let tooLarge = AdminAnswer(413, "a request has no body here\n")
  static let noHost = AdminAnswer(400, "a request names its host once: Host: …\n")
  static let misdirected = AdminAnswer(421, "this address is asked by its own name or as localhost, not by another\n")
  static let unauthorized = AdminAnswer(401, "a token is wanted: Authorization: Bearer …\n")
}

/// What can be asked at the admin address. Nothing there changes anything.
struct AdminPages: Sendable {
  enum Page: String {
    case document = "/"
    case live = "/live"
    case ready = "/ready"
    case status = "/status"
    case metrics = "/metrics"

    /// Whether anybody may ask: the document says nothing of its own.
    var isOpen: Bool { self == .live || self == .ready || self == .document }
  }

  /// A relay that can be asked about.
  typealias Subject = (name: String, observer: RelayObserver)

  /// Those that there are now.
  let relays: @Sendable () -> [Subject]
  let build: Build

  /// Makes a page; `done` is called on any thread.
  ///
  /// - Parameters:
  ///   - name: which relay is asked about; nil for all.
  ///   - slot: whose relay is asked about; nil for all.
  func answer(
    _ page: Page, of name: String?, slot: String?, asText: Bool, done: @escaping @Sendable (AdminAnswer) -> Void
  ) {
    let all = relays()
    let asked = all.filter { $0.name == name ?? $0.name && $0.observer.slot == slot ?? $0.observer.slot }
    guard name == nil && slot == nil || !asked.isEmpty else {
      return done(AdminAnswer(404, "there is no such relay; there are \(all.map(\.name).joined(separator: ", "))\n"))
    }
    let isOne = all.count == 1 || name != nil || slot != nil
    switch page {
    case .document: done(.document)
    case .live:
      gather(asked, { $0.isLoopTurning($1) }) { answers in
        let stuck = answers.filter { !$0.seen }.map(\.name)
        let who = all.count == 1 ? "the relay's loop" : "the loop of \(stuck.joined(separator: ", "))"
        done(stuck.isEmpty ? AdminAnswer(200, "live\n") : AdminAnswer(503, "\(who) does not turn\n"))
      }
    case .ready: gather(asked, { $0.observe($1) }) { done(Self.readiness($0, isOne: all.count == 1)) }
    case .status:
      gather(asked, { $0.observe($1) }) { done(Self.status($0, isOne: isOne, asText: asText)) }
    case .metrics:
      gather(asked, { $0.observe($1) }) { [build] answers in
        done(
          AdminAnswer(200, RelayMetrics.text(answers, build), type: "text/plain; version=0.0.4; charset=utf-8"))
      }
    }
  }

  /// Of which slots there are relays.
  var slots: String { relays().map(\.observer.slot).joined(separator: ", ") }

  /// What was seen of a relay.
  typealias Seen<Value> = (name: String, seen: Value)

  /// Asks about each, all at once, and waits for all.
  private func gather<Value: Sendable>(
    _ asked: [Subject], _ ask: (RelayObserver, @escaping @Sendable (Value) -> Void) -> Void,
    _ done: @escaping @Sendable ([Seen<Value>]) -> Void
  ) {
    guard !asked.isEmpty else { return done([]) }
    let answers = Answers<Value>(asked.count)
    for (index, relay) in asked.enumerated() {
      ask(relay.observer) { value in
        guard let all = answers.put(value, at: index) else { return }
        done(zip(asked.map(\.name), all).map { ($0, $1) })
      }
    }
  }

  /// Red when any is: the first line says which.
  private static func readiness(_ answers: [Seen<Observation>], isOne: Bool) -> AdminAnswer {
    let isReady = answers.allSatisfy(\.seen.verdict.isReady)
    let lines = answers.sorted { !$0.seen.verdict.isReady && $1.seen.verdict.isReady }.map { name, seen in
      "\(isOne ? "" : "\(name): ")\(seen.verdict.state.rawValue): \(seen.verdict.reason)\n"
    }
    return AdminAnswer(isReady ? 200 : 503, lines.joined())
  }

  private static func status(_ answers: [Seen<Observation>], isOne: Bool, asText: Bool) -> AdminAnswer {
    let reports = answers.map { StatusReport($0.seen, relay: $0.name) }
    if asText { return AdminAnswer(200, reports.map(\.text).joined(separator: "\n")) }
    let objects = reports.map(\.json)
    let isReady = answers.allSatisfy(\.seen.verdict.isReady)
    let text = isOne ? objects.joined() : "{\"ready\":\(isReady),\"relays\":[\(objects.joined(separator: ","))]}"
    return AdminAnswer(200, "\(text)\n", type: "application/json")
  }
}

/// Answers that come one by one, from any thread.
private final class Answers<Value: Sendable>: Sendable {
  private let values: Mutex<[Value?]>

  init(_ count: Int) { values = Mutex(Array(repeating: nil, count: count)) }

  /// All of them, with the last.
  func put(_ value: Value, at index: Int) -> [Value]? {
    values.withLock { values in
      values[index] = value
      let all = values.compactMap(\.self)
      return all.count == values.count ? all : nil
    }
  }
}
