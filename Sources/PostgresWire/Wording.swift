// SPDX-License-Identifier: Apache-2.0

import Octets

/// Words for an operator, in which settings and commands are data: whoever shows them knows whether a setting is a flag, a
/// line of a file or a property.
///
/// Written as a string: `"go on with \(setting: "on-poison", "dead-letter")"`.
public struct Wording: Hashable, Sendable {
  /// A piece of it.
  public enum Part: Hashable, Sendable {
    /// Words as they are.
    case words(String)
    /// Something that can be set, by its name, and what to.
    case setting(Setting)
    /// One of the program's commands, by its name, with what to set for it.
    case command(String, [Setting])
    /// A complete SQL statement.
    case statement(String)
  }

  /// A setting's name, such as `on-poison`, and its value; nil where there is none to name.
  public struct Setting: Hashable, Sendable {
    /// The name.
    public let name: String
    /// The value.
    public let value: String?

    /// Names a setting.
    public init(_ name: String, _ value: String? = nil) {
      self.name = name
      self.value = value
    }
  }

  /// No piece is longer when it is shown, whatever somebody has named.
  private static let longest = 65_536

  /// The pieces, in order.
  public let parts: [Part]

  /// Takes words as they are.
  public init(_ words: some CustomStringConvertible) { parts = [.words(words.description)] }

  private init(parts: [Part]) { self.parts = parts }

  /// One piece of words behind another.
  public static func + (left: Wording, right: Wording) -> Wording { Wording(parts: left.parts + right.parts) }

  /// The statements in it, in order.
  public var statements: [String] {
    parts.compactMap { part in if case .statement(let sql) = part { sql } else { nil } }
  }

  /// The words, with settings and commands as somebody writes them.
  public func text(setting: (Setting) -> String, command: (String, [Setting]) -> String) -> String {
    parts.map { part in
      switch part {
      // One line, whatever it quotes, and nothing in it that steers a terminal.
      case .words(let words), .statement(let words):
        "\(ForeignText(String(ForeignText(words).shortened(to: Self.longest).map { $0.isNewline ? " " : $0 })))"
      case .setting(let named): setting(named)
      case .command(let name, let settings): command(name, settings)
      }
    }.joined()
  }
}

extension Wording: ExpressibleByStringInterpolation {
  /// Collects the pieces of a string.
  public struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var parts: [Part] = []

    /// Makes room for nothing in particular.
    public init(literalCapacity: Int, interpolationCount: Int) {}

    /// Adds words.
    public mutating func appendLiteral(_ literal: String) {
      if !literal.isEmpty { parts.append(.words(literal)) }
    }

    /// Adds a value in words.
    public mutating func appendInterpolation(_ value: some CustomStringConvertible) {
      parts.append(.words(value.description))
    }

    /// Adds other words.
    public mutating func appendInterpolation(_ words: Wording) {
      parts.append(contentsOf: words.parts)
    }

    /// Adds a failure's words.
    public mutating func appendInterpolation(_ failure: Failure) {
      appendInterpolation(failure.words)
    }

    /// Adds a setting.
    public mutating func appendInterpolation(setting name: String, _ value: String? = nil) {
      parts.append(.setting(Setting(name, value)))
    }

    /// Adds a complete statement.
    public mutating func appendInterpolation(sql: String) {
      parts.append(.statement(sql))
    }

    /// Adds a command.
    public mutating func appendInterpolation(command name: String, _ settings: [Setting] = []) {
      parts.append(.command(name, settings))
    }
  }

  /// Makes words of plain words.
  public init(stringLiteral value: String) { parts = [.words(value)] }

  /// Makes words of words, settings and commands.
  public init(stringInterpolation: StringInterpolation) { parts = stringInterpolation.parts }
}

extension Wording: CustomStringConvertible {
  /// As a library has it: `on-poison: dead-letter`, `setup (slot: orders)`.
  public var description: String {
    func plain(_ setting: Setting) -> String { setting.value.map { "\(setting.name): \($0)" } ?? setting.name }
    return text(setting: plain) { name, settings in
      settings.isEmpty ? name : "\(name) (\(settings.map(plain).joined(separator: ", ")))"
    }
  }
}
