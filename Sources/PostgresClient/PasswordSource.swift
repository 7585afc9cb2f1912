// SPDX-License-Identifier: Apache-2.0

import Files
import PostgresWire

/// Where a password is that is looked up at each connect.
package enum PasswordSource: Hashable, Sendable {
  /// In a file.
  case file(String)
  /// Printed by a program, with its arguments.
  case command(String)

  /// The password of now. What fails may heal: the next attempt looks again.
  func password(isCancelled: @Sendable () -> Bool) throws(Failure) -> String {
    let found: String
    let what: Wording
    switch self {
    case .file(let path):
      what = "\(setting: "password-file", path)"
      do {
        guard let text = try SmallFile.read(path) else {
          throw Failure(.connection, what + ": there is no such file", advice: Self.advice(missing: path))
        }
        found = text
      } catch let failure as SystemFailure {
        throw Failure(.connection, what + ": \(failure.textInSentence)", advice: "let us read that file")
      } catch let failure as Failure {
        throw failure
      } catch {
        throw Failure(.internal, "the password's file cannot be read")
      }
    case .command(let command):
      what = "the password's command"
      found = try PasswordCommand.run(Self.words(of: command) ?? [], isCancelled: isCancelled)
    }
    let password = found.trimmedBlanks
    guard !password.isEmpty, !password.contains(where: { $0.isNewline || $0 == "\0" }) else {
      throw Failure(
        .connection, what + (password.isEmpty ? " has nothing in it" : " has more than one line"),
        advice: "let it hold the password alone")
    }
    return password
  }

  /// What to do where the server does not take the password.
  var advice: Wording {
    switch self {
    case .file(let path): "check the password in \(setting: "password-file", path)"
    case .command: "check what \(setting: "password-command") prints"
    }
  }

  /// A command's words, as a shell without variables would take them apart; nil where there are none, or a quote is open.
  package static func words(of command: String) -> [String]? {
    var (words, word, quote, isEscaped) = ([String](), String?.none, Character?.none, false)
    for character in command {
      if isEscaped {
        word = (word ?? "") + String(character)
        isEscaped = false
      } else if character == "\\", quote != "'" {
        isEscaped = true
      } else if let open = quote {
        if character == open { quote = nil } else { word = (word ?? "") + String(character) }
      } else if character == "'" || character == "\"" {
        quote = character
        word = word ?? ""
      } else if character.isWhitespace {
        if let done = word { words.append(done) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    guard quote == nil, !isEscaped else { return nil }
    if let word { words.append(word) }
    return words.first.map { $0.isEmpty } ?? true ? nil : words
  }

  /// What a service manager hands to a unit goes with it.
  private static func advice(missing path: String) -> Wording {
    guard Credentials.isOfUnit(path) else { return "put the password there" }
    return
      "\(Credentials.whenMissing), or name the file that it is made of with \(setting: "password-file", "PATH")"
  }
}

/// A connection string may have more than libpq's parts: where its password is.
extension ConnectionString {
  /// Stands before that. Nobody outside this process can know it, so that no string from elsewhere makes us run a program.
  private static let mark = "\u{1F}\(UInt64.random(in: .min ... .max)).\(UInt64.random(in: .min ... .max))\u{1F}"

  /// A connection string whose password is looked up at each connect.
  package static func adding(_ source: PasswordSource, to text: String) -> String {
    switch source {
    case .file(let path): "\(parts(of: text).text)\(mark)file:\(path)"
    case .command(let command): "\(parts(of: text).text)\(mark)command:\(command)"
    }
  }

  /// libpq's part, and where the password is, if that is said.
  static func parts(of text: String) -> (text: String, password: PasswordSource?) {
    guard let place = text.firstRange(of: mark) else { return (text, nil) }
    let source = text[place.upperBound...]
    let value = String(source.drop { $0 != ":" }.dropFirst())
    return (String(text[..<place.lowerBound]), source.hasPrefix("file:") ? .file(value) : .command(value))
  }
}
