// SPDX-License-Identifier: Apache-2.0

import HTTPDelivery
import IntegrationEvents
import Operations
import PostgresWire

/// A receiver.
struct ReceiverChecking {
  let probe: ReceiverProbe
  /// What others can reach although they are not to.
  let warnings: [Wording]
  /// In seconds since 1970.
  let now: Int64

  var checks: [Check] { [filesCheck, nameCheck, connectionCheck, tlsCheck] }

  private static let skipped = "not looked at: a step before it failed, or a proxy stands between"

  private func check(
    _ id: Check.ID, _ finding: ReceiverProbe.Finding, means: (well: Wording, failed: Wording), todo: Wording
  ) -> Check {
    switch finding {
    case .well(let found): Check(id, .ok, Wording(found), means: means.well)
    case .failed(let found, let advice): Check(id, .failure, found, means: means.failed, todo: [advice ?? todo])
    case .skipped: Check(id, .unknown, Wording(Self.skipped), means: "nothing can be said about this")
    }
  }

  private var filesCheck: Check {
    if case .well = probe.files, let first = warnings.first {
      return Check(
        .sinkCredentials, .warning, warnings.dropFirst().reduce(first) { $0 + "; " + $1 },
        means: "others could pretend to be us, or read what is meant for us",
        todo: ["take from them what they can reach (chmod 600)"])
    }
    return check(
      .sinkCredentials, probe.files,
      means: ("the receiver can be told who we are", "nothing can be sent"), todo: "mend or replace that file")
  }

  private var nameCheck: Check {
    check(
      .sinkName, probe.name, means: ("it can be looked for", "the receiver cannot be found"),
      todo: "check the address, and the name service")
  }

  private var connectionCheck: Check {
    check(
      .sinkConnection, probe.connection,
      means: ("somebody is there", "events wait until it can be reached; nothing is lost meanwhile"),
      todo: "start the receiver, or let us through to it; check host and port")
  }

  private var tlsCheck: Check {
    guard probe.isSecure || probe.connection == .skipped else {
      return probe.isLoopback
        ? Check(.sinkTLS, .ok, "plain http, within this machine", means: "nobody is in between")
        : Check(
          .sinkTLS, .warning, "plain http, to another machine", means: "whoever is in between reads the events",
          todo: ["use an https:// address"])
    }
    let day = 86_400.0
    let left = probe.certificateEnd.map { Double($0 - now) }
    let end = probe.certificateEnd.flatMap { EventTime(unixMicroseconds: $0 * 1_000_000) }.map {
      "\("\($0)".prefix(19))Z"
    }
    switch probe.tls {
    case .skipped: return check(.sinkTLS, .skipped, means: ("", ""), todo: "")
    case .failed(let found, let advice):
      let isOver = (left ?? 1) <= 0
      return Check(
        .sinkTLS, .failure, isOver ? "\(found): it was valid until \(end ?? "?")" : found,
        means: "no event is sent, for nobody knows who would get it",
        todo: [
          advice
            ?? (isOver
              ? "renew the receiver's certificate"
              : "mend the receiver's certificate, or name its authority with \(setting: "ca-file")")
        ])
    case .well(let version):
      let found: Wording = "\(version); the receiver's certificate is valid until \(end ?? "?")"
      guard let left, left < 14 * day else {
        return Check(.sinkTLS, .ok, found, means: "nobody in between reads the events")
      }
      return Check(
        .sinkTLS, .warning, found, means: "in \(Amounts.time(left)) no event will be delivered any more",
        todo: ["renew the receiver's certificate"])
    }
  }
}
