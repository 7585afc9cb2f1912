// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CBuildFacts
import Logging
import Operations
import PostgresClient
import PostgresWire
import Relay
import Settings
import Supervision

/// Where a relay tells how it is getting on.
struct AdminOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Tell at this address how it goes: a page for people, /live, /ready, /status, /metrics. Such as 127.0.0.1:9464.",
      valueName: "host:port"))
  var admin: String?

  @Option(
    help: ArgumentHelp(
      "A file with the bearer token that has to be given there, but for the bare page, /live and /ready; needed where other machines reach it.",
      valueName: "path"), completion: .file())
  var adminTokenFile: String?

  var settings: AdminSettings {
    var settings = AdminSettings()
    settings.address = admin
    settings.tokenFile = adminTokenFile
    return settings
  }
}

extension Build {
  /// This program.
  static var this: Build {
    let commit = unsafe String(cString: tailrace_commit())
    return Build(
      version: Tailrace.configuration.version, commit: commit.isEmpty ? "unknown" : commit, libpq: LibraryVersions.libpq
    )
  }
}

extension Logger {
  /// Tells an operator something to look at.
  @Sendable func warn(_ words: Wording) { warning("\(Flags.text(words))") }
}

extension RelaySettings {
  /// Where a relay puts up how it stands, and who tells that at the admin address, if there is one.
  func openAdmin(_ control: RunControl, _ log: Logger) throws(Failure) -> (StatusBoard, AdminServer?) {
    guard let place = try admin.place() else { return (StatusBoard(), nil) }
    let board = StatusBoard(isDetailed: true)
    let watch = source.slot.isEmpty ? nil : SlotWatch(database: source.database, slot: source.slot)
    let observer = RelayObserver(board, control, watch: watch)
    let name = source.slot
    return (board, try AdminServer(admin, at: place, .this, warn: log.warn) { [(name, observer)] })
  }
}
