// SPDX-License-Identifier: Apache-2.0

/// What a server does with what it is given, as far as it lets us look. Source: the server's `redis.conf`, version 7.
struct ServerSettings: Hashable, Sendable {
  static let names = [
    "appendonly", "appendfsync", "no-appendfsync-on-rewrite", "maxmemory-policy", "proto-max-bulk-len",
  ]

  private var values: [String: String] = [:]
  /// Whether it lets us look.
  private var isKnown = false

  init() {}

  /// Reads the answers to `CONFIG GET`, one for each of the names.
  init(_ replies: some Collection<Reply>) {
    for case .list(let pair) in replies where pair.count == 2 {
      isKnown = true
      if let name = pair[0].string, let value = pair[1].string { values[name] = value }
    }
  }

  /// The longest text that it takes.
  var longestText: Int { values["proto-max-bulk-len"].flatMap { Int($0) } ?? 512 << 20 }

  /// Why what it has answered for may be lost all the same; nil where it is not.
  var doubt: String? {
    guard isKnown else {
      return
        "whether it keeps what it has answered for is not known: it does not let us read its settings; it has to have appendonly yes and appendfsync always"
    }
    var doubts: [String] = []
    switch (values["appendonly"], values["appendfsync"]) {
    case ("yes", "always"):
      guard values["no-appendfsync-on-rewrite"] == "yes" else { break }
      doubts.append(
        "while it rewrites its file it answers before events are on its disk (no-appendfsync-on-rewrite yes): set it to no"
      )
    case ("yes", let when):
      doubts.append("it answers before events are on its disk (appendfsync \(when ?? "")): set appendfsync always")
    default:
      doubts.append(
        "it keeps events in memory only until it saves them (appendonly no): set appendonly yes and appendfsync always")
    }
    if let policy = values["maxmemory-policy"], policy.hasPrefix("allkeys-") {
      doubts.append("it throws streams away when its memory is full (maxmemory-policy \(policy)): set noeviction")
    }
    return doubts.isEmpty ? nil : doubts.joined(separator: "; ")
  }
}
