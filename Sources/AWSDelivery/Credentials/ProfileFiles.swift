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

  /// What proves who we are: of one file, never mixed.
  private static let keys = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"]

  /// What was read.
  private struct Found {
    var profile: Profile
    /// Which file the keys are of; nil where there are none, or only a part of them.
    var source: String?
    /// Whether the file of credentials is there.
    var hasCredentials: Bool
  }

  let name: String
  /// The file of credentials, and the other one; nil where nobody knows of it.
  let credentialsPath: String?
  let configPath: String?
  /// That a file is named which is not there; nil where all are.
  let absence: String?
  private let seen: Mutex<(statuses: [FileStatus?], found: Found, complaint: (path: String, text: String)?)>

  /// Both files, as they can be told of.
  var paths: String { [credentialsPath, configPath].compactMap(\.self).joined(separator: " and ") }

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
    let variables = ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"]
    (credentialsPath, configPath) = (path(variables[0], "credentials"), path(variables[1], "config"))
    guard credentialsPath != nil || configPath != nil else { return nil }
    name = configuration.variable("AWS_PROFILE") ?? "default"
    let statuses = Self.statuses([credentialsPath, configPath])
    absence = zip(variables, zip([credentialsPath, configPath], statuses)).first { variable, file in
      configuration.variable(variable) != nil && file.1 == nil
    }.map { "\($0) names \($1.0 ?? ""), which is not there" }
    let found = try Self.read(name, credentialsPath, configPath)
    if found == nil, configuration.variable("AWS_PROFILE") != nil {
      let places = [credentialsPath, configPath].compactMap(\.self).joined(separator: " nor in ")
      let absence = absence.map { ": \($0)" } ?? ""
      throw Failure(
        .credentials, "AWS_PROFILE names a profile that is neither in \(places)\(absence)",
        advice: "write it there, or name another")
    }
    seen = Mutex((statuses, found ?? Found(profile: [:], hasCredentials: false), nil))
  }

  /// What it says now; while the files cannot be read, or have lost their keys, what they said before.
  var current: Profile {
    let statuses = Self.statuses([credentialsPath, configPath])
    return seen.withLock { seen in
      let isSame = zip(statuses, seen.statuses).allSatisfy { new, old in
        guard let new, let old else { return new == nil && old == nil }
        return new.isUnchanged(since: old)
      }
      if isSame { return seen.found.profile }
      seen.statuses = statuses
      let source = seen.found.source
      let place = source ?? credentialsPath ?? configPath ?? ""
      do throws(Failure) {
        let found = try Self.read(name, credentialsPath, configPath)
        if let found, Self.mayFollow(found, source, credentialsPath) {
          (seen.found, seen.complaint) = (found, nil)
        } else {
          seen.complaint = (place, "has no whole keys of the profile \(name) any more")
        }
      } catch {
        seen.complaint = (place, "\(error.what)")
      }
      return seen.found.profile
    }
  }

  /// Whether what is read now may count instead of what has whole keys of a file. A file that is being written has not all of
  /// them yet, and those of the other file may be somebody else's.
  private static func mayFollow(_ found: Found, _ source: String?, _ credentials: String?) -> Bool {
    guard let source else { return true }
    guard let other = found.source else { return false }
    return other == source || other == credentials || !found.hasCredentials
  }

  /// What is wrong with a file since it has changed.
  var complaints: [String: String] { seen.withLock(\.complaint).map { [$0.path: $0.text] } ?? [:] }

  private static func statuses(_ paths: [String?]) -> [FileStatus?] {
    paths.map { path in path.flatMap { (try? FileStatus(path: $0)) ?? nil } }
  }

  /// Nil where neither file has the profile. What the file of credentials says counts more.
  private static func read(_ name: String, _ credentials: String?, _ config: String?) throws(Failure) -> Found? {
    let words = try text(credentials)
    var inConfig = try text(config).flatMap { Self.profile(in: $0) { isProfile($0, name) } }
    var inCredentials = words.flatMap { Self.profile(in: $0) { $0 == name } }
    guard inConfig != nil || inCredentials != nil else { return nil }
    let isOfCredentials = keys.dropLast().contains { inCredentials?[$0] != nil }
    for key in keys { if isOfCredentials { inConfig?[key] = nil } else { inCredentials?[key] = nil } }
    var profile = (inConfig ?? [:]).merging(inCredentials ?? [:]) { _, other in other }
    if let services = profile["services"], let text = try Self.text(config) {
      for (service, lines) in Self.profile(in: text, { isSection($0, "services", services) }) ?? [:] {
        profile[endpoint(of: service)] = Self.profile(in: "[x]\(lines)") { $0 == "x" }?["endpoint_url"]
      }
    }
    let isWhole = AWSCredentials(
      accessKey: profile[keys[0]] ?? "", secretKey: profile[keys[1]] ?? "", sessionToken: profile[keys[2]]
    ).areWritable
    return Found(
      profile: profile, source: isWhole ? isOfCredentials ? credentials : config : nil, hasCredentials: words != nil)
  }

  /// Whether a section of the file of settings is a profile: `default`, or `profile` and a name, which may stand in quotes.
  private static func isProfile(_ section: Substring, _ name: String) -> Bool {
    let words = section.split(whereSeparator: { $0 == " " || $0 == "\t" })
    return name == "default" && words == ["default"] || isSection(section, "profile", name)
  }

  /// What a profile says of a service by its section of services.
  static func endpoint(of service: String) -> String { "endpoint_url \(service)" }

  /// Whether a section is of a kind and has a name, which may stand in quotes.
  private static func isSection(_ section: Substring, _ kind: String, _ name: String) -> Bool {
    let words = section.split(whereSeparator: { $0 == " " || $0 == "\t" })
    guard words.first == kind[...], words.count > 1 else { return false }
    var given = String(section.dropFirst(kind.count)).trimmedBlanks[...]
    if let quote = given.first, quote == "\"" || quote == "'", given.count > 1, given.last == quote {
      given = given.dropFirst().dropLast()
    }
    return given == name || words.dropFirst().joined(separator: " ") == name
  }

  private static func text(_ path: String?) throws(Failure) -> String? {
    guard let path else { return nil }
    do { return try SmallFile.read(path, atMost: longest) } catch {
      throw Failure(.credentials, "cannot read \(path): \(error.textInSentence)")
    }
  }

  /// The keys of a section, with their values; nil where there is none. What is empty is not there. A line that is set in more
  /// than the key above belongs to its value. Source: Python's configparser, by which AWS's own programs
  /// read their files.
  static func profile(in text: String, _ isWanted: (Substring) -> Bool) -> Profile? {
    var profile: Profile?
    var isInside = false
    var (key, depth): (String?, Int) = (nil, 0)
    // A byte order mark may stand before everything.
    for line in (text.first == "\u{FEFF}" ? text.dropFirst() : text[...]).split(whereSeparator: \.isNewline) {
      let words = String(line).trimmedBlanks
      guard let first = words.first, first != "#", first != ";" else { continue }
      let indent = line.prefix { $0 == " " || $0 == "\t" }.count
      if let key, indent > depth {
        if isInside, let value = profile?[key] { profile?[key] = value + "\n" + words }
        continue
      }
      depth = indent
      if first == "[" {
        let section = words.dropFirst().prefix { $0 != "]" }
        (isInside, key) = (isWanted(String(section).trimmedBlanks[...]), nil)
        if isInside, profile == nil { profile = [:] }
        continue
      }
      guard let sign = words.firstIndex(where: { $0 == "=" || $0 == ":" }) else { continue }
      let name = String(words[..<sign]).trimmedBlanks.lowercased()
      key = name
      guard isInside else { continue }
      var value = words[words.index(after: sign)...]
      // A comment may stand behind a value, with a blank between.
      for mark in [" #", " ;", "\t#", "\t;"] {
        if let comment = value.firstRange(of: mark) { value = value[..<comment.lowerBound] }
      }
      profile?[name] = String(value).trimmedBlanks
    }
    return profile?.filter { !$0.value.isEmpty }
  }
}
