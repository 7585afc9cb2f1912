// SPDX-License-Identifier: Apache-2.0

/// Metrics in Prometheus' text format.
///
/// Source: Prometheus documentation, "Exposition formats", "Text format details".
struct MetricsText {
  enum Kind: String {
    case counter, gauge, histogram
  }

  /// A metric's head, and its samples, which must follow it together.
  private var metrics: [(head: String, samples: String)] = []
  private var places: [String: Int] = [:]

  /// All of it.
  var text: String { metrics.map { $0.head + $0.samples }.joined() }

  /// Begins a metric; its samples follow.
  mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
    begin("# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n")
  }

  private mutating func begin(_ head: String) {
    guard places[head] == nil else { return }
    places[head] = metrics.count
    metrics.append((head, ""))
  }

  /// Adds the samples of others, each to its metric.
  mutating func add(_ others: MetricsText) {
    for (head, samples) in others.metrics {
      begin(head)
      if let place = places[head] { metrics[place].samples += samples }
    }
  }

  mutating func sample(_ name: String, _ labels: [(String, String)], _ value: Double) {
    write("\(name)\(Self.labels(labels)) \(Self.number(value))\n")
  }

  mutating func sample(_ name: String, _ labels: [(String, String)], _ value: some BinaryInteger) {
    write("\(name)\(Self.labels(labels)) \(value)\n")
  }

  private mutating func write(_ line: String) {
    if !metrics.isEmpty { metrics[metrics.count - 1].samples += line }
  }

  private static func labels(_ labels: [(String, String)]) -> String {
    labels.isEmpty ? "" : "{" + labels.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",") + "}"
  }

  /// A label's value may be anything that a row says.
  static func escaped(_ value: String) -> String {
    var escaped = ""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\\": escaped += "\\\\"
      case "\"": escaped += "\\\""
      case "\n": escaped += "\\n"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  private static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
    return "\(value)"
  }
}
