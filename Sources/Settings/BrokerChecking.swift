// SPDX-License-Identifier: Apache-2.0

import Operations
import PostgresWire

/// A broker, as it would be delivered to.
struct BrokerChecking {
  private let sink: SinkSettings

  init(_ sink: SinkSettings) { self.sink = sink }

  /// What only somebody who mends it can help.
  private static let speaksOfUs: [FailureKind] = [.destination, .wrongStream, .authentication, .privilege]

  private static let skipped = "not looked at: a step before it failed"

  var checks: [Check] {
    let library = sink.brokerLibrary.map { ", with \($0)" } ?? ""
    let doubts: [String]
    do throws(Failure) { doubts = try sink.doubts() } catch {
      guard error.kind != .credentials, error.kind != .settings else {
        return [
          Check(.sinkCredentials, error, means: "nothing can be sent"), unknown(.sinkConnection),
          unknown(.sinkDestination),
        ]
      }
      guard Self.speaksOfUs.contains(error.kind) else {
        let means: Wording = "events wait until it can be reached; nothing is lost meanwhile"
        return [
          files, Check(.sinkConnection, .failure, error.what, means: means, todo: [error.advice].compactMap(\.self)),
          unknown(.sinkDestination), plain,
        ].compactMap(\.self)
      }
      return [
        files,
        Check(.sinkDestination, error, means: "a stream ends at its start; one that runs waits until it is mended"),
        plain,
      ].compactMap(\.self)
    }
    return [files, connection(doubts, library), destination(doubts), plain].compactMap(\.self)
  }

  private var isAWS: Bool { if case .aws = try? sink.place() { true } else { false } }

  private func destination(_ doubts: [String]) -> Check {
    // What AWS does not let us look at may not be there.
    guard doubts.isEmpty || !isAWS else {
      return Check(
        .sinkDestination, .warning, Wording(doubts.joined(separator: "; ")),
        means: "whether events can be sent is not known before the first one",
        todo: ["allow what it names, and look again"])
    }
    return Check(.sinkDestination, .ok, Wording(sink.destinationFound), means: "events can go there")
  }

  private func connection(_ doubts: [String], _ library: String) -> Check {
    guard !doubts.isEmpty, !isAWS else {
      return Check(.sinkConnection, .ok, "\(sink.destination) answers\(library)", means: "somebody is there")
    }
    return Check(
      .sinkConnection, .warning, Wording(doubts.joined(separator: "; ")),
      means: "events may be lost although they were delivered", todo: ["set what it names, and look again"])
  }

  private func unknown(_ id: Check.ID) -> Check {
    Check(id, .unknown, Wording(Self.skipped), means: "nothing can be said about this")
  }

  private var files: Check {
    guard let first = sink.fileWarnings.first else {
      return Check(
        .sinkCredentials, .ok, "the files of credentials and certificates can be used",
        means: "the broker can be told who we are")
    }
    return Check(
      .sinkCredentials, .warning, sink.fileWarnings.dropFirst().reduce(first) { $0 + "; " + $1 },
      means: "others could pretend to be us, or read what is meant for us",
      todo: ["take from them what they can reach (chmod 600)"])
  }

  /// Nil where what is sent is encrypted.
  private var plain: Check? {
    guard sink.isPlainBroker else { return nil }
    return Check(
      .sinkTLS, .warning, "events go to \(sink.destination) in the clear",
      means: "whoever is in between reads the events",
      todo: ["let the brokers speak TLS, and say so"])
  }
}
