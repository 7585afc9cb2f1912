// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import PostgresClient
import PostgresWire
import Settings
import Supervision

/// What a configuration file says: of the process, and of each relay.
struct ConfigurationFile {
  struct Relay {
    let name: String
    /// Where its name stands.
    let origin: Origin
    var given: GivenSettings
    /// The names of what is wrong, and is not set therefore.
    var blamed: Set<String>
    /// What becomes of the others when it fails; nil where nothing is said.
    var onFailure: FailurePolicy?
  }

  let path: String
  private(set) var ofProcess = GivenSettings()
  private(set) var relays: [Relay] = []
  private(set) var mistakes = Mistakes()
  /// Which relay what stands in a place is about; none for what is about all.
  private var subjects: [Origin: String] = [:]
  private var subject: String?

  /// Reads a file. What is wrong in it is kept; a file that cannot be read is an error.
  init(_ path: String) throws(Failure) {
    self.path = path
    let (node, mistakes) = FileReading.parse(try FileReading.text(of: path))
    for mistake in mistakes { add(mistake.position, mistake.text) }
    if let node { read(node) }
  }

  /// The key of a relay that is no flag of a stream.
  static let onFailure = "on-failure"
  static let onFailureHelp =
    "When it fails with what does not heal by itself: start it again after growing pauses, or stop all and end with its error. "
    + "Default: restart where there are several relays, stop where there is one."
  private static let topics = ["relays", "defaults"]
  /// As many as one process is known to run.
  static let mostRelays = 1000

  private mutating func add(_ position: FilePosition, _ text: String) {
    if let subject { subjects[.file(path, position)] = subject }
    mistakes.add(.file(path, position), text)
  }

  /// What is wrong with what is said of one relay, or of all.
  func mistakes(about relay: String) -> Mistakes { mistakes.filter { subjects[$0.origin] ?? relay == relay } }

  private mutating func read(_ root: FileNode) {
    guard let members = root.members else { return add(root.position, "a map is wanted, with relays: and more") }
    var defaults = RelayPart()
    if let node = root["defaults"], !node.isNothing { defaults = readRelay(node) }
    for member in members where !Self.topics.contains(member.name) {
      guard !mistakes.isFull else { return }
      if let key = SettingTable.byName[member.name], key.isOfProcess {
        if let given = value(of: key, member) { ofProcess = ofProcess.overridden(by: GivenSettings([given])) }
      } else if SettingTable.byName[member.name] != nil || member.name == Self.onFailure {
        add(member.position, "\(member.name): it is said of a relay, or under defaults, not here")
      } else {
        addUnknown(member, among: Self.topics + SettingTable.keys.filter(\.isOfProcess).map(\.name))
      }
    }
    guard let relays = root["relays"], let named = relays.members, !named.isEmpty else {
      return add(root["relays"]?.position ?? root.position, "relays: there is none; it is a map of names to relays")
    }
    for member in named {
      guard !mistakes.isFull else { return }
      guard self.relays.count < Self.mostRelays else {
        self.relays = []
        return add(
          member.position, "relays: there are more than \(Self.mostRelays); let another process run the others")
      }
      guard Self.isName(member.name) else {
        add(member.position, "a relay's name has up to 63 letters, digits, '_', '-' and '.'")
        continue
      }
      subject = member.name
      defer { subject = nil }
      let part = readRelay(member.node)
      self.relays.append(
        Relay(
          name: member.name, origin: .file(path, member.position), given: defaults.given.overridden(by: part.given),
          blamed: part.blamed.union(defaults.blamed), onFailure: part.onFailure ?? defaults.onFailure))
    }
  }

  /// The relay that is asked about.
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

  private static func isName(_ name: String) -> Bool {
    (1...63).contains(name.utf8.count)
      && name.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
          || "_-.".utf8.contains($0)
      }
  }

  /// What is said of one relay, or of all.
  private struct RelayPart {
    var given = GivenSettings()
    var blamed: Set<String> = []
    var onFailure: FailurePolicy?
  }

  private mutating func readRelay(_ node: FileNode) -> RelayPart {
    var part = RelayPart()
    guard let members = node.members else {
      add(node.position, "a map of keys and values is wanted")
      return part
    }
    for member in members {
      guard !mistakes.isFull else { break }
      if member.name == Self.onFailure {
        part.onFailure = member.node.text.flatMap { FailurePolicy(rawValue: $0) }
        if part.onFailure == nil { add(member.node.position, "on-failure: it is restart or stop") }
      } else if let key = SettingTable.byName[member.name] {
        if key.isOfProcess {
          add(member.position, "\(key.name): it is said of the process, at the top of the file, not of a relay")
        } else if let given = value(of: key, member) {
          part.given.add(given)
        } else {
          part.blamed.insert(key.name)
        }
      } else {
        addUnknown(member, among: [Self.onFailure] + SettingTable.keys.filter { !$0.isOfProcess }.map(\.name))
      }
    }
    return part
  }

  private mutating func addUnknown(_ member: FileNode.Member, among names: [String]) {
    let hint = SettingTable.nearest(to: member.name, among: names).map { "; did you mean '\($0)'?" } ?? ""
    add(member.position, "there is no key '\(member.name.prefix(60))' here\(hint)")
  }

  private mutating func value(of key: SettingKey, _ member: FileNode.Member) -> Given? {
    let node = member.node
    func given(_ values: [String]) -> Given {
      Given(key: key, values: values, origin: .file(path, member.position))
    }
    if key.kind == .truth {
      if let truth = node.truth { return given(["\(truth)"]) }
      add(node.position, "\(key.name): it is true or false")
      return nil
    }
    let parts: [FileNode]
    if key.isRepeatable {
      guard let list = node.parts else {
        add(node.position, "\(key.name): a list is wanted, such as [\(key.valueName)]")
        return nil
      }
      guard !list.isEmpty else {
        add(node.position, "\(key.name): there is nothing in the list; write a value, or leave the key out")
        return nil
      }
      guard list.count <= SettingKey.mostValues else {
        add(list[SettingKey.mostValues].position, "\(key.name): it has more than \(SettingKey.mostValues) values")
        return nil
      }
      parts = list
    } else {
      parts = [node]
    }
    var values: [String] = []
    for part in parts {
      guard let text = part.text else {
        add(part.position, "\(key.name): one value is wanted, not a list or a map")
        return nil
      }
      guard !part.isNothing, !text.isEmpty, part.truth == nil || key.takesTruth(text) else {
        let isMissing = part.isNothing || text.isEmpty
        let wish = isMissing ? "there is no value" : "put '\(text)' in quotes, if it is meant"
        add(part.position, "\(key.name): \(wish)")
        return nil
      }
      // C's texts end at one, and what follows would be looked at by nobody.
      guard !text.unicodeScalars.contains(where: Self.isControl) else {
        add(part.position, "\(key.name): there is a control character in it")
        return nil
      }
      if let secret = Self.secret(in: text, of: key) {
        add(part.position, "\(key.name): \(secret)")
        return nil
      }
      values.append(text)
    }
    return given(values)
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t"
  }

  /// Says that a secret stands where everybody may read it who reads the file, or what is wrong with where it may stand.
  private static func secret(in text: String, of key: SettingKey) -> String? {
    switch key.name {
    case "database":
      guard let shown = ConnectionString.shown(text) else {
        // Words about it may hold a part of it.
        return SettingKey.noConnectionString
      }
      return shown == text
        ? nil : "a password does not belong into a file that is read by many: use password-file or password-command"
    case "sink":
      guard let scheme = text.firstRange(of: "://"),
        let end = text[scheme.upperBound...].prefix(while: { !"/?#".contains($0) }).lastIndex(of: "@")
      else { return nil }
      guard text.hasPrefix("http") else {
        // A broker's user stands in the address, and is shown.
        return text[scheme.upperBound..<end].contains(":")
          ? "a password does not belong into a file that is read by many: use sink-password-file" : nil
      }
      return "a user and a password do not belong into a file that is read by many: use basic-auth-file"
    default: return nil
    }
  }
}

extension SettingKey {
  /// Whether a word that YAML takes for yes or no is one of its values.
  fileprivate func takesTruth(_ text: String) -> Bool {
    if case .choice(let all) = kind { all.contains(text) } else { false }
  }
}
