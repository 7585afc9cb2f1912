// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Logging
import PostgresWire
import Settings
import Supervision

/// All that is in force for a process with one relay or several: the file, then the environment, then flags, each of which counts
/// more than the one before.
struct ConfiguredProcess {
  struct Relay {
    let name: String
    /// What is set for it, with what is said of the process.
    let given: GivenSettings
    let settings: RelaySettings
    let onFailure: FailurePolicy
    /// Whether the file says that.
    let hasOwnPolicy: Bool
    let origin: Origin
  }

  private(set) var ofProcess = GivenSettings()
  private(set) var relays: [Relay] = []
  /// What works and should be otherwise, a line each.
  private(set) var warnings: [String] = []

  /// Reads a file and what counts beside it; throws all that is wrong.
  ///
  /// - Parameter flags: words of a command line, options of a stream.
  init(_ path: String, flags: [String] = []) throws {
    let file = try ConfigurationFile(path)
    let isOne = file.relays.count == 1
    let beside = try GivenSettings.ofEnvironment().overridden(by: .ofFlags(flags))
    var mistakes = file.mistakes
    if !isOne {
      for given in beside.ordered where !given.key.isOfProcess {
        let name = given.origin == .flag ? given.key.flag : given.key.variable
        guard file.relays.isEmpty else {
          throw ValidationError("\(name): it would count for each of \(file.relays.count) relays; say it in \(path)")
        }
      }
    }
    ofProcess = GivenSettings(file.ofProcess.overridden(by: beside).ordered.filter(\.key.isOfProcess))
    for relay in file.relays {
      let given = relay.given.overridden(by: isOne ? beside : GivenSettings()).overridden(by: ofProcess)
      let reading = RelayReading(given, origin: relay.origin, blamed: relay.blamed)
      mistakes.add(reading.mistakes)
      guard let settings = reading.settings else { continue }
      relays.append(
        Relay(
          name: relay.name, given: given, settings: settings, onFailure: relay.onFailure ?? (isOne ? .stop : .restart),
          hasOwnPolicy: relay.onFailure != nil, origin: relay.origin))
    }
    var shared = SharedThings()
    for relay in relays {
      shared.add(relay)
      let files = SecretFiles.look(at: relay.given)
      mistakes.add(files.mistakes)
      for (origin, text) in files.warnings {
        let line = "\(origin.shown): \(text)"
        if !warnings.contains(line) { warnings.append(line) }
      }
    }
    mistakes.add(shared.mistakes)
    guard mistakes.isEmpty else { throw mistakes }
  }

  /// What is said of the process.
  var admin: AdminSettings { relays.first?.settings.admin ?? AdminSettings() }

  /// The one that is asked about.
  ///
  /// - Parameter name: what it is called; nil where there is only one.
  func relay(_ name: String?) throws -> Relay {
    let names = relays.map(\.name).joined(separator: ", ")
    guard let name else {
      guard relays.count == 1, let relay = relays.first else { throw ValidationError("--relay says which: \(names)") }
      return relay
    }
    guard let relay = relays.first(where: { $0.name == name }) else {
      throw ValidationError("--relay: there is none of that name; there are \(names)")
    }
    return relay
  }

  /// The relays, ready to be run.
  var planned: [PlannedRelay] {
    relays.map { relay in
      let speech = RelayReading.speech(relay.given)
      var settings = relay.settings
      // It is the process's.
      settings.admin = AdminSettings()
      return PlannedRelay(
        relay.name, settings, onFailure: relay.onFailure,
        log: LogOptions.logger(logLevel, of: relays.count > 1 ? relay.name : nil), show: { speech.text($0) })
    }
  }

  /// For what is said of the process.
  var log: Logger { LogOptions.logger(logLevel) }

  private var logLevel: Logger.Level {
    ofProcess["log-level"]?.values.last.flatMap { Logger.Level(rawValue: $0) } ?? .info
  }
}
