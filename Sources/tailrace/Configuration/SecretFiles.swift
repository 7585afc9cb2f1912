// SPDX-License-Identifier: Apache-2.0

import Files
import Glibc
import PostgresClient
import PostgresWire

/// Files that settings name and that are to be there: whether they are, and whether others may read what is secret.
enum SecretFiles {
  private static let secret: Set = [
    "password-file", "signing-secret-file", "header-file", "bearer-token-file", "basic-auth-file", "client-key",
    "admin-token-file", "sink-password-file", "kafka-properties-file",
  ]
  private static let open: Set = ["ca-file", "client-certificate"]

  /// What is to be warned of about the configuration itself, and a program that it names by its path: who changes them has what we
  /// have.
  static func look(at path: String, programs: [Given]) -> [String] {
    func isChangeable(_ path: String) -> Bool {
      guard let status = (try? FileStatus(path: path)) ?? nil else { return false }
      return status.isChangeable(at: path)
    }
    var warnings: [String] = []
    if isChangeable(path) { warnings.append("others may change \(path); own it, and take it from them (chmod go-w)") }
    for given in programs {
      guard let program = given.values.last.flatMap(PasswordSource.words)?.first, program.contains("/"),
        isChangeable(program)
      else { continue }
      let place = "\(given.origin.shown): \(given.key.name)"
      warnings.append("\(place): others may change the program; own it, and take it from them (chmod go-w)")
    }
    return warnings
  }

  /// What is wrong with those of some settings, and what is to be warned of.
  ///
  /// - Parameter isOnlyChecked: whether nothing is run: then what is there only while a unit runs may be missing.
  static func look(
    at given: GivenSettings, isOnlyChecked: Bool = false
  ) -> (mistakes: Mistakes, warnings: [(origin: Origin, text: String)]) {
    var mistakes = Mistakes()
    var warnings: [(origin: Origin, text: String)] = []
    for given in given.ordered where secret.contains(given.key.name) || open.contains(given.key.name) {
      guard let path = given.values.last else { continue }
      let name = given.key.name
      guard let status = (try? FileStatus(path: path)) ?? nil else {
        let isOfUnit = Credentials.isOfUnit(path)
        guard !isOnlyChecked || !isOfUnit else {
          warnings.append((given.origin, "\(name): \(path) is there only while the unit runs, and was not looked at"))
          continue
        }
        let hint = isOfUnit ? "; \(Credentials.whenMissing)" : ""
        mistakes.add(given.origin, "\(name): there is no file \(path), or it cannot be looked at\(hint)")
        continue
      }
      guard unsafe access(path, R_OK) == 0 else {
        mistakes.add(given.origin, "\(name): \(path) may not be read: \(unsafe String(cString: strerror(errno)))")
        continue
      }
      if status.isChangeable(at: path) {
        warnings.append(
          (given.origin, "\(name): others may change \(path); own it, and take it from them (chmod go-w)"))
      } else if secret.contains(name), status.isReadableByOthers {
        warnings.append((given.origin, "\(name): others may read \(path); take it from them (chmod 600)"))
      }
    }
    return (mistakes, warnings)
  }
}
