// SPDX-License-Identifier: Apache-2.0

import Files
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
    switch try sink.place() {
    case .file(let path):
      try places.add(path, "sink", "events")
      try places.add("\(path).state", "sink", "the state of the events' file")
    case .standardOutput: try places.add("/dev/stdout", "sink", "events")
    case .http: break
    }
    if case .file(let path) = poison.deadLetters { try places.add(path, "poison.dead-letters", "dead letters") }
    if let checkpoint { try places.add(checkpoint, "checkpoint", "the checkpoint") }
  }
}
