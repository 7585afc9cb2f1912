// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Logging
import PostgresClient
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
  /// - Parameters:
  ///   - flags: words of a command line, options of a stream.
  ///   - isOnlyChecked: whether nothing is run.
  init(_ path: String, flags: [String] = [], isOnlyChecked: Bool = false) throws {
    let file = try ConfigurationFile(path)
    let isOne = file.relays.count == 1
    let beside = try Self.beside(file, flags)
    var mistakes = file.mistakes
    ofProcess = GivenSettings(file.ofProcess.overridden(by: beside).ordered.filter(\.key.isOfProcess))
    for relay in file.relays {
      let given = relay.given.overridden(by: beside).overridden(by: ofProcess)
      let reading = RelayReading(given, origin: relay.origin, blamed: relay.blamed)
      mistakes.add(reading.mistakes)
      guard !mistakes.isFull else { break }
      guard let settings = reading.settings else { continue }
      relays.append(
        Relay(
          name: relay.name, given: given, settings: settings, onFailure: relay.onFailure ?? (isOne ? .stop : .restart),
          hasOwnPolicy: relay.onFailure != nil, origin: relay.origin))
    }
    var shared = SharedThings()
    var said: Set<String> = []
    warnings += SecretFiles.look(at: path, programs: relays.compactMap { $0.given["password-command"] })
    for relay in relays {
      shared.add(relay)
      let files = SecretFiles.look(at: relay.given, isOnlyChecked: isOnlyChecked)
      mistakes.add(files.mistakes)
      for (origin, text) in files.warnings where said.insert("\(origin.shown): \(text)").inserted {
        warnings.append("\(origin.shown): \(text)")
      }
    }
    mistakes.add(shared.mistakes)
    mistakes.add(Self.unusableContracts(relays))
    try checkAdmin(&mistakes)
    guard mistakes.isEmpty else { throw mistakes }
  }

  /// Contracts that a relay could not start with: it must not be drained for them.
  private static func unusableContracts(_ relays: [Relay]) -> Mistakes {
    var mistakes = Mistakes()
    var read: Set<String> = []
    for relay in relays {
      guard let directory = relay.settings.contracts.directory, read.insert(directory).inserted else { continue }
      do throws(Failure) { try relay.settings.contracts.read() } catch {
        mistakes.add(
          relay.given["contracts"]?.origin ?? relay.origin,
          "contracts: " + error.text { Flags.text($0, [], usesKeys: true) })
      }
    }
    return mistakes
  }

  /// Finds an address that others would reach without being known.
  private func checkAdmin(_ mistakes: inout Mistakes) throws(Failure) {
    do throws(Failure) { _ = try admin.place() } catch {
      guard let origin = ofProcess["admin"]?.origin, case .file = origin else { throw error }
      mistakes.add(origin, error.text { Flags.text($0, [], usesKeys: true) })
    }
  }

  /// What is said of the process.
  var admin: AdminSettings { relays.first?.settings.admin ?? AdminSettings() }

  /// What the environment and flags say, which may be said of one relay, or of the process.
  private static func beside(_ file: ConfigurationFile, _ flags: [String]) throws -> GivenSettings {
    let beside = try GivenSettings.ofEnvironment().overridden(by: .ofFlags(flags))
    guard file.relays.count > 1, let given = beside.ordered.first(where: { !$0.key.isOfProcess }) else { return beside }
    let name = given.origin == .flag ? given.key.flag : given.key.variable
    throw ValidationError("\(name): it would count for each of \(file.relays.count) relays; say it in \(file.path)")
  }

  /// What is set for one relay of a file, for a command about it: whatever is wrong with others, and with what the command line
  /// says otherwise.
  ///
  /// - Parameters:
  ///   - name: what it is called; nil where there is only one.
  ///   - written: what stands on the command line, which counts more.
  ///   - isUsed: whether the command has a use for a key; files that others name are not looked for.
  static func given(
    of name: String?, in path: String, written: GivenSettings, where isUsed: (SettingKey) -> Bool
  ) throws -> GivenSettings {
    let file = try ConfigurationFile(path)
    guard !file.relays.isEmpty else { throw file.mistakes }
    let beside = try beside(file, [])
    let relay = try file.relay(name)
    let ofRelay = GivenSettings(written.ordered.filter { !$0.key.isOfProcess })
    let given = relay.given.overridden(by: file.ofProcess).overridden(by: beside).overridden(by: ofRelay)
    let names = Set(written.ordered.map(\.key.name))
    let reading = RelayReading(
      given, origin: relay.origin, blamed: relay.blamed.subtracting(names), written: names)
    var mistakes = file.mistakes(about: relay.name)
    mistakes.add(reading.mistakes)
    mistakes.add(SecretFiles.look(at: GivenSettings(reading.given.ordered.filter { isUsed($0.key) })).mistakes)
    mistakes = mistakes.filter { mistake in
      guard let key = Self.key(of: mistake.text) else { return true }
      return isUsed(key) && !names.contains(key.name)
    }
    guard mistakes.isEmpty else { throw mistakes }
    return reading.given
  }

  /// What a mistake is about, where that is a single key.
  private static func key(of mistake: String) -> SettingKey? {
    let match = mistake.prefixMatch(of: #/([a-z][a-z-]*): |'([a-z][a-z-]*)' is missing/#)
    return (match?.output.1 ?? match?.output.2).flatMap { SettingTable.byName[String($0)] }
  }

  /// The relays, ready to be run.
  var planned: [PlannedRelay] {
    relays.map { relay in
      let speech = RelayReading.speech(relay.given)
      var settings = relay.settings
      // It is the process's.
      settings.admin = AdminSettings()
      return PlannedRelay(
        relay.name, settings, at: ServerPlace(of: settings.source.database), onFailure: relay.onFailure,
        log: LogOptions.logger(logLevel, of: relay.name), show: { speech.text($0) })
    }
  }

  /// For what is said of the process.
  var log: Logger { LogOptions.logger(logLevel) }

  private var logLevel: Logger.Level {
    ofProcess["log-level"]?.values.last.flatMap { Logger.Level(rawValue: $0) } ?? .info
  }
}
