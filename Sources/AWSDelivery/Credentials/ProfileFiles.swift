// SPDX-License-Identifier: Apache-2.0

import Files
import PostgresWire
import Synchronization

/// A profile in the files of AWS's own programs, read again when they change.
///
/// Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files" and "Location of the shared files".
final class ProfileFiles: Sendable {
  /// What a profile says, from both files.
  typealias Profile = [String: String]

  /// More is no file of settings, in bytes.
  private static let longest = 1 << 20

  let name: String
  /// Whether somebody has named it.
  let isNamed: Bool
  let credentialsPath: String
  let configPath: String
  private let seen: Mutex<(statuses: [FileStatus?], profile: Profile, complaint: String?)>

  /// Nil where there is no home directory, and no files are named.
  init?(_ configuration: AWSConfiguration) throws(Failure) {
    let home = configuration.variable("HOME")
    let path: (String, String) -> String? = { variable, usual in
      if let given = configuration.variable(variable) {
        guard given.hasPrefix("~/"), let home else { return given }
        return home + given.dropFirst(1)
      }
      return home.map { "\($0)/.aws/\(usual)" }
    }
    guard let credentials = path("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
      let config = path("AWS_CONFIG_FILE", "config")
    else { return nil }
    (credentialsPath, configPath) = (credentials, config)
    isNamed = configuration.variable("AWS_PROFILE") != nil
    name = configuration.variable("AWS_PROFILE") ?? "default"
    let statuses = Self.statuses([credentials, config])
    let found = try Self.read(name, credentials, config)
    if isNamed, found == nil {
      throw Failure(
        .credentials, "AWS_PROFILE names a profile that is neither in \(credentials) nor in \(config)",
        advice: "write it there, or name another")
    }
    seen = Mutex((statuses, found ?? [:], nil))
  }

  /// What it says now; while the files cannot be read, what they said before.
  var current: Profile {
    let statuses = Self.statuses([credentialsPath, configPath])
    return seen.withLock { seen in
      let isSame = zip(statuses, seen.statuses).allSatisfy { new, old in
        guard let new, let old else { return new == nil && old == nil }
        return new.isUnchanged(since: old)
      }
      if isSame { return seen.profile }
      seen.statuses = statuses
      do throws(Failure) {
        if let profile = try Self.read(name, credentialsPath, configPath) {
          (seen.profile, seen.complaint) = (profile, nil)
        } else {
          seen.complaint = "has no profile of the name any more"
        }
      } catch {
        seen.complaint = "\(error.what)"
      }
      return seen.profile
    }
  }

  /// What is wrong with a file since it has changed.
  var complaints: [String: String] {
    seen.withLock(\.complaint).map { [credentialsPath: $0] } ?? [:]
  }

  private static func statuses(_ paths: [String]) -> [FileStatus?] { paths.map { (try? FileStatus(path: $0)) ?? nil } }

  /// Nil where neither file has the profile. What the file of credentials says counts more.
  private static func read(_ name: String, _ credentials: String, _ config: String) throws(Failure) -> Profile? {
    let inConfig = try text(config).flatMap {
      profile(in: $0) { section in
        let words = section.split(whereSeparator: { $0 == " " || $0 == "\t" })
        return name == "default" && words == ["default"]
          || words.first == "profile" && words.dropFirst().joined(separator: " ") == name
      }
    }
    let inCredentials = try text(credentials).flatMap { profile(in: $0) { $0 == name } }
    guard inConfig != nil || inCredentials != nil else { return nil }
    return (inConfig ?? [:]).merging(inCredentials ?? [:]) { _, other in other }
  }

  private static func text(_ path: String) throws(Failure) -> String? {
    do { return try SmallFile.read(path, atMost: longest) } catch {
      throw Failure(.credentials, "cannot read \(path): \(error.textInSentence)")
    }
  }

  /// The keys of a section, with their values; nil where there is none. Lines that are set in belong to the key above, which is
  /// none that matters here.
  static func profile(in text: String, _ isWanted: (Substring) -> Bool) -> Profile? {
    var profile: Profile?
    var isInside = false
    for line in text.split(whereSeparator: \.isNewline) {
      guard let first = line.first, first != "#", first != ";", first != " ", first != "\t" else { continue }
      if first == "[" {
        let section = line.dropFirst().prefix { $0 != "]" }
        isInside = isWanted(String(section).trimmedBlanks[...])
        if isInside, profile == nil { profile = [:] }
        continue
      }
      guard isInside, let equals = line.firstIndex(of: "=") else { continue }
      let key = String(line[..<equals]).trimmedBlanks.lowercased()
      var value = line[line.index(after: equals)...]
      // A comment may stand behind a value, with a blank between.
      for mark in [" #", " ;", "\t#", "\t;"] {
        if let comment = value.firstRange(of: mark) { value = value[..<comment.lowerBound] }
      }
      profile?[key] = String(value).trimmedBlanks
    }
    return profile
  }
}
