// SPDX-License-Identifier: Apache-2.0

package import Files
import PostgresWire

/// The files that one relay writes, which must not be the same.
struct FilePlaces {
  private var found: [FileIdentity: String] = [:]

  /// Adds a file, and refuses one that is there already.
  ///
  /// - Parameters:
  ///   - setting: which setting names it.
  ///   - what: what it is for, for messages.
  mutating func add(_ path: String, _ setting: String, _ what: String) throws(Failure) {
    guard !path.isEmpty else { throw .setting(setting, "the path is empty") }
    let identity = FileIdentity(path)
    if let other = found[identity] { throw .setting(setting, "\(what) cannot be in the same file as \(other)") }
    found[identity] = what
  }
}

extension RelaySettings {
  /// Refuses settings by which one thing would be written over another.
  func validateFiles() throws(Failure) {
    var places = FilePlaces()
    for (path, setting, what) in try writtenFiles() { try places.add(path, setting, what) }
  }

  /// The files that a relay writes, each with the setting that names it, and what it is for.
  private func writtenFiles() throws(Failure) -> [(path: String, setting: String, what: String)] {
    var files: [(String, String, String)] = []
    switch try sink.place() {
    case .file(let path):
      files = [(path, "sink", "events"), ("\(path).state", "sink", "the state of the events' file")]
    case .standardOutput: files = [("/dev/stdout", "sink", "events")]
    case .http, .kafka, .amqp, .redis, .nats, .aws: break
    }
    if case .file(let path) = poison.deadLetters { files.append((path, "poison.dead-letters", "dead letters")) }
    if let checkpoint { files.append((checkpoint, "checkpoint", "the checkpoint")) }
    return files
  }

  /// The files that a relay writes, by what they are, each with the last word of the setting that names it.
  package var ownFiles: [(file: FileIdentity, setting: String)] {
    ((try? writtenFiles()) ?? []).map { path, setting, _ in
      (FileIdentity(path), String(setting.split(separator: ".").last ?? ""))
    }
  }
}
